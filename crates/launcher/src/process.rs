//! The choice of what to start. Spec: platform.md § launcher.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use spec_model::build_metadata::Process;
use spec_model::launch_metadata::LaunchMetadata;
use spec_model::{BuildpackApi, PlatformApi};

use crate::settings::Settings;
use crate::{Invocation, LaunchError};

/// The value in a process's `exec-env` that makes it eligible everywhere.
const ANY_EXEC_ENV: &str = "*";

/// The buildpacks' ids and API versions, in the order of their execution.
pub(crate) struct Buildpacks<'a>(Vec<(&'a str, BuildpackApi)>);

impl<'a> Buildpacks<'a> {
    /// Checks that every buildpack implements a supported API.
    pub(crate) fn of(metadata: &'a LaunchMetadata) -> Result<Self, LaunchError> {
        let versions = metadata.buildpacks.iter().map(|buildpack| match buildpack.api.parse() {
            Ok(api) => Ok((buildpack.id.as_str(), api)),
            Err(source) => Err(LaunchError::BuildpackApi { id: buildpack.id.to_string(), source }),
        });
        versions.collect::<Result<_, _>>().map(Self)
    }

    fn api(&self, id: &str) -> Option<BuildpackApi> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, api)| *api)
    }
}

/// What is started, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StartCommand {
    process_type: Option<String>,
    /// The executable; for a shell without arguments, a script.
    pub(crate) command: OsString,
    /// What follows the command.
    pub(crate) arguments: Vec<OsString>,
    /// Whether it starts without a shell.
    pub(crate) direct: bool,
    working_dir: PathBuf,
}

impl StartCommand {
    /// The process type, if the command is a buildpack's rather than the user's.
    pub(crate) fn process_type(&self) -> Option<&OsStr> {
        self.process_type.as_ref().map(OsStr::new)
    }

    /// Where the command starts.
    pub(crate) fn working_dir(&self, app: &Path) -> PathBuf {
        app.join(&self.working_dir)
    }
}

/// Chooses the buildpacks' process that `$0` names, or else the command that the user gives.
pub(crate) fn choose(
    metadata: &LaunchMetadata,
    buildpacks: &Buildpacks<'_>,
    invocation: &Invocation,
    settings: &Settings,
) -> Result<StartCommand, LaunchError> {
    let name = invocation.last_element();
    let named = || metadata.processes.iter().filter(|process| process.process_type.as_str() == name);
    if name.is_empty() || named().next().is_none() {
        return user_provided(&invocation.arguments)
            .ok_or_else(|| LaunchError::NoCommand { processes: process_types(metadata) });
    }
    let Some(process) = named().find(|process| is_eligible(process, settings)) else {
        return Err(LaunchError::NotEligible {
            process_type: name.to_string_lossy().into_owned(),
            exec_env: settings.exec_env.clone(),
            eligible: named().flat_map(|process| process.exec_env.clone()).collect(),
        });
    };
    buildpack_provided(process, &invocation.arguments, settings.platform_api, buildpacks)
}

fn process_types(metadata: &LaunchMetadata) -> Vec<String> {
    metadata.processes.iter().map(|process| process.process_type.clone()).collect()
}

fn is_eligible(process: &Process, settings: &Settings) -> bool {
    !settings.platform_api.has_exec_env()
        || process.exec_env.is_empty()
        || process.exec_env.iter().any(|name| name == ANY_EXEC_ENV || *name == settings.exec_env)
}

/// `-- <cmd> <arg>...` starts directly, `<cmd> <arg>...` in a shell; nothing is no command.
fn user_provided(arguments: &[OsString]) -> Option<StartCommand> {
    let (direct, words) = match arguments {
        [separator, words @ ..] if separator == "--" => (true, words),
        words => (false, words),
    };
    let (command, arguments) = words.split_first()?;
    Some(StartCommand {
        process_type: None,
        command: command.clone(),
        arguments: arguments.to_vec(),
        direct,
        working_dir: PathBuf::new(),
    })
}

fn buildpack_provided(
    process: &Process,
    user: &[OsString],
    platform_api: PlatformApi,
    buildpacks: &Buildpacks<'_>,
) -> Result<StartCommand, LaunchError> {
    let entries = process.command.entries();
    let Some((command, always)) = entries.split_first() else {
        return Err(LaunchError::EmptyCommand { process_type: process.process_type.clone() });
    };
    let mut command = OsString::from(command);
    let mut arguments: Vec<OsString> = Vec::new();
    if platform_api.command_is_list() || process.direct {
        arguments.extend(always.iter().map(OsString::from));
    } else {
        command = entries.join(" ").into();
    }
    let defaults = process.args.iter().flatten().map(OsString::from);
    if user.is_empty() {
        arguments.extend(defaults);
    } else {
        if !replaces_defaults(process, platform_api, buildpacks)? {
            arguments.extend(defaults);
        }
        arguments.extend_from_slice(user);
    }
    Ok(StartCommand {
        process_type: Some(process.process_type.clone()),
        command,
        arguments,
        direct: process.direct,
        working_dir: PathBuf::from(&process.working_dir),
    })
}

/// Whether the user's arguments stand in place of the process's default ones, rather than behind them.
///
/// A command of several entries can only come from a buildpack that knows default arguments.
fn replaces_defaults(
    process: &Process,
    platform_api: PlatformApi,
    buildpacks: &Buildpacks<'_>,
) -> Result<bool, LaunchError> {
    if !platform_api.command_is_list() {
        return Ok(false);
    }
    if process.command.entries().len() > 1 {
        return Ok(true);
    }
    buildpacks.api(&process.buildpack_id).map(BuildpackApi::command_is_list).ok_or_else(|| {
        LaunchError::UnknownBuildpack {
            process_type: process.process_type.clone(),
            id: process.buildpack_id.clone(),
        }
    })
}
