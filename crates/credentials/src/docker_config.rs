//! The docker configuration file: credentials of its own, and the names of credential helpers.
//!
//! Podman's `auth.json` has the same format.

mod location;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::environment::Environment;
use crate::{Credential, Secret, header, registry_key};

/// Why the file is of no use. The message holds nothing of the file's contents.
#[derive(Debug, thiserror::Error)]
#[error(
    "docker config '{}' {problem}, line {line}, column {column}; correct it, or set DOCKER_CONFIG to another directory",
    path.display()
)]
pub struct DockerConfigError {
    path: PathBuf,
    problem: &'static str,
    line: usize,
    column: usize,
}

/// What the file says about registries; the keys are those of [`registry_key::scope`].
#[derive(Default)]
pub(crate) struct DockerConfig {
    /// Where it was read.
    pub(crate) path: PathBuf,
    credentials: BTreeMap<String, Credential>,
    helpers: BTreeMap<String, String>,
    default_helper: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    auths: Option<BTreeMap<String, Option<Entry>>>,
    #[serde(rename = "credHelpers")]
    helpers: Option<BTreeMap<String, String>>,
    #[serde(rename = "credsStore")]
    default_helper: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    #[serde(rename = "identitytoken")]
    identity_token: Option<String>,
    #[serde(rename = "registrytoken")]
    registry_token: Option<String>,
}

impl DockerConfig {
    /// Reads the file that the environment points to, if there is one.
    ///
    /// A file that may not be read is a warning: it can be one that is not meant for this user.
    pub(crate) fn read(environment: &Environment) -> Result<Option<Self>, DockerConfigError> {
        let Some(path) = location::find(environment) else { return Ok(None) };
        match fs_err::read(&path) {
            Ok(contents) => Self::parse(path, &contents).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                log::warn!("{error}; going on without the credentials of this docker config");
                Ok(None)
            }
        }
    }

    fn parse(path: PathBuf, contents: &[u8]) -> Result<Self, DockerConfigError> {
        if contents.trim_ascii().is_empty() {
            return Ok(Self { path, ..Self::default() });
        }
        let document: Document = match serde_json::from_slice(contents) {
            Ok(document) => document,
            // The parser's own message is left out here, it can quote the contents.
            Err(error) => {
                let problem = if error.is_data() { "has a value of a wrong type" } else { "is not JSON" };
                return Err(DockerConfigError { path, problem, line: error.line(), column: error.column() });
            }
        };
        Ok(Self {
            credentials: credentials(&path, document.auths.unwrap_or_default()),
            helpers: registry_key::index(document.helpers.unwrap_or_default(), registry_key::scope),
            default_helper: document.default_helper,
            path,
        })
    }

    /// The credential that the file itself holds, for the first of the scopes that has one.
    pub(crate) fn credential(&self, scopes: &[String]) -> Option<&Credential> {
        scopes.iter().find_map(|scope| self.credentials.get(scope))
    }

    /// The helper to ask, without the prefix of its file name.
    ///
    /// An empty name keeps a registry from the helper that is there for all others.
    pub(crate) fn helper(&self, scopes: &[String]) -> Option<&str> {
        let own = scopes.iter().find_map(|scope| self.helpers.get(scope));
        own.or(self.default_helper.as_ref()).map(String::as_str).filter(|name| !name.is_empty())
    }
}

/// The entries that hold a credential. Those that hold a malformed one are left out with a warning.
fn credentials(path: &Path, entries: BTreeMap<String, Option<Entry>>) -> BTreeMap<String, Credential> {
    let mut found = BTreeMap::new();
    for (key, entry) in entries {
        match entry.map_or(Ok(None), Entry::credential) {
            Ok(Some(credential)) => {
                found.insert(key, credential);
            }
            Ok(None) => {}
            Err(reason) => {
                let (path, scope) = (path.display(), registry_key::scope(&key));
                log::warn!("docker config '{path}': the credential for '{scope}' is left out: {reason}");
            }
        }
    }
    registry_key::index(found, registry_key::scope)
}

impl Entry {
    /// The strongest credential that the entry holds: what is sent as it is comes before what is exchanged.
    fn credential(self) -> Result<Option<Credential>, &'static str> {
        let (mut user, mut password) =
            (self.username.unwrap_or_default(), Secret::new(self.password.unwrap_or_default()));
        if let Some(auth) = filled(self.auth) {
            let Some(Credential::Basic { user: its_user, password: its_password }) =
                header::user_and_password(&auth)
            else {
                return Err("its auth is not the base64 of <user>:<password>");
            };
            // Some tools pad the text with zero bytes before they encode it.
            (user, password) = (its_user, Secret::new(its_password.reveal().trim_matches('\0')));
        }
        if let Some(token) = filled(self.registry_token) {
            return if header::is_sendable(&token) {
                Ok(Some(Credential::Bearer(Secret::new(token))))
            } else {
                Err("its registrytoken holds a character that no HTTP header may hold")
            };
        }
        if let Some(token) = filled(self.identity_token) {
            return Ok(Some(Credential::IdentityToken { user, token: Secret::new(token) }));
        }
        let is_empty = user.is_empty() && password.reveal().is_empty();
        Ok((!is_empty).then_some(Credential::Basic { user, password }))
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
