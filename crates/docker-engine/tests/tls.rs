//! A real engine on TCP that wants certificates of its clients, and shows one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::Path;

use docker_engine::{Engine, EngineError};
use tempfile::TempDir;
use test_engine::TestEngine;
use test_kit::ImageFixture;
use test_registry::Authority;

/// An engine with certificates, and a client's from the same authority.
struct Secured {
    engine: TestEngine,
    host: String,
    client: TempDir,
    _server: TempDir,
}

impl Secured {
    fn start() -> Option<Self> {
        let authority = Authority::new();
        let [server, client] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        authority.write_certificate(server.path(), &["127.0.0.1"]);
        authority.write_certificate(client.path(), &[]);
        // Free a moment ago; nothing else here listens on ports that it did not ask for.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("tcp://127.0.0.1:{port}");
        let file = |name: &str| server.path().join(name).display().to_string();
        let engine = TestEngine::start_with(&[
            "--host",
            &host,
            "--tlsverify",
            "--tlscacert",
            &file("ca.pem"),
            "--tlscert",
            &file("cert.pem"),
            "--tlskey",
            &file("key.pem"),
        ])?;
        Some(Self { engine, host, client, _server: server })
    }

    fn connect(&self, certificates: Option<&Path>, verify: bool) -> Result<Engine, EngineError> {
        let mut variables: Vec<(OsString, OsString)> = vec![("DOCKER_HOST".into(), self.host.clone().into())];
        if let Some(directory) = certificates {
            variables.push(("DOCKER_CERT_PATH".into(), directory.into()));
        }
        if verify {
            variables.push(("DOCKER_TLS_VERIFY".into(), "1".into()));
        }
        Engine::connect(&variables)
    }

    /// Fails to connect; what is said.
    #[track_caller]
    fn refused(&self, certificates: Option<&Path>, verify: bool) -> String {
        self.connect(certificates, verify).unwrap_err().to_string()
    }
}

#[test]
fn both_sides_show_certificates_and_check_them() {
    let Some(secured) = Secured::start() else { return };
    let client = secured.client.path();
    let engine = secured.connect(Some(client), true).unwrap();
    engine.keep_connections().unwrap();
    let archive = ImageFixture::default().layer(&[("etc/x", "secured")]).docker_archive("secured:1");
    engine.load(|output| output.write_all(&archive)).unwrap();
    assert_eq!(engine.id("secured:1").unwrap(), format!("sha256:{}", secured.engine.id("secured:1")));

    // An engine of another authority is not trusted; whoever wants no check gets none, as with Docker's client.
    let other = tempfile::tempdir().unwrap();
    Authority::new().write_certificate(other.path(), &[]);
    let stranger = secured.refused(Some(other.path()), true);
    assert!(
        stranger.contains("no trusted connection") && stranger.contains("peer certificate"),
        "{stranger}"
    );
    for name in ["cert.pem", "key.pem"] {
        fs_err::copy(client.join(name), other.path().join(name)).unwrap();
    }
    secured.connect(Some(other.path()), false).unwrap();

    // The engine does not trust clients without certificate, or with another authority's.
    Authority::new().write_certificate(other.path(), &[]);
    let unknown = secured.refused(Some(other.path()), false);
    assert!(unknown.contains("no trusted connection") && unknown.contains("DOCKER_CERT_PATH"), "{unknown}");
    for name in ["cert.pem", "key.pem"] {
        fs_err::remove_file(other.path().join(name)).unwrap();
    }
    let nobody = secured.refused(Some(other.path()), false);
    assert!(nobody.contains("no trusted connection"), "{nobody}");
    assert!(secured.refused(Some(other.path()), true).contains("key.pem"));

    // Without TLS there is no answer that makes sense, and that is told.
    let plain = secured.refused(None, false);
    assert!(plain.contains("HTTPS"), "{plain}");
}
