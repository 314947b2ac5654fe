//! Registries with a certificate.

use test_kit::ImageFixture;
use test_registry::{Authority, Skopeo, TestRegistry};

#[test]
fn the_certificate_is_verified_by_its_authority_alone() {
    let authority = Authority::new();
    let Some(registry) = TestRegistry::tls(&authority) else { return };
    let written = registry.push("app:1", &ImageFixture::default());
    let port = registry.address().rsplit_once(':').unwrap().1.to_owned();
    for host in ["localhost", "127.0.0.1"] {
        let reference = format!("{host}:{port}/app:1");
        let Some(inspected) = Skopeo::default().authority(&authority).inspect(&reference) else { return };
        assert_eq!(inspected["Digest"], written.digest);
        let stranger = Authority::new();
        let complaint = Skopeo::default().authority(&stranger).complaint(&reference).unwrap();
        assert!(complaint.contains("x509"), "{complaint}");
        // Without an authority, nothing is verified.
        assert!(Skopeo::default().inspect(&reference).is_some());
    }
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let configuration = TestRegistry::configure().tls_as(&authority, &["registry.example"]);
    let Some(registry) = configuration.start() else { return };
    registry.push("app:1", &ImageFixture::default());
    let reference = format!("{}/app:1", registry.address());
    let Some(complaint) = Skopeo::default().authority(&authority).complaint(&reference) else { return };
    assert!(complaint.contains("x509"), "{complaint}");
}

#[test]
fn tls_and_credentials_go_together() {
    let authority = Authority::new();
    let Some(registry) = TestRegistry::configure().tls(&authority).basic_auth().start() else { return };
    registry.push("app:1", &ImageFixture::default());
    let reference = format!("{}/app:1", registry.address());
    let skopeo = Skopeo::default().authority(&authority);
    let Some(complaint) = skopeo.complaint(&reference) else { return };
    assert!(complaint.contains("auth"), "{complaint}");
    assert!(skopeo.credentials(TestRegistry::USER, TestRegistry::PASSWORD).inspect(&reference).is_some());
}
