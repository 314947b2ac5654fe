//! The resolved inputs of a phase: flag over variable over default.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use platform_api::{Arguments, DefaultValue, Input, InputKind, Phase, Privileges};
use spec_model::PlatformApi;

use crate::arguments::CommandLine;
use crate::input_error::InputError;

/// The variables the process was started with.
pub type Environment = Vec<(OsString, OsString)>;

/// The resolved inputs of a phase.
#[derive(Debug)]
pub struct Inputs {
    phase: Phase,
    platform_api: PlatformApi,
    values: BTreeMap<Input, Vec<OsString>>,
    arguments: Vec<String>,
    environment: Environment,
}

impl Inputs {
    /// Resolves the inputs. What comes from the environment is read here and nowhere else.
    ///
    /// # Errors
    /// An input is missing or cannot be used.
    pub(crate) fn resolve(
        phase: Phase,
        platform_api: PlatformApi,
        line: CommandLine,
        environment: Environment,
    ) -> Result<Self, InputError> {
        let mut inputs = Self { phase, platform_api, values: line.flags, arguments: Vec::new(), environment };
        for input in Input::all() {
            if !inputs.values.contains_key(&input) && inputs.reads_variable_of(input) {
                inputs.take_variable(input);
            }
        }
        inputs.refuse_old_flags()?;
        inputs.arguments = inputs.check_arguments(&line.arguments)?;
        inputs.check_values()?;
        inputs.make_absolute()?;
        if inputs.switch(Input::Layout) {
            inputs.allow_experimental("the OCI layout form")?;
            if inputs.optional_path(Input::LayoutDir).is_none() {
                return Err(InputError::Missing {
                    input: Input::LayoutDir.naming(),
                    reason: " with -layout: it tells where the images are",
                });
            }
        }
        Ok(inputs)
    }

    /// The creator does the work of other phases, so it heeds their variables too.
    fn reads_variable_of(&self, input: Input) -> bool {
        let phases: &[Phase] = match self.phase {
            Phase::Creator => {
                use Phase::{Analyzer, Builder, Creator, Detector, Exporter, Restorer};
                &[Creator, Analyzer, Detector, Restorer, Builder, Exporter]
            }
            _ => std::slice::from_ref(&self.phase),
        };
        phases.iter().any(|phase| input.is_taken_by(*phase, self.platform_api))
    }

    fn take_variable(&mut self, input: Input) {
        let Some(value) = input.variable().and_then(|name| self.variable(name)) else { return };
        let values = match input.kind() {
            InputKind::List => value.to_string_lossy().split(',').map(OsString::from).collect(),
            InputKind::Path | InputKind::Text | InputKind::Switch | InputKind::Id => vec![value.to_owned()],
        };
        self.values.insert(input, values);
    }

