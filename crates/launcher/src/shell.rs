//! Processes that start by way of bash: it sources the profile scripts, then becomes the process.
//!
//! Spec: platform.md § launcher, Execution.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use environment::Environment;

use crate::process::StartCommand;
use crate::{Invocation, LaunchError, program};

const BASH: &str = "/bin/bash";
const APP_PROFILE: &str = ".profile";

/// Becomes bash with a script that becomes the process.
///
/// The profile scripts see the launcher's `$0` and, as their arguments, the command and its arguments.
pub(crate) fn launch(
    start: &StartCommand,
    app: &Path,
    mut profiles: Vec<PathBuf>,
    invocation: &Invocation,
    environment: &Environment,
) -> Result<Infallible, LaunchError> {
    require(Path::new(BASH), start)?;
    let app_profile = app.join(APP_PROFILE);
    if app_profile.exists() && !app_profile.is_dir() {
        profiles.push(app_profile);
    }
    let script = script(&profiles, &start.working_dir(app), start.arguments.len());
    let options = ["bash".into(), "-c".into(), script, invocation.name.clone(), start.command.clone()];
    Ok(program::execute(Path::new(BASH), options.iter().chain(&start.arguments), environment)?)
}

fn require(bash: &Path, start: &StartCommand) -> Result<(), LaunchError> {
    if bash.exists() {
        return Ok(());
    }
    Err(LaunchError::NoShell {
        process_type: start.process_type().map(OsStr::to_owned),
        command: start.command.clone(),
    })
}

/// The script: profiles, working directory, and another bash for the command, so that what the profiles
/// leave unexported ends with the first.
fn script(profiles: &[PathBuf], working_dir: &Path, arguments: usize) -> OsString {
    let mut script = Vec::new();
    for profile in profiles {
        script.extend_from_slice(b"source ");
        quote(profile, &mut script);
        script.push(b'\n');
    }
    script.extend_from_slice(b"cd ");
    quote(working_dir, &mut script);
    script.extend_from_slice(format!(" || exit {}\n", LaunchError::LAUNCH).as_bytes());
    script.extend_from_slice(b"exec bash -c ");
    if arguments > 0 {
        script.extend_from_slice(words(arguments).as_bytes());
        script.push(b' ');
    }
    script.extend_from_slice(b"\"$@\"");
    OsString::from_vec(script)
}

/// A quoted script that runs `$0` with `arguments` arguments, each first expanded as text between double
/// quotes is: the command and each argument stay one word.
///
/// Apps are used to runs of white space becoming one space, which is why nothing quotes the word for `eval`.
/// `set` collects what the expansion makes, because `echo` would take a word like `-n` for an option.
fn words(arguments: usize) -> String {
    let mut script = String::from("'");
    for index in 0..=arguments {
        if index > 0 {
            script.push(' ');
        }
        script.push_str(r#""$(eval set -- \"${"#);
        script.push_str(&index.to_string());
        script.push_str(r#"}\" && printf %s "$*")""#);
    }
    script.push('\'');
    script
}

/// Writes the path as one word that bash leaves as it is.
fn quote(path: &Path, script: &mut Vec<u8>) {
    script.push(b'\'');
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'\'' => script.extend_from_slice(br"'\''"),
            other => script.push(*other),
        }
    }
    script.push(b'\'');
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{require, script};
    use crate::process::StartCommand;

    #[test]
    fn the_script_sources_profiles_and_goes_to_the_working_directory() {
        let profiles = [PathBuf::from("/layers/a b/it's"), PathBuf::from("/app/.profile")];
        let script = script(&profiles, Path::new("/app"), 0);
        let expected = r#"source '/layers/a b/it'\''s'
source '/app/.profile'
cd '/app' || exit 82
exec bash -c "$@""#;
        assert_eq!(script, expected);
    }

    #[test]
    fn each_word_is_expanded_by_itself() {
        let script = script(&[], Path::new("/"), 1).into_string().unwrap();
        let expected = concat!(
            r#"exec bash -c '"$(eval set -- \"${0}\" && printf %s "$*")" "#,
            r#""$(eval set -- \"${1}\" && printf %s "$*")"' "$@""#
        );
        assert_eq!(script.lines().last(), Some(expected));
    }

    #[test]
    fn a_missing_shell_is_told_with_a_way_out() {
        let absent = Path::new("/nowhere/bash");
        for (start, message, hint) in [
            (StartCommand::of_process("web"), "process 'web' needs a shell", "declares the process direct"),
            (StartCommand::of_user("ls -l"), "command 'ls -l' needs a shell", "put '--' in front"),
        ] {
            let error = require(absent, &start).unwrap_err();
            assert!(error.to_string().starts_with(message), "{error}");
            assert!(error.to_string().contains("no /bin/bash"), "{error}");
            assert!(error.hint().unwrap().contains(hint), "{error:?}");
            assert_eq!(error.exit_code(), 82);
        }
    }
}
