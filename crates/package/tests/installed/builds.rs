//! Builds, what they say and what their images do.

use test_engine::TestEngine;
use test_registry::TestRegistry;

use crate::client::{Build, Client, Place, Trust};

/// What containers of the app image print: as the image says, and with other processes.
fn answers(engine: &TestEngine, image: &str) {
    for (arguments, expected) in [
        (&[image][..], "made as both"),
        (&["--env", "EXTRA=more", "--entrypoint", "origin", image], "from layer with more"),
        (&["--entrypoint", "launcher", image, "--", "/bin/cat", "file"], "of the app"),
    ] {
        assert_eq!(engine.docker(&[&["run", "--rm", "--network", "none"], arguments].concat()), expected);
    }
}

fn assert_first(text: &str) {
    assert!(text.contains("the platform's SETTING: of the platform"), "{text}");
    assert!(!text.contains(": at hand") && !text.contains(": known"), "{text}");
    for kept in ["Adding layer 'of/tests:both'", "Adding cache layer 'of/tests:both'"] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
}

fn assert_second(text: &str) {
    for told in [
        "Restoring data for \"of/tests:both\"",
        "both: at hand",
        "launched: known",
        "Reusing layer 'of/tests:both'",
        "Reusing layer 'of/tests:launched'",
        "Reusing cache layer 'of/tests:both'",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(!text.contains("Adding layer") && !text.contains("Adding cache layer"), "{text}");
}

#[test]
fn both_ways_to_build_make_one_image_and_keep_its_layers() {
    let Some(client) = Client::new() else { return };
    build_into_the_engine(&client);
    let Some(registry) = TestRegistry::plain() else { return };
    publish(&client, &registry);
}

fn build_into_the_engine(client: &Client) {
    let engine = client.images.engine;
    let mut ids = Vec::new();
    for (first, second, image) in [
        (Trust::Trusted, Trust::Untrusted, "of-tests/trusted:1"),
        (Trust::Untrusted, Trust::Trusted, "of-tests/untrusted:1"),
    ] {
        let build = |trust| Build { trust, place: Place::Engine, image, run_image: client.images.run };
        assert_first(&client.build(&build(first)));
        let id = engine.id(image);
        assert!(client.read("report.toml").contains(&format!("image-id = \"{id}\"")));
        assert_eq!(client.read("sbom/launch/of_tests/sbom.cdx.json"), "{}\n");
        answers(engine, image);
        let config = engine.inspect(image, "{{.Config.User}} {{.Config.Entrypoint}} {{.Config.WorkingDir}}");
        assert_eq!(config, "1001:1000 [/cnb/process/web] /workspace");

        assert_second(&client.build(&build(second)));
        assert_eq!(engine.id(image), id);
        ids.push(id);
    }
    assert_eq!(ids.first(), ids.last());
}

/// Publishes, with a cache image.
fn publish(client: &Client, registry: &TestRegistry) {
    let engine = client.images.engine;
    let [run_image, image, cache] =
        ["run", "app", "cache"].map(|image| format!("{}/{image}", registry.address()));
    engine.docker(&["tag", client.images.run, &run_image]);
    engine.docker(&["push", &run_image]);
    let build = |trust| {
        let place = Place::Registry { cache: &cache };
        Build { trust, place, image: &image, run_image: &run_image }
    };
    assert_first(&client.build(&build(Trust::Trusted)));
    engine.docker(&["pull", &image]);
    answers(engine, &image);
    let report = client.read("report.toml");

    assert_second(&client.build(&build(Trust::Untrusted)));
    assert_eq!(client.read("report.toml"), report);
}
