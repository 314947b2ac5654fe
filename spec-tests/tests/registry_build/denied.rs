//! A right that lacks is told before any work is done, or leaves the old image as it was.

use crate::five_phases::{analyzer, build, build_until_export, exporter, image_names};
use crate::phase::Phase;
use crate::platform::{Platform, run_image};
use crate::secured::{RIGHTS, Secured};

/// The analyzer lacks a right in a repository, and is named what it may and what the registry tells.
#[track_caller]
fn analyzer_without(repository: &str, left: Option<&str>, told: &str) {
    let (Some(platform), Some(secured)) = (Platform::new(), Secured::without("analyzer", repository)) else {
        return;
    };
    secured.registry.push("old:v1", &run_image("an older app"));
    if let Some(actions) = left {
        secured.tokens.grant("analyzer", repository, actions);
    }
    let phase = secured.phase(&platform, "analyzer").args(&["-previous-image", &secured.name("old:v1")]);
    let server = format!("'{}' answered 401 Unauthorized", secured.registry.address());
    let credential = "it was shown user name and password from CNB_REGISTRY_AUTH";
    analyzer(&secured, phase).run().fails(32, &[told, &secured.name(repository), &server, credential]);
    assert!(!platform.has("layers/analyzed.toml"));
    for (_, repository, _) in RIGHTS {
        assert_eq!(secured.registry.tags(repository).len(), usize::from(matches!(repository, "run" | "old")));
    }
}

#[test]
fn analyzer_without_any_right_to_the_image() {
    analyzer_without("app", None, "cannot upload a blob to");
}

#[test]
fn analyzer_that_may_only_read_the_image() {
    analyzer_without("app", Some("pull"), "cannot upload a blob to");
}

#[test]
fn analyzer_that_may_only_read_where_a_tag_goes() {
    analyzer_without("shop/app", Some("pull"), "cannot upload a blob to");
}

#[test]
fn analyzer_that_may_only_read_the_cache_image() {
    analyzer_without("cache", Some("pull"), "cannot upload a blob to");
}

#[test]
fn analyzer_that_may_not_read_the_run_image() {
    analyzer_without("run", None, "cannot read the manifest of");
}

#[test]
fn analyzer_that_may_not_read_the_previous_image() {
    analyzer_without("old", None, "cannot read the manifest of");
}

#[test]
fn analyzer_without_credentials() {
    let (Some(platform), Some(secured)) = (Platform::new(), Secured::new()) else { return };
    let told = format!("'{}' answered 401 Unauthorized", secured.registry.address());
    let outcome = analyzer(&secured, secured.stranger(&platform, "analyzer")).run();
    outcome.fails(32, &[&told, "it was asked without credentials"]);
    assert!(!platform.has("layers/analyzed.toml"));
}

#[test]
fn analyzer_with_a_wrong_password() {
    let (Some(platform), Some(secured)) = (Platform::new(), Secured::new()) else { return };
    let phase = secured.phase_as(&platform, "analyzer", "nobody");
    let told = "cannot get a token for";
    analyzer(&secured, phase)
        .run()
        .fails(32, &[told, "401", "user name and password from CNB_REGISTRY_AUTH"]);
    assert!(!platform.has("layers/analyzed.toml"));
}

/// A platform on which all is ready for the second export of an app that changed; and the registry.
fn before_second_export() -> Option<(Platform, Secured)> {
    let (platform, secured) = (Platform::new()?, Secured::new()?);
    build(&platform, &secured);
    platform.renew();
    platform.write("app/page", "of the app, changed");
    build_until_export(&platform, &secured);
    Some((platform, secured))
}

/// The exporter as another user, who lacks a right in a repository.
fn exporter_without(platform: &Platform, secured: &Secured, lacking: &str) -> Phase {
    secured.tokens.user("other", &crate::secrets::password("other"));
    for (_, repository, actions) in RIGHTS.iter().filter(|right| right.0 == "exporter") {
        secured.tokens.grant("other", repository, if *repository == lacking { "pull" } else { actions });
    }
    exporter(secured, secured.phase_as(platform, "exporter", "other"))
}

#[test]
fn exporter_that_lost_the_right_to_write_leaves_the_old_image() {
    let Some((platform, secured)) = before_second_export() else { return };
    let tags = [("app", "v1"), ("app", "also"), ("shop/app", "v1"), ("cache", "v1")];
    let tagged = || tags.map(|(repository, tag)| secured.registry.tagged(repository, tag).unwrap());
    let before = tagged();
    let outcome = exporter_without(&platform, &secured, "app").run();
    let server = format!("'{}' answered 401 Unauthorized", secured.registry.address());
    outcome.fails(62, &["cannot upload a blob to", &secured.name("app"), &server, "user name and password"]);
    assert_eq!(tagged(), before);
    assert!(!platform.has("reports/report.toml"));
}

#[test]
fn exporter_that_lost_the_right_to_a_tag_leaves_that_tag() {
    let Some((platform, secured)) = before_second_export() else { return };
    let before = secured.registry.tagged("shop/app", "v1");
    let outcome = exporter_without(&platform, &secured, "shop/app").run();
    outcome.fails(62, &[&secured.name("shop/app"), "answered 401 Unauthorized"]);
    assert_eq!(secured.registry.tagged("shop/app", "v1"), before);
    // Whichever image the others mean, it is whole.
    let [name, _, _, also, _] = image_names(&secured);
    for image in [name, also] {
        let directory = tempfile::tempdir().unwrap();
        let _ = secured.skopeo().copy_to_dir(&image, directory.path(), "pulled");
    }
}

#[test]
fn exporter_that_may_not_write_the_cache_image_writes_the_app_image() {
    let Some((platform, secured)) = before_second_export() else { return };
    let before = ["app", "cache"].map(|repository| secured.registry.tagged(repository, "v1").unwrap());
    let said = exporter_without(&platform, &secured, "cache").run().succeeds();
    assert!(said.contains("Warning: ") && said.contains("answered 401 Unauthorized"), "{said}");
    assert_ne!(secured.registry.tagged("app", "v1").unwrap(), before[0]);
    assert_eq!(secured.registry.tagged("cache", "v1").unwrap(), before[1]);
}
