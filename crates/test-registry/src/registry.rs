//! A registry started for a test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::process::{PROGRAM, Process};
use crate::{Authority, TokenServer};

/// A registry on loopback; it ends, and its storage is removed, when dropped.
#[derive(Debug)]
pub struct TestRegistry {
    // Dropped before the directory of the other process, which holds the storage, goes.
    open: OnceLock<Process>,
    process: Process,
    /// Everybody may do everything over HTTP.
    is_open: bool,
    storage: PathBuf,
}

/// What kind of registry is to be started: without any setting one that speaks HTTP and asks for no
/// credentials.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    read_only: bool,
    basic_auth: bool,
    /// The certificate and its key in PEM form.
    tls: Option<(String, String)>,
    /// The configuration and the trusted certificate in PEM form.
    token_auth: Option<(Value, String)>,
}

/// The password of the tests, as `bcrypt` hides it. `htpasswd -nbB` prints such a line.
const PASSWORDS: &str = "builder:$2b$04$CKYZzj5brxZA2IAOMawAeuYlCcZ7qX5r7EnkuBu7m9JSVEdMt91QK\n";

impl TestRegistry {
    /// The one user that registries with Basic credentials know.
    pub const USER: &str = "builder";

    /// The user's password; it has characters that encodings may stumble over.
    pub const PASSWORD: &str = "open:sesame/50%+1";

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

    /// A registry that asks for [`TestRegistry::USER`] and [`TestRegistry::PASSWORD`].
    #[must_use]
    pub fn basic_auth() -> Option<Self> {
        Self::configure().basic_auth().start()
    }

    /// A registry that speaks HTTPS only, as `localhost` and `127.0.0.1`, certified by an authority.
    #[must_use]
    pub fn tls(authority: &Authority) -> Option<Self> {
        Self::configure().tls(authority).start()
    }

    /// A registry that asks for tokens of a server.
    #[must_use]
    pub fn token_auth(server: &TokenServer) -> Option<Self> {
        Self::configure().token_auth(server).start()
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
        if self.is_open {
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

    /// User and password are asked for. This and tokens exclude each other.
    #[must_use]
    pub fn basic_auth(mut self) -> Self {
        self.basic_auth = true;
        self
    }

    /// HTTPS only, certified by an authority.
    #[must_use]
    pub fn tls(self, authority: &Authority) -> Self {
        self.tls_as(authority, &["localhost", "127.0.0.1"])
    }

    /// HTTPS only, certified for these names.
    #[must_use]
    pub fn tls_as(mut self, authority: &Authority, names: &[&str]) -> Self {
        let certified = authority.certify(names);
        self.tls = Some((certified.pem, certified.key.serialize_pem()));
        self
    }

    /// Tokens of a server are asked for.
    #[must_use]
    pub fn token_auth(mut self, server: &TokenServer) -> Self {
        self.token_auth = Some(server.registry_configuration("tokens.pem"));
        self
    }

    /// Starts the registry; none where there is no such program, which is told, and an error in CI.
    #[must_use]
    pub fn start(&self) -> Option<TestRegistry> {
        if !test_kit::has_program(PROGRAM) {
            return None;
        }
        let mut files = vec![("passwords", PASSWORDS)];
        if let Some((certificate, key)) = &self.tls {
            files.extend([("server.pem", certificate.as_str()), ("server.key", key)]);
        }
        if let Some((_, certificate)) = &self.token_auth {
            files.push(("tokens.pem", certificate));
        }
        let process = Process::start(&self.document(Path::new("data")), &files);
        let storage = process.directory().join("data");
        fs_err::create_dir_all(&storage).unwrap();
        let is_open = !(self.read_only || self.basic_auth || self.tls.is_some() || self.token_auth.is_some());
        Some(TestRegistry { open: OnceLock::new(), process, is_open, storage })
    }

    /// The registry's configuration file, which may name files beside it; JSON is YAML too.
    fn document(&self, storage: &Path) -> Value {
        let tls = match self.tls {
            Some(_) => json!({ "certificate": "server.pem", "key": "server.key" }),
            None => json!({}),
        };
        let auth = match &self.token_auth {
            Some((token_auth, _)) => json!({ "token": token_auth }),
            None if self.basic_auth => json!({ "htpasswd": { "realm": "tests", "path": "passwords" } }),
            None => json!({}),
        };
        json!({
            "version": 0.1,
            "log": { "level": "info", "accesslog": { "disabled": true } },
            "storage": {
                "filesystem": { "rootdirectory": storage },
                "delete": { "enabled": true },
                "maintenance": { "readonly": { "enabled": self.read_only } },
            },
            // Any free port; the log tells which.
            "http": { "addr": "127.0.0.1:0", "secret": "of these tests", "tls": tls },
            "auth": auth,
        })
    }
}