    /// A variable that is set and not empty.
    fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.environment.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_os_str()).filter(|value| !value.is_empty())
    }

    fn refuse_old_flags(&self) -> Result<(), InputError> {
        if self.phase != Phase::Exporter {
            return Ok(());
        }
        let refused = [Input::RunImage, Input::DeprecatedRunImage];
        match refused.into_iter().find(|input| self.values.contains_key(input)).and_then(Input::flag) {
            Some(flag) => Err(InputError::Refused { phase: self.phase, flag }),
            None => Ok(()),
        }
    }

    fn check_arguments(&self, given: &[OsString]) -> Result<Vec<String>, InputError> {
        let (expected, right) = match self.phase.arguments() {
            Arguments::None => ("no arguments", given.is_empty()),
            Arguments::One => ("one argument, the image", given.len() == 1),
            Arguments::AtLeastOne => ("one argument at least, the image", !given.is_empty()),
        };
        if !right {
            return Err(InputError::Arguments { phase: self.phase, expected, given: given.len() });
        }
        let text = |argument: &OsString| {
            let text = argument.to_str().ok_or_else(|| value_error("<image>", argument, NOT_TEXT))?;
            if text.is_empty() {
                return Err(InputError::Missing { input: "<image>".into(), reason: " and is empty" });
            }
            Ok(text.to_owned())
        };
        given.iter().map(text).collect()
    }

    fn check_values(&mut self) -> Result<(), InputError> {
        for (input, values) in &mut self.values {
            let naming = input.naming();
            match input.kind() {
                InputKind::Path => {}
                InputKind::Text | InputKind::List => {
                    // Spec: platform.md § Terminology (execution environment).
                    if *input == Input::ExecEnv
                        && let Some(value) =
                            values.iter().find(|value| value.as_encoded_bytes().contains(&b'/'))
                    {
                        return Err(value_error(&naming, value, "reserved: the name must not hold a '/'"));
                    }
                    if let Some(value) = values.iter().find(|value| value.to_str().is_none()) {
                        return Err(value_error(&naming, value, NOT_TEXT));
                    }
                }
                InputKind::Id => {
                    if let Some(value) = values.iter().find(|value| id(value).is_none()) {
                        return Err(value_error(&naming, value, "no user or group id"));
                    }
                }
                InputKind::Switch => {
                    // Flags were checked before; a variable that says neither means off, as it always has.
                    for value in values.iter_mut().filter(|value| is_on(value).is_none()) {
                        log::warn!("{naming} is '{}', not true or false; taken as false", value.display());
                        *value = "false".into();
                    }
                }
            }
        }
        Ok(())
    }

    fn make_absolute(&mut self) -> Result<(), InputError> {
        let paths: Vec<Input> = Input::all().filter(|input| input.kind() == InputKind::Path).collect();
        for input in paths {
            let path = match self.values.get(&input).and_then(|values| values.last()) {
                Some(value) if value.is_empty() => continue,
                Some(value) => PathBuf::from(value),
                None => match self.default_path(input) {
                    Some(path) => path,
                    None => continue,
                },
            };
            let absolute =
                std::path::absolute(&path).map_err(|source| InputError::WorkingDirectory { path, source })?;
            self.values.insert(input, vec![lexically_clean(&absolute).into()]);
        }
        Ok(())
    }

    fn default_path(&self, input: Input) -> Option<PathBuf> {
        let layers = || self.path(Input::Layers).to_owned();
        match input.default_value() {
            DefaultValue::None => None,
            DefaultValue::Fixed(path) => Some(path.into()),
            DefaultValue::InLayers(name) => Some(layers().join(name)),
            DefaultValue::InLayersOr(name, other) => {
                let path = layers().join(name);
                Some(if path.exists() { path } else { other.into() })
            }
        }
    }

    /// The phase.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The Platform API that the platform speaks.
    #[must_use]
    pub fn platform_api(&self) -> PlatformApi {
        self.platform_api
    }

    /// A path that has a default; absolute.
    #[must_use]
    pub fn path(&self, input: Input) -> &Path {
        self.optional_path(input).unwrap_or_else(|| {
            Path::new(match input.default_value() {
                DefaultValue::Fixed(path) => path,
                DefaultValue::None | DefaultValue::InLayers(_) | DefaultValue::InLayersOr(..) => "",
            })
        })
    }

    /// A path that has no default; absolute.
    #[must_use]
    pub fn optional_path(&self, input: Input) -> Option<&Path> {
        self.last(input).map(Path::new)
    }

    /// A text, or its default.
    #[must_use]
    pub fn text(&self, input: Input) -> Option<&str> {
        self.last(input).and_then(OsStr::to_str).or(match input.default_value() {
            DefaultValue::Fixed(text) => Some(text),
            DefaultValue::None | DefaultValue::InLayers(_) | DefaultValue::InLayersOr(..) => None,
        })
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn switch(&self, input: Input) -> bool {
        self.last(input).and_then(is_on).unwrap_or(false)
    }

    /// The values of a list.
    #[must_use]
    pub fn list(&self, input: Input) -> Vec<&str> {
        self.values
            .get(&input)
            .map(|values| values.iter().filter_map(|value| value.to_str()).collect())
            .unwrap_or_default()
    }

    /// The arguments behind the flags.
    #[must_use]
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// User and group id of the build image's user: as given, else those of the process.
    #[must_use]
    pub fn owner(&self) -> (u32, u32) {
        let own = || (nix::unistd::getuid().as_raw(), nix::unistd::getgid().as_raw());
        let given = |input| self.last(input).and_then(id);
        (given(Input::Uid).unwrap_or_else(|| own().0), given(Input::Gid).unwrap_or_else(|| own().1))
    }

    /// The variables the process was started with; buildpacks are given some of them.
    #[must_use]
    pub fn environment(&self) -> &[(OsString, OsString)] {
        &self.environment
    }

    /// Whether the platform's images are in a container engine.
    #[must_use]
    pub fn images_are_in_engine(&self) -> bool {
        self.switch(Input::Daemon) && !self.switch(Input::Layout)
    }

    /// Whether the process is root and goes on as another user once the phase is prepared.
    #[must_use]
    pub fn gives_up_root(&self) -> bool {
        self.phase.privileges() == Privileges::Dropped && nix::unistd::geteuid().is_root()
    }

    /// Takes credentials out of what buildpacks could be given.
    pub(crate) fn forget_credentials(&mut self) {
        self.environment.retain(|(name, _)| name != "CNB_REGISTRY_AUTH");
    }

    /// Sets a variable for buildpacks, as a login of the user would.
    pub(crate) fn set_variable(&mut self, name: &str, value: &str) {
        self.environment.retain(|(key, _)| key != name);
        self.environment.push((name.into(), value.into()));
    }

    /// Allows an experimental feature as far as the platform does. Spec: platform.md § Experimental Features.
    ///
    /// # Errors
    /// `CNB_EXPERIMENTAL_MODE` is unset or `error`.
    pub fn allow_experimental(&self, feature: &'static str) -> Result<(), InputError> {
        match self.variable("CNB_EXPERIMENTAL_MODE").and_then(OsStr::to_str) {
            None | Some("error") => Err(InputError::Experimental { feature }),
            // `quiet` is what platforms have long written for `silent`.
            Some("silent" | "quiet") => Ok(()),
            Some(_) => {
                log::warn!("{feature} is experimental and may change");
                Ok(())
            }
        }
    }

    fn last(&self, input: Input) -> Option<&OsStr> {
        let value = self.values.get(&input).and_then(|values| values.last())?;
        Some(value.as_os_str()).filter(|value| !value.is_empty())
    }
}

const NOT_TEXT: &str = "not UTF-8 text";

fn value_error(input: &str, value: &OsStr, problem: &'static str) -> InputError {
    InputError::Value { input: input.to_owned(), value: value.display().to_string(), problem }
}

fn id(value: &OsStr) -> Option<u32> {
    value.to_str()?.parse().ok()
}

fn is_on(value: &OsStr) -> Option<bool> {
    match value.to_str()? {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Removes `.` and `..` by their names alone, as Go programs do; the app directory ends in image configs
/// and must read the same.
fn lexically_clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests;
