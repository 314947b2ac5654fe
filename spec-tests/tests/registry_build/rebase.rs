//! The rebaser with no more rights than it needs.

use serde_json::json;

use crate::five_phases::{build, image_names, within_rights};
use crate::platform::{Platform, run_image};
use crate::secured::Secured;

#[test]
fn the_rebaser_exchanges_the_base_within_its_rights() {
    let (Some(platform), Some(secured)) = (Platform::new(), Secured::new()) else { return };
    build(&platform, &secured);
    let [name, .., also, elsewhere] = image_names(&secured);
    let before = secured.skopeo().inspect(&name);
    let base = secured.registry.push("run:base", &run_image("second"));
    secured.tokens.forget();
    let rebaser = secured.phase(&platform, "rebaser").args(&[&name, &also, &elsewhere]);
    let said = rebaser.run().succeeds();
    assert!(said.contains(&format!("Using run image '{}'", secured.name("run:base"))), "{said}");
    within_rights(&secured, "rebaser");

    let digest = platform.reported("digest");
    for (repository, tag) in [("app", "v1"), ("app", "also"), ("shop/app", "v1")] {
        assert_eq!(secured.registry.tagged(repository, tag).unwrap(), digest, "{repository}:{tag}");
    }
    let (Some(before), Some(after)) = (before, secured.skopeo().inspect(&elsewhere)) else { return };
    assert_eq!(after["Digest"], digest.as_str());
    let [before, after] = [before, after].map(|image| image["Layers"].as_array().unwrap().clone());
    assert_eq!(after[..2], [json!(base.layers[0]), json!(base.layers[1])]);
    assert_eq!(after[2..], before[2..]);
    let directory = tempfile::tempdir().unwrap();
    secured.skopeo().copy_to_dir(&name, directory.path(), "pulled").unwrap();
}

#[test]
fn a_rebaser_that_may_not_write_leaves_the_image() {
    let (Some(platform), Some(secured)) = (Platform::new(), Secured::without("rebaser", "app")) else {
        return;
    };
    build(&platform, &secured);
    secured.tokens.grant("rebaser", "app", "pull");
    secured.registry.push("run:base", &run_image("second"));
    let [name, ..] = image_names(&secured);
    let before = secured.registry.tagged("app", "v1");
    let rebaser = secured.phase(&platform, "rebaser").arg(&name);
    let server = format!("'{}' answered 401 Unauthorized", secured.registry.address());
    rebaser
        .run()
        .fails(72, &[&secured.name("app"), &server, "user name and password from CNB_REGISTRY_AUTH"]);
    assert_eq!(secured.registry.tagged("app", "v1"), before);
}
