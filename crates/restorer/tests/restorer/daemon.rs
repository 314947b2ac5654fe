//! Restoration beside a container engine, started as root and done as the user.

use std::path::Path;
use std::process::Command;

use test_engine::{Recorder, TestEngine};
use test_kit::{ImageFixture, Scratch};

/// The user, as for others a socket of the engine is out of reach.
const USER: &str = "65534";

/// A build whose run image has to be looked at, because extensions were detected and its target is not known.
fn build(image: &str) -> Scratch {
    let scratch = Scratch::new();
    let element = |id: &str| format!("id = '{id}'\nversion = '1'\napi = '0.10'\n");
    let (buildpack, extension) = (element("acme/web"), element("acme/ext"));
    scratch.write("layers/group.toml", &format!("[[group]]\n{buildpack}[[group-extensions]]\n{extension}"));
    scratch.write("layers/analyzed.toml", &format!("[run-image]\nreference = ''\nimage = '{image}'\n"));
    scratch
}

/// Runs the restorer; its status and what it warns of.
fn restore(scratch: &Scratch, host: &str) -> (Option<i32>, String) {
    let executable = Path::new(env!("CARGO_BIN_EXE_restorer"));
    // For the directories' modes; the command itself would be no root's.
    drop(scratch.phase(executable, "0.12"));
    let output = Command::new(scratch.path("tmp/restorer"))
        .env_clear()
        .env("CNB_PLATFORM_API", "0.12")
        .env("CNB_LAYERS_DIR", scratch.path("layers"))
        .env("DOCKER_HOST", host)
        .args(["-daemon", "-uid", USER, "-gid", USER])
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn run_images_are_looked_at_where_they_are() {
    let Some(engine) = TestEngine::shared() else { return };
    let run = ImageFixture::default().layer(&[("etc/", "")]).label("io.buildpacks.base.id", "acme.base");
    engine.load("restore/run:1", &run);
    let recorder = Recorder::before(engine);
    let scratch = build("restore/run:1");
    assert_eq!(restore(&scratch, &recorder.host()), (Some(0), String::new()));
    let analyzed: toml::Table = scratch.read("layers/analyzed.toml").parse().unwrap();
    let run_image = &analyzed["run-image"];
    assert_eq!(run_image["reference"].as_str(), Some(engine.id("restore/run:1").as_str()));
    let target = &run_image["target"];
    assert_eq!((target["os"].as_str(), target["id"].as_str()), (Some("linux"), Some("acme.base")));

    let absent = build("restore/absent:1");
    let (status, text) = restore(&absent, &recorder.host());
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("run image 'restore/absent:1' does not exist"), "{text}");
}

#[test]
fn an_engine_that_is_not_there_is_told_if_it_is_needed() {
    if !rustix::process::geteuid().is_root() {
        // Only root can become the user.
        return;
    }
    let scratch = build("restore/run:1");
    let nowhere = scratch.path("nowhere.sock");
    let host = format!("unix://{}", nowhere.display());
    let (status, text) = restore(&scratch, &host);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("there is no socket") && text.contains(nowhere.to_str().unwrap()), "{text}");
    // Without extensions all that is needed is in the cache.
    scratch.write("layers/group.toml", "[[group]]\nid = 'acme/web'\nversion = '1'\napi = '0.10'\n");
    assert_eq!(restore(&scratch, &host), (Some(0), String::new()));
}
