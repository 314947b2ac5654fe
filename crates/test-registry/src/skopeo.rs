//! `skopeo`, another client of registries, as a witness.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::Authority;

const PROGRAM: &str = "skopeo";

/// How `skopeo` is run: without any setting over HTTP and without credentials. Its functions give none where
/// there is no such program, which is told, and an error in CI. References include the registry.
#[derive(Debug, Clone, Default)]
pub struct Skopeo {
    credentials: Option<(String, String)>,
    certificates: Option<PathBuf>,
    platform: Option<(String, String)>,
}

impl Skopeo {
    /// With user and password.
    #[must_use]
    pub fn credentials(mut self, user: &str, password: &str) -> Self {
        self.credentials = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// With TLS, verified by an authority or by those of the system.
    #[must_use]
    pub fn authority(mut self, authority: &Authority) -> Self {
        self.certificates = Some(authority.directory().to_owned());
        self
    }

    /// With an operating system and an architecture to choose from an index.
    #[must_use]
    pub fn platform(mut self, os: &str, architecture: &str) -> Self {
        self.platform = Some((os.to_owned(), architecture.to_owned()));
        self
    }

    /// What `skopeo inspect` says: `Digest`, `RepoTags`, `Labels`, `Architecture`, `Os`, `Layers`, `Env` and more.
    #[must_use]
    pub fn inspect(&self, reference: &str) -> Option<Value> {
        let output = succeeded(self.run("inspect", "", &[], &[&docker(reference)])?);
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }

    /// The image's config document.
    #[must_use]
    pub fn config(&self, reference: &str) -> Option<Value> {
        let output = succeeded(self.run("inspect", "", &["--config"], &[&docker(reference)])?);
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }

    /// The manifest or index, byte by byte.
    #[must_use]
    pub fn manifest(&self, reference: &str) -> Option<Vec<u8>> {
        Some(succeeded(self.run("inspect", "", &["--raw"], &[&docker(reference)])?).stdout)
    }

    /// What `skopeo inspect` complains about; it must not succeed.
    #[must_use]
    pub fn complaint(&self, reference: &str) -> Option<String> {
        let output = self.run("inspect", "", &[], &[&docker(reference)])?;
        assert!(!output.status.success(), "{reference} can be inspected");
        Some(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Pulls an image, with all its blobs verified, into a directory, as an OCI layout with this tag; Docker's
    /// media types become those of OCI.
    #[must_use]
    pub fn copy_to_dir(&self, reference: &str, directory: &Path, tag: &str) -> Option<()> {
        let target = format!("oci:{}:{tag}", directory.display());
        succeeded(self.run("copy", "src-", &[], &[&docker(reference), &target])?);
        Some(())
    }

    fn run(&self, command: &str, prefix: &str, options: &[&str], arguments: &[&str]) -> Option<Output> {
        if !test_kit::has_program(PROGRAM) {
            return None;
        }
        let home = tempfile::tempdir().unwrap();
        let mut skopeo = Command::new(PROGRAM);
        skopeo.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home.path());
        skopeo.args(["--insecure-policy", "--command-timeout", "120s"]);
        if let Some((os, architecture)) = &self.platform {
            skopeo.args(["--override-os", os, "--override-arch", architecture]);
        }
        skopeo.arg(command).args(options);
        match &self.certificates {
            Some(directory) => skopeo.arg(format!("--{prefix}cert-dir={}", directory.display())),
            None => skopeo.arg(format!("--{prefix}tls-verify=false")),
        };
        match &self.credentials {
            Some((user, password)) => skopeo.arg(format!("--{prefix}creds={user}:{password}")),
            None => skopeo.arg(format!("--{prefix}no-creds")),
        };
        Some(skopeo.args(arguments).output().unwrap())
    }
}

fn docker(reference: &str) -> String {
    format!("docker://{reference}")
}

fn succeeded(output: Output) -> Output {
    assert!(output.status.success(), "{PROGRAM}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
