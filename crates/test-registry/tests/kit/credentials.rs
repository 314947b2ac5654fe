//! Registries that ask for user and password.

use test_kit::ImageFixture;
use test_registry::{Request, Skopeo, TestRegistry};

#[test]
fn the_user_may_read_and_others_may_not() {
    let Some(registry) = TestRegistry::basic_auth() else { return };
    let written = registry.push("app:1", &ImageFixture::default().layer(&[("a", "1")]).label("x", "y"));
    let reference = format!("{}/app:1", registry.address());

    let asked = Request::new("GET", &format!("http://{}/v2/", registry.address())).send().unwrap();
    assert_eq!(asked.status, 401);
    assert_eq!(asked.header("WWW-Authenticate"), Some("Basic realm=\"tests\""));

    let skopeo = Skopeo::default().credentials(TestRegistry::USER, TestRegistry::PASSWORD);
    let Some(inspected) = skopeo.inspect(&reference) else { return };
    assert_eq!(inspected["Digest"], written.digest);
    assert_eq!(inspected["Labels"]["x"], "y");
    assert_eq!(skopeo.config(&reference).unwrap()["rootfs"]["diff_ids"][0], written.diff_ids[0]);
    let manifest = skopeo.manifest(&reference).unwrap();
    assert_eq!(test_kit::sha256(&manifest), written.digest);

    let wrong = Skopeo::default().credentials(TestRegistry::USER, "open:sesame");
    for skopeo in [wrong, Skopeo::default()] {
        let complaint = skopeo.complaint(&reference).unwrap();
        assert!(complaint.contains("auth"), "{complaint}");
    }
}

#[test]
fn skopeo_pulls_and_verifies() {
    let Some(registry) = TestRegistry::plain() else { return };
    let image = ImageFixture::default().layer(&[("a", "1")]).layer(&[("b", "2")]);
    let written = registry.push("app:1", &image);
    let reference = format!("{}/app:1", registry.address());
    let (good, bad) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(()) = Skopeo::default().copy_to_dir(&reference, good.path(), "copy") else { return };
    let blob = good.path().join("blobs").join(written.layers[1].replace(':', "/"));
    assert_eq!(fs_err::read(blob).unwrap(), image.layers[1].blob);

    registry.corrupt_blob(&written.layers[1]);
    let copy = || Skopeo::default().copy_to_dir(&reference, bad.path(), "copy");
    let failure = std::panic::catch_unwind(copy).unwrap_err();
    let failure = failure.downcast::<String>().unwrap();
    assert!(failure.contains("Digest did not match"), "{failure}");
}

#[test]
fn skopeo_chooses_from_an_index() {
    let Some(registry) = TestRegistry::plain() else { return };
    let mut arm = ImageFixture::default();
    arm.config["architecture"] = "arm64".into();
    let mut amd = ImageFixture::default();
    amd.config["architecture"] = "amd64".into();
    registry.push_index("run:many", &[("linux/amd64", &amd), ("linux/arm64", &arm)]);
    let reference = format!("{}/run:many", registry.address());
    for architecture in ["amd64", "arm64"] {
        let Some(config) = Skopeo::default().platform("linux", architecture).config(&reference) else {
            return;
        };
        assert_eq!(config["architecture"], architecture);
    }
}
