//! The executable: how it takes its inputs, where it writes, how it ends.

use std::path::Path;
use std::process::Output;

use crate::support::Fixture;

fn run(fixture: &Fixture, platform_api: &str, variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = fixture.scratch.phase(Path::new(env!("CARGO_BIN_EXE_detector")), platform_api);
    command.env("CNB_EXTENSIONS_DIR", &fixture.inputs.extensions).envs(variables.iter().copied());
    let Output { status, stdout, stderr } =
        command.arg("-order").arg(&fixture.inputs.order).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn inputs_come_from_flags_and_variables() {
    let mut fixture = Fixture::new();
    fixture.buildpack("a", "test \"$CNB_EXEC_ENV\" = test").order(&["a"]);
    let (status, stdout, stderr) = run(&fixture, "0.15", &[("CNB_EXEC_ENV", "test")]);
    assert_eq!((status, stdout.as_str(), stderr.as_str()), (Some(0), "a 1.0.0\n", ""));
    assert!(fixture.scratch.has("layers/group.toml") && fixture.scratch.has("layers/plan.toml"));
}

#[test]
fn the_report_goes_to_standard_output_and_the_error_to_standard_error() {
    let mut fixture = Fixture::new();
    fixture.buildpack("no", "echo not mine; exit 100").order(&["no"]);
    let (status, stdout, stderr) = run(&fixture, "0.15", &[]);
    assert_eq!(status, Some(20), "{stderr}");
    assert!(stdout.contains("  fail: no@1.0.0  does not apply") && stdout.contains("| not mine"), "{stdout}");
    assert!(
        stderr.starts_with("ERROR: detector: No buildpack groups passed detection\n  hint: "),
        "{stderr}"
    );
    let (_, stdout, stderr) = run(&fixture, "0.15", &[("CNB_LOG_LEVEL", "error")]);
    assert!(stdout.is_empty() && stderr.contains("  fail: no@1.0.0"), "{stdout} {stderr}");
}

#[test]
fn extensions_are_experimental_before_platform_api_0_13() {
    let mut fixture = Fixture::new();
    fixture.buildpack("a", "").extension("x", &[]).order_with_extensions(&["a"], &["x"]);
    for (platform_api, mode, status) in
        [("0.12", "", 1), ("0.12", "error", 1), ("0.12", "warn", 0), ("0.12", "silent", 0), ("0.13", "", 0)]
    {
        let (actual, _, stderr) = run(&fixture, platform_api, &[("CNB_EXPERIMENTAL_MODE", mode)]);
        assert_eq!(actual, Some(status), "{platform_api} {mode}: {stderr}");
        assert_eq!(stderr.contains("Warning: the use of image extensions"), mode == "warn", "{stderr}");
    }
}
