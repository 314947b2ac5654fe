//! A phase's command line and environment, made by a platform.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use spec_model::PlatformApi;

use crate::{Input, InputKind, Phase};

/// An input that the phase does not take in this Platform API version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidInput {
    input: Input,
    phase: Phase,
    api: PlatformApi,
}

impl std::fmt::Display for InvalidInput {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} takes no {} in Platform API {}", self.phase, self.input.naming(), self.api)
    }
}

impl std::error::Error for InvalidInput {}

/// A call of a phase: which inputs it is given. Flags stand before the arguments, as phases expect.
///
/// ```
/// use platform_api::{Input, Invocation, Phase};
/// use spec_model::PlatformApi;
///
/// let invocation = Invocation::new(Phase::Analyzer, PlatformApi::V0_12)
///     .with(Input::RunImage, "registry.example/run:base")?
///     .with(Input::SkipLayers, "true")?
///     .argument("registry.example/app");
/// assert_eq!(
///     invocation.arguments(),
///     ["-run-image", "registry.example/run:base", "-skip-layers=true", "registry.example/app"]
/// );
/// # Ok::<(), platform_api::InvalidInput>(())
/// ```
#[derive(Debug, Clone)]
pub struct Invocation {
    phase: Phase,
    api: PlatformApi,
    flags: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
    arguments: Vec<OsString>,
}

impl Invocation {
    /// A call without inputs.
    #[must_use]
    pub fn new(phase: Phase, api: PlatformApi) -> Self {
        let variables = vec![("CNB_PLATFORM_API", api.as_str().into())];
        Self { phase, api, flags: Vec::new(), variables, arguments: Vec::new() }
    }

    /// Gives an input: by flag where it has one, by variable otherwise.
    ///
    /// # Errors
    /// The phase does not take it in this Platform API version.
    pub fn with(mut self, input: Input, value: impl Into<OsString>) -> Result<Self, InvalidInput> {
        if !input.is_taken_by(self.phase, self.api) {
            return Err(InvalidInput { input, phase: self.phase, api: self.api });
        }
        let value = value.into();
        match (input.flag(), input.variable()) {
            (Some(flag), _) if input.kind() == InputKind::Switch => {
                let mut switch = OsString::from(format!("-{flag}="));
                switch.push(value);
                self.flags.push(switch);
            }
            (Some(flag), _) => self.flags.extend([format!("-{flag}").into(), value]),
            (None, Some(variable)) => self.variables.push((variable, value)),
            (None, None) => return Err(InvalidInput { input, phase: self.phase, api: self.api }),
        }
        Ok(self)
    }

    /// Adds an argument, which stands behind all flags.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// All arguments of the command line.
    #[must_use]
    pub fn arguments(&self) -> Vec<OsString> {
        self.flags.iter().chain(&self.arguments).cloned().collect()
    }

    /// The variables that have to be set.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &OsString)> {
        self.variables.iter().map(|(name, value)| (*name, value))
    }

    /// The command that runs the phase's executable in `directory`.
    #[must_use]
    pub fn command(&self, directory: &Path) -> Command {
        let mut command = Command::new(directory.join(self.phase.name()));
        command.args(self.arguments()).envs(self.variables());
        command
    }
}
