//! Clients in environments made for a test.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credentials::Keychain;
use registry::{Access, Client, Patience, RegistryError, Repository};
use serde_json::{Value, json};
use spec_model::Digest;
use tempfile::TempDir;
use test_kit::sha256;

/// Long enough for a machine with more to do, too short to wait for.
pub(crate) const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    silence: Duration::from_secs(2),
    commit: Duration::from_secs(5),
    attempts: 4,
    first_wait: Duration::from_millis(10),
    longest_wait: Duration::from_secs(3),
};

pub(crate) const ACCEPT: &[&str] = &["application/vnd.oci.image.manifest.v1+json"];

/// A client with variables set, and some registries insecure.
pub(crate) fn client(environment: &[(&str, &str)], insecure: &[&str]) -> Client {
    let environment: Vec<(OsString, OsString)> =
        environment.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let insecure: Vec<_> = insecure.iter().map(ToString::to_string).collect();
    Client::new(&environment, Keychain::read(&environment).unwrap(), &insecure, PATIENCE)
}

pub(crate) fn plain() -> Client {
    client(&[], &[])
}

/// The value of a header that shows a user's password.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A client that has the value of the `Authorization` header for a registry.
pub(crate) fn with_header(registry: &str, header: &str) -> Client {
    client(&[("CNB_REGISTRY_AUTH", &json!({ registry: header }).to_string())], &[])
}

/// A client that has an entry of the docker config for a registry.
pub(crate) fn with_docker_config(registry: &str, entry: &Value) -> (Client, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let config = json!({ "auths": { registry: entry } }).to_string();
    fs_err::write(dir.path().join("config.json"), config).unwrap();
    (client(&[("DOCKER_CONFIG", dir.path().to_str().unwrap())], &[]), dir)
}

pub(crate) fn repository(client: &Client, registry: &str, name: &str, access: Access) -> Repository {
    client.repository(&format!("{registry}/{name}").parse().unwrap(), access)
}

/// Reads the manifest `1` of a repository.
pub(crate) fn pull(client: &Client, registry: &str, name: &str) -> Result<Option<Digest>, RegistryError> {
    let found = repository(client, registry, name, Access::Pull).manifest("1", ACCEPT)?;
    Ok(found.map(|manifest| manifest.digest))
}

/// Uploads a blob to a repository.
pub(crate) fn push(
    client: &Client,
    registry: &str,
    name: &str,
    bytes: &[u8],
) -> Result<Digest, RegistryError> {
    let digest = sha256(bytes).parse().unwrap();
    let mut upload = repository(client, registry, name, Access::Push).upload()?;
    loop {
        let failure = match upload.write_all(bytes) {
            Ok(()) => match upload.finish(&digest) {
                Ok(()) => return Ok(digest),
                Err(failure) => failure,
            },
            Err(_) => upload.failure().unwrap(),
        };
        if !upload.restart(&failure)? {
            return Err(failure);
        }
    }
}

/// Downloads a blob of a repository.
pub(crate) fn download(
    client: &Client,
    registry: &str,
    name: &str,
    bytes: &[u8],
) -> std::io::Result<Vec<u8>> {
    let digest = sha256(bytes).parse().unwrap();
    let repository = repository(client, registry, name, Access::Pull);
    let blob = repository.blob(&digest, bytes.len() as u64).map_err(std::io::Error::other)?;
    let mut read = Vec::new();
    blob.unwrap().read_to_end(&mut read).map(|_| read)
}

/// What an error says, without anything that it must not say.
#[track_caller]
pub(crate) fn says(error: &RegistryError, words: &[&str], secrets: &[&str]) {
    let (text, debug) = (error.to_string(), format!("{error:?}"));
    for word in words {
        assert!(text.contains(word), "no '{word}' in: {text}");
    }
    for secret in secrets {
        assert!(!text.contains(secret) && !debug.contains(secret), "'{secret}' in: {text} {debug}");
    }
}
