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

#[cfg(test)]
impl StartCommand {
    /// A process of a buildpack.
    pub(crate) fn of_process(process_type: &str) -> Self {
        Self {
            process_type: Some(process_type.to_owned()),
            command: "serve".into(),
            arguments: Vec::new(),
            direct: false,
            working_dir: PathBuf::new(),
        }
    }

    /// A command of the user's.
    pub(crate) fn of_user(command: &str) -> Self {
        Self { process_type: None, command: command.into(), ..Self::of_process("") }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use spec_model::PlatformApi;
    use spec_model::build_metadata::Process;
    use spec_model::launch_metadata::LaunchMetadata;

    use super::{Buildpacks, buildpack_provided, user_provided};

    const METADATA: &str = r#"
        [[buildpacks]]
        id = "old"
        api = "0.8"
        [[buildpacks]]
        id = "new"
        api = "0.9"
    "#;

    fn words(list: &[&str]) -> Vec<OsString> {
        list.iter().map(OsString::from).collect()
    }

    /// Command and arguments, for the process of the given keys when the user gives `u`.
    fn chosen(keys: &str, api: PlatformApi) -> String {
        let metadata: LaunchMetadata = spec_model::text::parse(METADATA).unwrap();
        let process: Process = spec_model::text::parse(&format!("type = 'web'\n{keys}")).unwrap();
        let buildpacks = Buildpacks::of(&metadata).unwrap();
        let start = buildpack_provided(&process, &words(&["u"]), api, &buildpacks).unwrap();
        let words: Vec<_> = [start.command].into_iter().chain(start.arguments).collect();
        words.join("|".as_ref()).into_string().unwrap()
    }

    #[test]
    fn user_arguments_stand_where_the_versions_say() {
        for (command, direct, buildpack, old_platform, new_platform) in [
            ("['c']", true, "old", "c|d|u", "c|d|u"),
            ("['c']", true, "new", "c|d|u", "c|u"),
            ("'c'", false, "old", "c|d|u", "c|d|u"),
            ("['c', 'a']", true, "old", "c|a|d|u", "c|a|u"),
            ("['c', 'a']", true, "unlisted", "c|a|d|u", "c|a|u"),
            ("['c', 'a']", false, "new", "c a|d|u", "c|a|u"),
        ] {
            let keys =
                format!("command = {command}\nargs = ['d']\ndirect = {direct}\nbuildpack-id = '{buildpack}'");
            assert_eq!(chosen(&keys, PlatformApi::V0_9), old_platform, "{keys}");
            assert_eq!(chosen(&keys, PlatformApi::V0_10), new_platform, "{keys}");
        }
    }

    #[test]
    fn two_dashes_choose_a_direct_command() {
        for (arguments, expected) in [
            (&["a", "b"][..], Some((false, "a", &["b"][..]))),
            (&["--", "a", "b"], Some((true, "a", &["b"]))),
            (&["--", "--"], Some((true, "--", &[]))),
            (&["a", "--"], Some((false, "a", &["--"]))),
            (&["--"], None),
            (&[], None),
        ] {
            let start = user_provided(&words(arguments));
            let start = start.as_ref().map(|start| (start.direct, &start.command, &start.arguments));
            let expected =
                expected.map(|(direct, command, rest)| (direct, OsString::from(command), words(rest)));
            assert_eq!(start, expected.as_ref().map(|(direct, command, rest)| (*direct, command, rest)));
        }
    }
}
