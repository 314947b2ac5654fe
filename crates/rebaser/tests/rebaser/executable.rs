//! The executable: what it refuses before it looks at any image.

use std::process::Command;

/// Status and messages.
fn run(api: &str, environment: &[(&str, &str)], arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rebaser"))
        .env_clear()
        .env("CNB_PLATFORM_API", api)
        .envs(environment.iter().copied())
        .args(arguments)
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn inputs_that_cannot_be_used_end_with_3() {
    let digest = format!("r.example/app@sha256:{}", "0".repeat(64));
    for (arguments, message) in [
        (vec![], "one argument at least, the image"),
        (vec!["A::b"], "'A::b' is not an image reference"),
        (vec!["r.example/app", "s.example/app"], "different registries"),
        (vec!["-previous-image", "A::b", "r.example/app"], "'A::b'"),
        (vec!["-run-image", "A::b", "r.example/app"], "'A::b'"),
        (vec!["-image", "r.example/a", "-run-image", "r.example/b", "r.example/app"], "leave -image out"),
        (vec![&*digest], "needs a tag"),
    ] {
        let (status, text) = run("0.12", &[], &arguments);
        assert_eq!(status, 3, "{arguments:?}: {text}");
        assert!(text.contains(message), "{arguments:?}: {text}");
    }
}

#[test]
fn the_old_flag_goes_before_the_variable() {
    // The malformed name that is told is the one that counts.
    let environment = [("CNB_RUN_IMAGE", "OF::variable")];
    let (status, text) = run("0.12", &environment, &["-image", "OF::flag", "r.example/app"]);
    assert_eq!(status, 3);
    assert!(text.contains("OF::flag"), "{text}");
    let (_, text) = run("0.12", &environment, &["r.example/app"]);
    assert!(text.contains("OF::variable"), "{text}");
}

#[test]
fn flags_that_a_platform_api_does_not_know_are_refused() {
    for (flag, since, before) in [
        (&["-force"][..], "0.12", "0.11"),
        (&["-previous-image", "r.example/app"], "0.11", "0.10"),
        (&["-insecure-registry", "r.example"], "0.13", "0.12"),
    ] {
        // The malformed reference is found once the flags are.
        let arguments = [flag, &["A::b"]].concat();
        assert_eq!(run(since, &[], &arguments).0, 3, "{flag:?}");
        assert_eq!(run(before, &[], &arguments).0, 2, "{flag:?}");
    }
}
