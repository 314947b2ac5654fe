//! A build by five processes, each with a user of its own.

use serde_json::{Value, json};

use crate::phase::Phase;
use crate::platform::Platform;
use crate::secrets::password;
use crate::secured::{RIGHTS, Secured, basic};

/// The names of app image, run image, cache image and two additional tags.
pub(crate) fn image_names(secured: &Secured) -> [String; 5] {
    ["app:v1", "run:base", "cache:v1", "app:also", "shop/app:v1"].map(|image| secured.name(image))
}

/// The analyzer with the names of all images.
pub(crate) fn analyzer(secured: &Secured, phase: Phase) -> Phase {
    let [name, run_image, cache, also, elsewhere] = image_names(secured);
    phase
        .args(&["-run-image", &run_image, "-cache-image", &cache])
        .args(&["-tag", &also, "-tag", &elsewhere, &name])
}

/// The exporter with the names of all images.
pub(crate) fn exporter(secured: &Secured, phase: Phase) -> Phase {
    let [name, _, cache, also, elsewhere] = image_names(secured);
    phase.args(&["-cache-image", &cache, &name, &also, &elsewhere])
}

/// The first four phases; what each said.
pub(crate) fn build_until_export(platform: &Platform, secured: &Secured) -> [String; 4] {
    platform.write("run.toml", &format!("[[images]]\nimage = '{}'\n", secured.name("run:base")));
    secured.tokens.forget();
    let analyzed = analyzer(secured, secured.phase(platform, "analyzer")).run().succeeds();
    within_rights(secured, "analyzer");
    // Without credentials, and without network.
    let detected = platform.phase("detector").run().succeeds();
    let phase = secured.phase_with_file(platform, "restorer", &json!({ "auth": basic("restorer") }));
    let [_, _, cache, ..] = image_names(secured);
    let restored = phase.args(&["-cache-image", &cache]).run().succeeds();
    within_rights(secured, "restorer");
    let built = platform.phase("builder").run().succeeds();
    assert_eq!(secured.tokens.requests(), [], "nothing of tokens in detector and builder");
    [analyzed, detected, restored, built]
}

/// All five phases; what each said.
pub(crate) fn build(platform: &Platform, secured: &Secured) -> [String; 5] {
    let [analyzed, detected, restored, built] = build_until_export(platform, secured);
    let entry = json!({ "auth": "MDA6", "identitytoken": password("exporter") });
    let phase = secured.phase_with_file(platform, "exporter", &entry);
    let exported = exporter(secured, phase).run().succeeds();
    within_rights(secured, "exporter");
    [analyzed, detected, restored, built, exported]
}

/// A phase wanted no more than the table grants, and its user alone wanted it.
#[track_caller]
pub(crate) fn within_rights(secured: &Secured, user: &str) {
    let wanted = secured.wanted_by(user);
    assert!(!wanted.is_empty());
    for scope in wanted {
        let [_, repository, actions] = scope.split(':').collect::<Vec<_>>()[..] else { unreachable!() };
        let granted = RIGHTS.iter().find(|right| right.0 == user && right.1 == repository);
        let granted: Vec<_> = granted.map(|right| right.2.split(',').collect()).unwrap_or_default();
        assert!(actions.split(',').all(|action| granted.contains(&action)), "{user} wanted {scope}");
    }
}

/// The app image under each of its names is whole and the one that the report tells of.
fn check(platform: &Platform, secured: &Secured) -> String {
    let [name, _, _, also, elsewhere] = image_names(secured);
    let digest = platform.reported("digest");
    let skopeo = secured.skopeo();
    let registry = &secured.registry;
    for (image, repository, tag) in
        [(&name, "app", "v1"), (&also, "app", "also"), (&elsewhere, "shop/app", "v1")]
    {
        assert_eq!(registry.tagged(repository, tag).unwrap(), digest, "{image}");
        assert!(platform.read("reports/report.toml").contains(image.as_str()));
        let Some(found) = skopeo.inspect(image) else { continue };
        assert_eq!(found["Digest"], digest.as_str(), "{image}");
        let size = skopeo.manifest(image).unwrap().len();
        assert_eq!(platform.reported("manifest-size"), size.to_string());
        let directory = tempfile::tempdir().unwrap();
        skopeo.copy_to_dir(image, directory.path(), "pulled").unwrap();
    }
    digest
}

