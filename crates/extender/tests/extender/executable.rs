//! The phase as an executable: inputs, streams, statuses.

use std::process::{Command, Output};

use test_kit::Scratch;

fn run(scratch: &Scratch, api: &str, arguments: &[&str]) -> (i32, String) {
    let mut command: Command = scratch.phase(env!("CARGO_BIN_EXE_extender").as_ref(), api);
    let Output { status, stdout, stderr } = command.args(arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

#[test]
fn inputs_are_checked_first() {
    let scratch = Scratch::new();
    scratch.write("layers/group.toml", "");
    scratch.write("layers/analyzed.toml", "[run-image]\nreference = 'reg.example/run:tag'\nextend = true\n");
    for (api, arguments, code, part) in [
        ("0.13", &["-kind", "other"][..], 3, "not 'other'"),
        ("0.13", &["-kaniko-cache-ttl", "2 weeks"], 3, "'2 weeks' is no duration"),
        ("0.11", &["-kind", "run"], 2, "-kind"),
        ("0.13", &["image"], 3, "no arguments"),
        ("0.13", &["-kind", "run"], 102, "names no run image by digest"),
        ("0.13", &["-kind", "run", "-group", "/none.toml"], 1, "/none.toml"),
        ("0.13", &["-analyzed", "/none.toml"], 1, "/none.toml"),
    ] {
        let (actual, text) = run(&scratch, api, arguments);
        assert_eq!(actual, code, "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: {text}");
    }
}

#[test]
fn the_build_follows_if_there_is_nothing_to_extend() {
    let scratch = Scratch::new();
    let buildpack = test_kit::ScriptedBuildpack::new("a/b", "0.10").build("echo built as $(id -u)");
    scratch.detected(&[buildpack]);
    scratch.write("layers/analyzed.toml", "");
    let (code, text) = run(&scratch, "0.13", &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("built as"), "{text}");
    assert!(scratch.has("layers/config/metadata.toml"));
}

#[test]
fn credentials_are_forgotten() {
    let scratch = Scratch::new();
    scratch.detected(&[
        test_kit::ScriptedBuildpack::new("a/b", "0.10").build("tr '\\0' '\\n' < /proc/$PPID/environ")
    ]);
    scratch.write("layers/analyzed.toml", "");
    let mut command = scratch.phase(env!("CARGO_BIN_EXE_extender").as_ref(), "0.13");
    let output = command.env("CNB_REGISTRY_AUTH", "{\"secret\":\"x\"}").output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && text.contains("CNB_PLATFORM_API=0.13"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}
