//! The processes of `launch.toml`, as each Buildpack API has them, made into those of `metadata.toml`.
//!
//! Spec: buildpack.md § launch.toml, per version.

use spec_model::BuildpackApi;
use spec_model::build_metadata::Process;
use spec_model::launch::{Command, LaunchProcess};

use crate::descriptor::Descriptor;

/// A process of `launch.toml` that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProcessFault {
    /// The process type is empty or has characters that are not allowed.
    #[error("'{process_type}' cannot be a process type; use letters, digits, '.', '_' and '-'")]
    Type {
        /// The type as written.
        process_type: String,
    },
    /// The key `direct` is gone.
    #[error(
        "process '{process_type}' has a key 'direct', which Buildpack API {api} does not know; remove it"
    )]
    Direct {
        /// The process type.
        process_type: String,
        /// The API of the buildpack.
        api: BuildpackApi,
    },
    /// The command is a list where a text is wanted, or the reverse.
    #[error("the command of process '{process_type}' has to be {expected} with Buildpack API {api}")]
    CommandKind {
        /// The process type.
        process_type: String,
        /// What it has to be.
        expected: &'static str,
        /// The API of the buildpack.
        api: BuildpackApi,
    },
    /// The command names no executable.
    #[error("the command of process '{process_type}' is empty; its first element is the executable")]
    NoCommand {
        /// The process type.
        process_type: String,
    },
    /// Two processes want to be the default.
    #[error("both '{first}' and '{second}' are marked as default; a buildpack may mark one process")]
    TwoDefaults {
        /// The first process type.
        first: String,
        /// The second process type.
        second: String,
    },
}

/// Makes the processes of a buildpack into those of the build.
pub(super) fn convert(
    processes: Vec<LaunchProcess>,
    descriptor: &Descriptor,
    api: BuildpackApi,
) -> Result<Vec<Process>, ProcessFault> {
    let mut defaults = processes.iter().filter(|process| process.default);
    if let (Some(first), Some(second)) = (defaults.next(), defaults.next()) {
        return Err(ProcessFault::TwoDefaults {
            first: first.process_type.clone(),
            second: second.process_type.clone(),
        });
    }
    processes.into_iter().map(|process| convert_one(process, descriptor, api)).collect()
}

fn convert_one(
    mut process: LaunchProcess,
    descriptor: &Descriptor,
    api: BuildpackApi,
) -> Result<Process, ProcessFault> {
    let process_type = process.process_type;
    if !is_process_type(&process_type) {
        return Err(ProcessFault::Type { process_type });
    }
    check_command(&process.command, process.direct, &process_type, api)?;
    if !process.working_dir.is_empty() && !api.has_process_working_dir() {
        log::warn!(
            "Buildpack {}@{} sets a working directory for process '{process_type}', which Buildpack API {api} \
             does not know; it is ignored",
            descriptor.id,
            descriptor.version
        );
        process.working_dir.clear();
    }
    Ok(Process {
        process_type,
        command: Command::List(process.command.entries().to_vec()),
        args: process.args,
        direct: process.direct.unwrap_or(api.command_is_list()),
        default: process.default,
        buildpack_id: descriptor.id.to_string(),
        working_dir: process.working_dir,
        exec_env: process.exec_env,
    })
}

fn is_process_type(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    // The launcher is linked under the process type's name, which these two cannot be.
    !matches!(text, "" | "." | "..") && text.bytes().all(allowed)
}

fn check_command(
    command: &Command,
    direct: Option<bool>,
    process_type: &str,
    api: BuildpackApi,
) -> Result<(), ProcessFault> {
    let process_type = || process_type.to_owned();
    let is_list = matches!(command, Command::List(_));
    if is_list != api.command_is_list() {
        let expected = if is_list { "a string" } else { "an array of strings" };
        return Err(ProcessFault::CommandKind { process_type: process_type(), expected, api });
    }
    if direct.is_some() && api.command_is_list() {
        return Err(ProcessFault::Direct { process_type: process_type(), api });
    }
    if command.entries().is_empty() {
        return Err(ProcessFault::NoCommand { process_type: process_type() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use spec_model::BuildpackApi;
    use spec_model::launch::Command;

    use super::{ProcessFault, check_command, is_process_type};

    #[test]
    fn process_types_are_names_without_surprises() {
        for good in ["web", "a.b_c-D9", "...", "-"] {
            assert!(is_process_type(good), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "web:1", "é", "a\n"] {
            assert!(!is_process_type(bad), "{bad:?}");
        }
    }

    #[test]
    fn the_form_of_commands_changed_with_buildpack_api_0_9() {
        let line = || Command::Line("x".into());
        let list = || Command::List(vec!["x".into()]);
        let check = |command: Command, direct, api| check_command(&command, direct, "w", api);
        for (old, new) in
            [(BuildpackApi::V0_7, BuildpackApi::V0_9), (BuildpackApi::V0_8, BuildpackApi::V0_12)]
        {
            assert_eq!(check(line(), Some(true), old), Ok(()));
            assert_eq!(check(list(), None, new), Ok(()));
            assert!(matches!(check(list(), None, old), Err(ProcessFault::CommandKind { .. })));
            assert!(matches!(check(line(), None, new), Err(ProcessFault::CommandKind { .. })));
            assert!(matches!(check(list(), Some(false), new), Err(ProcessFault::Direct { .. })));
        }
        let nothing = check(Command::List(Vec::new()), None, BuildpackApi::V0_12);
        assert!(matches!(nothing, Err(ProcessFault::NoCommand { .. })));
    }
}
