//! Why an input cannot be used.

use std::path::PathBuf;

use platform_api::{ExitCode, Phase, PhaseError};

/// An input that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The number of arguments is wrong.
    #[error("{phase} takes {expected}, but was given {given}")]
    Arguments {
        /// The phase.
        phase: Phase,
        /// What it takes, in words.
        expected: &'static str,
        /// How many there were.
        given: usize,
    },
    /// A value has the wrong form.
    #[error("{input} has the value '{value}', which is {problem}")]
    Value {
        /// Flag and variable.
        input: String,
        /// The value, where it is not a secret.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An input is missing.
    #[error("{input} is required{reason}")]
    Missing {
        /// Flag and variable.
        input: String,
        /// Why it is; empty or starting with a space.
        reason: &'static str,
    },
    /// The input no longer exists in this phase.
    #[error("{phase} takes no -{flag}: the run image is read from analyzed.toml, as the analyzer wrote it")]
    Refused {
        /// The phase.
        phase: Phase,
        /// The flag.
        flag: &'static str,
    },
    /// An experimental feature that the platform has not allowed.
    #[error("{feature} is experimental; set CNB_EXPERIMENTAL_MODE=warn (or silent) to allow it")]
    Experimental {
        /// The feature.
        feature: &'static str,
    },
    /// The working directory, which relative paths start from, is gone.
    #[error("cannot tell the working directory, from which '{}' starts: {source}", path.display())]
    WorkingDirectory {
        /// The relative path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl PhaseError for InputError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Arguments { .. }
            | Self::Value { .. }
            | Self::Missing { .. }
            | Self::Refused { .. }
            | Self::WorkingDirectory { .. } => ExitCode::InvalidArguments,
            Self::Experimental { .. } => ExitCode::Failed,
        }
    }
}