#[test]
fn the_first_build_makes_everything_and_the_second_uses_it() {
    let (Some(platform), Some(secured)) = (Platform::new(), Secured::new()) else { return };
    let [analyzed, .., built, exported] = build(&platform, &secured);
    let [name, run_image, ..] = image_names(&secured);
    assert!(
        analyzed.contains(&format!("Using run image '{run_image}': the platform names it")),
        "{analyzed}"
    );
    assert!(analyzed.contains(&format!("Image '{name}' was not found")), "{analyzed}");
    for layer in ["launched", "cached", "both"] {
        assert!(built.contains(&format!("{layer}: new\n")), "{built}");
        assert!(exported.contains(&format!("layer 'of/tests:{layer}'")), "{exported}");
    }
    let first = check(&platform, &secured);
    config_is_that_of_the_build(&secured, &name);

    platform.renew();
    let [analyzed, _, _, built, exported] = build(&platform, &secured);
    assert!(!analyzed.contains("was not found"), "{analyzed}");
    for (layer, at_hand) in [("launched", false), ("cached", true), ("both", true)] {
        assert!(built.contains(&format!("{layer}: known\n")), "{built}");
        assert_eq!(built.contains(&format!("{layer}: at hand\n")), at_hand, "{layer}: {built}");
    }
    for message in [
        "Reusing layer 'of/tests:launched'",
        "Reusing layer 'of/tests:both'",
        "Reusing cache layer 'of/tests:cached'",
        "Reusing cache layer 'of/tests:both'",
    ] {
        assert!(exported.contains(message), "{message}: {exported}");
    }
    assert_eq!(check(&platform, &secured), first, "the same build makes the same image");
}

/// What the image says of itself.
fn config_is_that_of_the_build(secured: &Secured, name: &str) {
    let Some(config) = secured.skopeo().config(name) else { return };
    let container = &config["config"];
    assert_eq!(container["Entrypoint"], json!(["/cnb/process/web"]));
    let label =
        |name: &str| -> Value { serde_json::from_str(container["Labels"][name].as_str().unwrap()).unwrap() };
    let metadata = label("io.buildpacks.lifecycle.metadata");
    assert_eq!(metadata["runImage"]["image"], secured.name("run:base"));
    let base = secured.registry.tagged("run", "base").unwrap();
    assert_eq!(metadata["runImage"]["reference"], format!("{}@{base}", secured.name("run")));
    let layers = &metadata["buildpacks"][0]["layers"];
    assert_eq!(layers["launched"]["data"], json!({ "made": "once" }));
    let diff_ids = config["rootfs"]["diff_ids"].as_array().unwrap();
    for layer in ["launched", "both"] {
        assert!(diff_ids.contains(&layers[layer]["sha"]), "{layer}: {config}");
    }
    assert_eq!(layers.get("cached"), None);
    let build = label("io.buildpacks.build.metadata");
    assert_eq!(build["buildpacks"], json!([{ "id": "of/tests", "version": "1.0.0" }]));
    assert_eq!(build["processes"][0]["type"], "web");
}

#[test]
fn a_user_other_than_root_builds_as_well() {
    let (Some(platform), Some(secured)) = (Platform::new(), Secured::new()) else { return };
    platform.hand_over("layers");
    let [_, _, cache, ..] = image_names(&secured);
    analyzer(&secured, secured.phase(&platform, "analyzer").by_user()).run().succeeds();
    platform.phase("detector").run().succeeds();
    let restorer = secured.phase(&platform, "restorer").by_user();
    restorer.args(&["-cache-image", &cache]).run().succeeds();
    platform.phase("builder").run().succeeds();
    exporter(&secured, secured.phase(&platform, "exporter").by_user()).run().succeeds();
    check(&platform, &secured);
}
