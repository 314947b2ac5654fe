//! Rebasing images in a container engine.

use std::process::Command;

use test_engine::{Recorder, TestEngine};

use crate::support::{LABEL, RUN, app_image, diff_ids, metadata, run_image};

/// The layers of an image, in Docker's words.
fn layers(engine: &TestEngine, image: &str) -> Vec<String> {
    let text = engine.inspect(image, "{{join .RootFS.Layers \" \"}}");
    text.split(' ').map(ToOwned::to_owned).collect()
}

fn rebase(recorder: &Recorder, report: &std::path::Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rebaser"))
        .env_clear()
        .env("CNB_PLATFORM_API", "0.12")
        .env("DOCKER_HOST", recorder.host())
        .args(["-daemon", "-report"])
        .arg(report)
        .args(arguments)
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn an_app_image_in_an_engine_is_rebased_under_all_its_names() {
    let Some(engine) = TestEngine::shared() else { return };
    let recorder = Recorder::before(engine);
    let report = tempfile::tempdir().unwrap();
    let report = report.path().join("report.toml");
    engine.load("rebase/app:v1", &app_image(&metadata()));
    engine.load(RUN, &run_image(&["one", "new", "newer"]));
    let old = engine.id("rebase/app:v1");
    let (status, text) = rebase(&recorder, &report, &["rebase/app:v1", "rebase/app:v2"]);
    assert_eq!(status, 0, "{text}");
    let id = engine.id("rebase/app:v1");
    assert!(id != old && engine.id("rebase/app:v2") == id);
    assert_eq!(layers(engine, "rebase/app:v1"), diff_ids(&["one", "new", "newer", "deps", "app"]));
    assert_eq!(engine.inspect("rebase/app:v1", "{{.Config.User}}"), "1000");
    assert!(
        engine
            .inspect("rebase/app:v1", &format!("{{{{index .Config.Labels \"{LABEL}\"}}}}"))
            .contains(&engine.id(RUN))
    );
    // The app image's own layers were fetched once; those of the run image stayed where they are.
    assert_eq!(recorder.count("/get"), 1);
    let report = fs_err::read_to_string(report).unwrap();
    assert!(report.contains(&format!("image-id = \"{id}\"")) && !report.contains("digest"), "{report}");
}

#[test]
fn an_app_image_is_known_by_its_id() {
    let Some(engine) = TestEngine::shared() else { return };
    let recorder = Recorder::before(engine);
    let report = tempfile::tempdir().unwrap();
    let report = report.path().join("report.toml");
    engine.load("rebase/by-id:v1", &app_image(&metadata()));
    engine.load("rebase/run:next", &run_image(&["one", "next"]));
    let id = engine.id("rebase/by-id:v1");
    let flags = ["-force", "-run-image", "rebase/run:next", "-previous-image", &id, "rebase/by-id:v2"];
    let (status, text) = rebase(&recorder, &report, &flags);
    assert_eq!(status, 0, "{text}");
    assert_eq!(layers(engine, "rebase/by-id:v2"), diff_ids(&["one", "next", "deps", "app"]));
    assert_eq!(engine.id("rebase/by-id:v1"), id);
    let (status, text) = rebase(&recorder, &report, &["-run-image", "rebase/none", "rebase/by-id:v1"]);
    assert!(status != 0 && text.contains("rebase/none"), "{text}");
    let (status, text) = rebase(&recorder, &report, &["rebase/none:v1"]);
    assert!(status != 0 && text.contains("rebase/none:v1"), "{text}");
}
