//! Credential helpers: programs `docker-credential-<name>` that read a registry's address from their
//! standard input and print a user and a secret as JSON.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde::Deserialize;

use crate::environment::Environment;
use crate::process::{self, Cut};
use crate::{Credential, Secret, registry_auth};

/// What the file names of all helpers begin with.
const PREFIX: &str = "docker-credential-";

/// What a helper prints, by convention to its standard output, that has nothing for a registry.
const NOTHING_FOUND: &str = "credentials not found";

/// The user name which says that the secret is an identity token.
const TOKEN_USER: &str = "<token>";

/// Why a helper gave no answer. The messages hold nothing of its standard output.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HelperFailure {
    #[error("it is not on PATH")]
    NotFound,
    #[error("it could not be started: {0}")]
    NotStarted(#[source] io::Error),
    #[error("{cut}{complaint}")]
    Cut { cut: Cut, complaint: Complaint },
    #[error("it failed with {status}{complaint}")]
    Failed { status: ExitStatus, complaint: Complaint },
    #[error("what it printed is not the JSON of a user name and a secret{complaint}")]
    Malformed { complaint: Complaint },
}

/// What a helper printed to its standard error, as the end of a message.
#[derive(Debug)]
pub(crate) struct Complaint(Vec<u8>);

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = String::from_utf8_lossy(&self.0);
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        if words.is_empty() { Ok(()) } else { write!(f, "; its error output: {}", words.join(" ")) }
    }
}

/// What a helper prints.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username", alias = "username", default)]
    user: String,
    #[serde(rename = "Secret", alias = "secret", default)]
    secret: String,
}

/// The helper's file name.
pub(crate) fn program(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// Where the helper is. Directories of `PATH` that are not absolute are passed over: what they hold can
/// come from the app.
pub(crate) fn find(name: &str, environment: &Environment) -> Option<PathBuf> {
    if name.is_empty() || name.contains(['/', '\0']) {
        return None;
    }
    let directories = std::env::split_paths(environment.get("PATH")?);
    let mut candidates = directories.filter(|path| path.is_absolute()).map(|path| path.join(program(name)));
    candidates.find(|path| {
        fs_err::metadata(path)
            .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    })
}

/// Asks the helper for the credential of the registry at an address.
///
/// The helper gets the whole environment but the credentials for other registries.
pub(crate) fn ask(
    name: &str,
    address: &str,
    environment: &Environment,
    time_out: Duration,
) -> Result<Option<Credential>, HelperFailure> {
    let path = find(name, environment).ok_or(HelperFailure::NotFound)?;
    let mut command = Command::new(path);
    let variables = environment.without(registry_auth::VARIABLE);
    command.arg("get").env_clear().envs(variables.map(|(key, value)| (key, value)));
    let ended = process::run(command, address.as_bytes(), time_out).map_err(HelperFailure::NotStarted)?;
    let complaint = Complaint(ended.complaint);
    match ended.how {
        Err(cut) => Err(HelperFailure::Cut { cut, complaint }),
        Ok(status) if status.success() => {
            let answer = serde_json::from_slice(&ended.output);
            answer.map(credential).map_err(|_| HelperFailure::Malformed { complaint })
        }
        Ok(_) if says_nothing_found(&ended.output) => Ok(None),
        Ok(status) => Err(HelperFailure::Failed { status, complaint }),
    }
}

fn says_nothing_found(output: &[u8]) -> bool {
    String::from_utf8_lossy(output).contains(NOTHING_FOUND)
}

fn credential(answer: Answer) -> Option<Credential> {
    let Answer { user, secret } = answer;
    if secret.is_empty() {
        return None;
    }
    let secret = Secret::new(secret);
    Some(if user == TOKEN_USER {
        Credential::IdentityToken { user, token: secret }
    } else {
        Credential::Basic { user, password: secret }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_directories_of_path_count() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("docker-credential-test");
        fs_err::write(&file, "").unwrap();
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        let depth = std::env::current_dir().unwrap().components().count();
        let relative = format!("{}{}", "../".repeat(depth), root.path().display());
        assert!(fs_err::exists(&relative).unwrap());
        let found = |path: &str| find("test", &Environment::new(&[("PATH".into(), path.into())]));
        assert_eq!(found(&relative), None);
        assert_eq!(found(""), None);
        assert_eq!(found(&format!("{relative}:{}", root.path().display())), Some(file));
    }
}
