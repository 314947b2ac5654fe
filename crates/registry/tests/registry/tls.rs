//! Whose certificates are trusted, and who may go without.

use registry::Reason;
use test_kit::ImageFixture;
use test_registry::{Authority, TestRegistry};

use crate::support::{client, plain, pull, push, says};

#[test]
fn an_authority_is_named_by_file_or_directory() {
    let authority = Authority::new();
    let Some(registry) = TestRegistry::tls(&authority) else { return };
    registry.push("app:1", &ImageFixture::default());
    let port = registry.address().rsplit_once(':').unwrap().1.to_owned();
    let (file, directory) = (authority.pem_file(), authority.directory());
    for host in ["localhost", "127.0.0.1"] {
        let address = format!("{host}:{port}");
        for roots in
            [("SSL_CERT_FILE", file.to_str().unwrap()), ("SSL_CERT_DIR", directory.to_str().unwrap())]
        {
            let client = client(&[roots], &[]);
            assert!(pull(&client, &address, "app").unwrap().is_some(), "{roots:?}");
            push(&client, &address, "app", b"a blob").unwrap();
        }
    }
}

#[test]
fn who_is_not_trusted_is_not_talked_to() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let Some(registry) = TestRegistry::tls(&authority) else { return };
    registry.push("app:1", &ImageFixture::default());
    let address = registry.address();
    let other = stranger.pem_file();
    for client in [plain(), client(&[("SSL_CERT_FILE", other.to_str().unwrap())], &[])] {
        let error = pull(&client, &address, "app").unwrap_err();
        says(&error, &[&address, "no trusted connection", "certificate", "SSL_CERT_FILE"], &[]);
        assert!(matches!(error.reason, Reason::Tls { .. }) && !error.is_passing());
    }
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let configuration = TestRegistry::configure().tls_as(&authority, &["registry.example"]);
    let Some(registry) = configuration.start() else { return };
    let file = authority.pem_file();
    let client = client(&[("SSL_CERT_FILE", file.to_str().unwrap())], &[]);
    let error = pull(&client, &registry.address(), "app").unwrap_err();
    says(&error, &["no trusted connection", "certificate"], &[]);
}

#[test]
fn exactly_the_insecure_registries_need_no_trust() {
    let authority = Authority::new();
    let Some(registry) = TestRegistry::tls(&authority) else { return };
    registry.push("app:1", &ImageFixture::default());
    let address = registry.address();
    let port = address.rsplit_once(':').unwrap().1;
    let localhost = format!("localhost:{port}");
    let client = client(&[], &[&address, "localhost"]);
    assert!(pull(&client, &address, "app").unwrap().is_some());
    push(&client, &address, "app", b"a blob").unwrap();
    let error = pull(&client, &localhost, "app").unwrap_err();
    says(&error, &["no trusted connection", &localhost], &[]);
}
