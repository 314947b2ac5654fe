//! A registry started for a test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::process::{PROGRAM, Process};

/// A registry on loopback; it ends, and its storage is removed, when dropped.
#[derive(Debug)]
pub struct TestRegistry {
    // Dropped before the directory of the other process, which holds the storage, goes.
    open: OnceLock<Process>,
    process: Process,
    configuration: Configuration,
    storage: PathBuf,
}

/// What kind of registry is to be started: without any setting one that speaks HTTP and asks for no
/// credentials.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    read_only: bool,
}

impl TestRegistry {
    /// A registry that lets everybody do everything over HTTP; none where there is no such program, which
    /// is told, and an error in CI.
    #[must_use]
    pub fn plain() -> Option<Self> {
        Self::configure().start()
    }

    /// A registry that takes no uploads.
    #[must_use]
    pub fn read_only() -> Option<Self> {
        Self::configure().read_only().start()
    }

    /// A registry to be configured.
    #[must_use]
    pub fn configure() -> Configuration {
        Configuration::default()
    }

    /// Host and port, to be followed by `/<repository>`.
    #[must_use]
    pub fn address(&self) -> String {
        self.process.address().to_string()
    }

    /// Where to connect to.
    pub(crate) fn socket_address(&self) -> SocketAddr {
        self.process.address()
    }

    /// The address of a registry on the same storage that lets everybody do everything over HTTP.
    pub(crate) fn open_address(&self) -> SocketAddr {
        if self.configuration.is_open() {
            return self.socket_address();
        }
        let open = Configuration::default();
        self.open.get_or_init(|| Process::start(&open.document(&self.storage), &[])).address()
    }

    /// The root of the storage.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.storage
    }

    /// What the registry logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}

impl Configuration {
    /// Uploads are refused.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Starts the registry; none where there is no such program, which is told, and an error in CI.
    #[must_use]
    pub fn start(&self) -> Option<TestRegistry> {
        if !test_kit::has_program(PROGRAM) {
            return None;
        }
        let process = Process::start(&self.document(Path::new("data")), &[]);
        let storage = process.directory().join("data");
        Some(TestRegistry { open: OnceLock::new(), process, configuration: self.clone(), storage })
    }

    /// Whether everybody may do everything over HTTP.
    fn is_open(&self) -> bool {
        !self.read_only
    }

    /// The registry's configuration file; JSON is YAML too.
    fn document(&self, storage: &Path) -> Value {
        json!({
            "version": 0.1,
            "log": { "level": "info", "accesslog": { "disabled": true } },
            "storage": {
                "filesystem": { "rootdirectory": storage },
                "delete": { "enabled": true },
                "maintenance": { "readonly": { "enabled": self.read_only } },
            },
            // Any free port; the log tells which.
            "http": { "addr": "127.0.0.1:0", "secret": "of these tests" },
        })
    }
}
