//! The creator. Spec: platform.md § creator.

use serde_json::json;
use test_kit::sha256;

use crate::scene::{BUILDPACK, Scene};
use crate::store::Store;
use crate::suite::inputs::{call, ready};
use crate::test::{Test, test};
use crate::verdict::{Verdict, contains, equal, lacks};
use platform_api::Phase;

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_image_is_that_of_the_phases).on(&[Store::Registry]),
        test!(restoring_can_be_skipped).on(&[Store::Registry]),
        test!(the_status_is_that_of_the_phase).with_images(),
    ]
}

/// A build with a layer and a process.
const BUILD: &str = "cd \"${CNB_LAYERS_DIR:-$1}\"\nmkdir -p made\necho of the layer > made/file\n\
    printf '[types]\\nlaunch = true\\ncache = true\\n' > made.toml\n";

fn the_image_is_that_of_the_phases(scene: &Scene<'_>) -> Verdict {
    ready(scene, Phase::Creator)?;
    scene.install(&scene.new_buildpack(BUILDPACK).build(BUILD));
    let run = ["-run-image", &scene.reference("run")];
    scene.phase("creator").args(&run).arg(scene.reference("created")).run()?.succeeds()?;
    ready(scene, Phase::Creator)?;
    scene.install(&scene.new_buildpack(BUILDPACK).build(BUILD));
    scene.phase("analyzer").args(&run).arg(scene.reference("phases")).run()?.succeeds()?;
    for phase in ["detector", "restorer", "builder"] {
        scene.phase(phase).run()?.succeeds()?;
    }
    scene.phase("exporter").arg(scene.reference("phases")).run()?.succeeds()?;
    let [created, of_phases] = ["created", "phases"].map(|name| scene.image(name));
    let (created, of_phases) = (created?, of_phases?);
    created.file("/layers/of_tests/made/file")?;
    equal("the image", &created.digest, &of_phases.digest)
}

/// With the switch, nothing of a layer comes back; whether the store does differs between versions.
fn restoring_can_be_skipped(scene: &Scene<'_>) -> Verdict {
    const SEEN: &str = "/home/user/seen";
    ready(scene, Phase::Creator)?;
    let script = format!(
        "cd \"${{CNB_LAYERS_DIR:-$1}}\"; ls > {SEEN}; cat store.toml >> {SEEN} 2> /dev/null; rm -f kept.toml; true"
    );
    scene.install(&scene.new_buildpack(BUILDPACK).build(&script));
    let layer = json!({ "sha": sha256(b""), "launch": true, "build": false, "cache": false, "data": {} });
    let store = json!({ "metadata": { "of": "the store" } });
    let buildpack =
        json!({ "key": BUILDPACK, "version": "1.0.0", "layers": { "kept": layer }, "store": store });
    let label = json!({ "buildpacks": [buildpack] }).to_string();
    let app = || scene.put("app", &scene.run_image().label("io.buildpacks.lifecycle.metadata", &label));
    app();
    call(scene, Phase::Creator).run()?.succeeds()?;
    let seen = scene.read(SEEN)?;
    contains("what comes back", &seen, "kept.toml")?;
    contains("what comes back", &seen, "the store")?;
    app();
    ready(scene, Phase::Creator)?;
    scene.install(&scene.new_buildpack(BUILDPACK).build(&script));
    call(scene, Phase::Creator).env("CNB_SKIP_RESTORE", "true").run()?.succeeds()?;
    let seen = scene.read(SEEN)?;
    lacks("what comes back", &seen, "kept.toml")?;
    if scene.holds("platform.creator.skip-restore.but-store") {
        contains("what comes back", &seen, "the store")?;
    }
    Ok(())
}

fn the_status_is_that_of_the_phase(scene: &Scene<'_>) -> Verdict {
    for (detect, build, process, status) in [
        ("exit 100", "", "", 20),
        ("exit 1", "", "", 21),
        ("", "exit 1", "", 51),
        ("", "echo '[[malformed' > \"${CNB_LAYERS_DIR:-$1}/launch.toml\"", "", 52),
        ("", "", "missing", 62),
    ] {
        ready(scene, Phase::Creator)?;
        scene.install(&scene.new_buildpack(BUILDPACK).detect(detect).build(build));
        call(scene, Phase::Creator).env("CNB_PROCESS_TYPE", process).run()?.exits(status)?;
    }
    Ok(())
}
