//! The statuses with which phases end.
//!
//! Spec: platform.md § Usage (the Outputs of each phase). Where the specification reserves a range, the
//! number is the one platforms know from the reference lifecycle.

/// The status with which a phase ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// All went well.
    Success = 0,
    /// An error without a number of its own.
    Failed = 1,
    /// A flag that the phase does not know, or a value that the flag cannot take.
    InvalidFlag = 2,
    /// Arguments or inputs that cannot be used.
    InvalidArguments = 3,
    /// The Platform API version is not supported.
    PlatformApi = 11,
    /// The Buildpack API version of a buildpack or extension is not supported.
    BuildpackApi = 12,
    /// No group passed detection.
    NothingDetected = 20,
    /// No group passed detection, and a buildpack ended with an error.
    NothingDetectedWithErrors = 21,
    /// Another error of the detector.
    Detect = 22,
    /// An error of the analyzer.
    Analyze = 32,
    /// An error of the restorer.
    Restore = 42,
    /// A buildpack failed to build.
    BuildpackFailed = 51,
    /// Another error of the builder.
    Build = 52,
    /// An error of the exporter.
    Export = 62,
    /// An error of the rebaser.
    Rebase = 72,
    /// An error of the launcher, before the process was started.
    Launch = 82,
    /// An image extension failed to generate.
    ExtensionFailed = 91,
    /// Another error while Dockerfiles were generated.
    Generate = 92,
    /// An error of the extender.
    Extend = 102,
}

impl ExitCode {
    /// The status as a number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.code())
    }
}

/// An error that ends a phase. Each phase has one such type, whose `exit_code` lists every variant.
pub trait PhaseError: std::error::Error {
    /// The status with which the phase ends.
    fn exit_code(&self) -> ExitCode;

    /// What the user can do about it, where we know.
    fn hint(&self) -> Option<String> {
        None
    }
}
