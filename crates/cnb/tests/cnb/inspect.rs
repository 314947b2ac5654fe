//! `cnb inspect`.

use serde_json::{Value, json};
use test_kit::ImageFixture;

use crate::support::{Workspace, stderr, stdout};

const BUILD: &str = r#"{"buildpacks":[{"id":"acme/node","version":"1.2.3","homepage":"https://acme.example"},
    {"id":"acme/longer-name","version":"4"}],"extensions":[{"id":"acme/extension","version":"5"}],
    "launcher":{"version":"1"},"processes":[
    {"type":"web","command":["node","server.js"],"args":["--name","a b"],"direct":true,"buildpackID":"acme/node"},
    {"type":"task","command":"npm run task","args":null,"direct":false,"buildpackID":"acme/node","working-dir":"/w"}],
    "buildpack-default-process-type":"task"}"#;

const LIFECYCLE: &str = r#"{"app":[],"buildpacks":[],"config":{"sha":""},"launcher":{"sha":""},
    "process-types":{"sha":""},"runImage":{"topLayer":"sha256:77","reference":"reg.example/run@sha256:88",
    "image":"reg.example/run:1","mirrors":["mirror.example/run:1"]}}"#;

fn app_image() -> ImageFixture {
    let mut image = ImageFixture::default()
        .layer(&[("bin/sh", "x")])
        .layer(&[("layers/config/metadata.toml", "")])
        .label("io.buildpacks.build.metadata", BUILD)
        .label("io.buildpacks.lifecycle.metadata", LIFECYCLE)
        .label("io.buildpacks.base.distro.name", "debian")
        .label("io.buildpacks.base.distro.version", "12")
        .label("org.example.title", "A title");
    image.config["created"] = json!("1980-01-01T00:00:01Z");
    image.config["config"]["Entrypoint"] = json!(["/cnb/process/web"]);
    image.config["config"]["User"] = json!("1000:1000");
    image.config["config"]["WorkingDir"] = json!("/workspace");
    image.config["history"] = json!([
        { "created_by": "base" },
        { "created_by": "nothing", "empty_layer": true },
        { "created_by": "Layer: 'config'" },
    ]);
    image
}

fn inspect(image: &ImageFixture, options: &[&str]) -> String {
    let workspace = Workspace::new();
    image.write(&workspace.image_dir("localhost/app"));
    let output = workspace.cnb(&["inspect"]).args(options).arg("localhost/app").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn an_app_image_tells_what_it_is_made_of() {
    let text = inspect(&app_image(), &[]);
    let lines: Vec<_> = text.lines().collect();
    for expected in [
        "Image              localhost/app",
        "Created            1980-01-01T00:00:01Z",
        "Distribution       debian 12",
        "User               1000:1000",
        "Working directory  /workspace",
        "Entry point        /cnb/process/web",
        "Run image          reg.example/run:1",
        "  mirror           mirror.example/run:1",
        "  built on         reg.example/run@sha256:88",
        "  top layer        sha256:77",
        "  acme/node         1.2.3  https://acme.example",
        "  acme/longer-name  4",
        "  acme/extension  5",
        "  web   (default)  acme/node  node server.js --name 'a b'",
        "  task             acme/node  'npm run task'  (in a shell)  (in /w)",
    ] {
        assert!(lines.contains(&expected), "{expected:?} is missing from\n{text}");
    }
    let has =
        |start: &str, end: &str| lines.iter().any(|line| line.starts_with(start) && line.ends_with(end));
    assert!(has("  org.example.title ", " A title"), "{text}");
    assert!(has("  io.buildpacks.build.metadata ", " bytes)"), "{text}");
    assert!(
        lines.iter().any(|line| line.contains("sha256:") && line.ends_with("  Layer: 'config'")),
        "{text}"
    );
}

#[test]
fn json_holds_all_of_it() {
    let summary: Value = serde_json::from_str(&inspect(&app_image(), &["--json"])).unwrap();
    assert_eq!(summary["reference"], "localhost/app");
    assert_eq!(summary["distribution"], json!({ "name": "debian", "version": "12" }));
    assert_eq!(summary["buildpacks"][0]["homepage"], "https://acme.example");
    assert_eq!(summary["extensions"][0]["id"], "acme/extension");
    assert_eq!(summary["run_image"]["mirrors"], json!(["mirror.example/run:1"]));
    assert_eq!(summary["labels"]["io.buildpacks.build.metadata"], BUILD);
    assert_eq!(
        summary["processes"][0],
        json!({
            "type": "web", "default": true, "command": ["node", "server.js"], "args": ["--name", "a b"],
            "direct": true, "working_dir": "", "buildpack": "acme/node", "exec_env": [],
        })
    );
    assert_eq!(summary["processes"][1]["default"], false);
    assert_eq!(summary["layers"][1]["created_by"], "Layer: 'config'");
    assert!(summary["layers"][0]["size"].as_u64().unwrap() > 0);
}

#[test]
fn any_other_image_can_be_inspected_too() {
    let text = inspect(&ImageFixture::default().layer(&[("file", "")]), &[]);
    assert!(text.contains("Platform  linux/"), "{text}");
    assert!(!text.contains("Buildpacks:") && !text.contains("Run image"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("sha256:")).count(), 2, "{text}");
}

#[test]
fn older_images_name_their_run_image_elsewhere() {
    let label = r#"{"runImage":{"topLayer":"t","reference":"r"},"stack":{"runImage":{"image":"old","mirrors":["m"]}}}"#;
    let image = ImageFixture::default().label("io.buildpacks.lifecycle.metadata", label);
    let summary: Value = serde_json::from_str(&inspect(&image, &["--json"])).unwrap();
    assert_eq!(
        summary["run_image"],
        json!({ "image": "old", "mirrors": ["m"], "reference": "r", "top_layer": "t" })
    );
}

#[test]
fn what_is_missing_or_malformed_is_named() {
    let workspace = Workspace::new();
    let inspect = |reference: &str| {
        let output = workspace.cnb(&["inspect", reference]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        stderr(&output)
    };
    let error = inspect("localhost/absent");
    assert!(error.starts_with("ERROR: ") && error.contains("'localhost/absent'"), "{error}");
    let error = inspect("not/A/reference");
    assert!(error.contains("not/A/reference"), "{error}");

    ImageFixture::default()
        .label("io.buildpacks.build.metadata", "{")
        .write(&workspace.image_dir("localhost/malformed"));
    let error = inspect("localhost/malformed");
    assert!(
        error.contains("io.buildpacks.build.metadata") && error.contains("localhost/malformed"),
        "{error}"
    );
}
