//! Builds that fail: the exit status, what the user is told, what is left alone.

use crate::support::{build, buildpack, detected, failure};
use test_kit::ScriptedBuildpack;

/// Fails unless the message has all of the words.
fn assert_told((code, message): (u8, String), expected_code: u8, words: &[&str]) {
    assert_eq!(code, expected_code, "{message}");
    for word in words {
        assert!(message.contains(word), "'{word}' is missing: {message}");
    }
}

#[test]
fn a_failing_buildpack_ends_the_build_by_name() {
    for (script, how) in [("exit 3", "exit status: 3"), ("kill -9 $$", "SIGKILL"), ("exit 100", "100")] {
        let scratch = detected(&[buildpack("a/b", "0.12", script), buildpack("c", "0.12", "touch ran")]);
        assert_told(failure(&scratch), 51, &["a/b@1.0.0", "bin/build", how]);
        assert!(!scratch.has("app/ran") && !scratch.has("layers/config"));
    }
}

#[test]
fn a_buildpack_that_does_not_start_is_at_fault() {
    let scratch = detected(&[ScriptedBuildpack::new("a", "0.12").without("build")]);
    assert_told(failure(&scratch), 51, &["a@1.0.0", "a/1.0.0/bin/build does not exist"]);

    scratch.write("buildpacks/a/1.0.0/bin/build", "#!/bin/sh\n");
    assert_told(failure(&scratch), 51, &["a@1.0.0", "not executable"]);
}

#[test]
fn unknown_buildpack_apis_are_found_before_anything_runs() {
    for api in ["0.3", "0.13", "1.0", "x", ""] {
        let scratch = detected(&[buildpack("a", "0.12", "touch ran"), buildpack("b", api, "")]);
        assert_told(failure(&scratch), 12, &["b@1.0.0"]);
        assert!(!scratch.has("app/ran"));
    }
    // The group may have been detected with another version of the buildpack.
    let scratch = detected(&[buildpack("a", "0.12", "")]);
    scratch
        .write("buildpacks/a/1.0.0/buildpack.toml", "api = '0.2'\n[buildpack]\nid = 'a'\nversion = '1.0.0'");
    assert_told(failure(&scratch), 12, &["a@1.0.0", "0.2"]);
}

#[test]
fn buildpacks_that_would_share_a_directory_are_refused() {
    let scratch = detected(&[buildpack("a/b", "0.12", "touch ran"), buildpack("a_b", "0.12", "touch ran")]);
    assert_told(failure(&scratch), 52, &["a/b", "a_b", "share"]);
    assert!(!scratch.has("app/ran"));
}

#[test]
fn what_is_missing_is_named() {
    let scratch = detected(&[buildpack("a", "0.12", "")]);
    fs_err::remove_dir_all(scratch.path("buildpacks/a")).unwrap();
    assert_told(failure(&scratch), 52, &["a@1.0.0", "buildpacks/a/1.0.0"]);

    let scratch = detected(&[buildpack("a", "0.12", "")]);
    scratch.write("buildpacks/a/1.0.0/buildpack.toml", "api = '0.12'\n[buildpack\n");
    assert_told(failure(&scratch), 52, &["a@1.0.0", "buildpack.toml: line 2"]);

    let scratch = detected(&[buildpack("a", "0.12", "")]);
    fs_err::remove_dir_all(scratch.path("app")).unwrap();
    assert_told(failure(&scratch), 52, &["app directory", scratch.path("app").to_str().unwrap()]);
}

/// A file that the buildpack writes, its contents, and what the user has to be told.
type Malformed = (&'static str, &'static str, &'static [&'static str]);

const MALFORMED: &[Malformed] = &[
    ("launch.toml", "[[", &["launch.toml: line 1"]),
    ("launch.toml", "\n[[labels]]\nkey = 1", &["launch.toml: line 3", "labels[0].key"]),
    ("build.toml", "= 1", &["build.toml: line 1"]),
    ("build.toml", "unmet = 1", &["build.toml: line 1", "unmet"]),
    ("build.toml", "[[unmet]]\nname = 'ghost'", &["build.toml", "'ghost'", "[known]"]),
    ("build.toml", "[[unmet]]", &["build.toml", "''"]),
    ("build.toml", "[[bom]]\nname = 'd'\nversion = '1'", &["build.toml", "'d'", "metadata.version"]),
    ("launch.toml", "[[bom]]\nname = 'd'\nversion = '1'", &["launch.toml", "'d'", "metadata.version"]),
    ("store.toml", "[metadata", &["store.toml: line 1"]),
    ("store.toml", "metadata = 1", &["store.toml: line 1", "metadata"]),
    ("l.toml", "launch = true", &["l.toml", "[types]"]),
    ("l.toml", "[types]\nlaunch = 'yes'", &["l.toml: line 2", "types.launch"]),
    ("...toml", "[types]\nlaunch = true", &["...toml"]),
    ("build.sbom.xyz.json", "", &["build.sbom.xyz.json", ".sbom.cdx.json"]),
    ("launch.sbom.cdx.json", "", &["launch.sbom.cdx.json", "application/vnd.cyclonedx+json", "sbom-formats"]),
    ("launch.toml", "[[processes]]\ntype = 'w'\ncommand = 'x'", &["launch.toml", "'w'", "array", "0.12"]),
    ("launch.toml", "[[processes]]\ntype = 'w'\ncommand = ['x']\ndirect = true", &["'w'", "'direct'"]),
    ("launch.toml", "[[processes]]\ntype = 'w'\ncommand = []", &["'w'", "empty"]),
    ("launch.toml", "[[processes]]\ntype = 'w'", &["launch.toml", "command"]),
    ("launch.toml", "[[processes]]\ntype = '../w'\ncommand = ['x']", &["launch.toml", "'../w'"]),
    ("launch.toml", "[[processes]]\ntype = '..'\ncommand = ['x']", &["launch.toml", "'..'"]),
    ("launch.toml", "[[processes]]\ntype = ''\ncommand = ['x']", &["launch.toml", "''"]),
    (
        "launch.toml",
        "[[processes]]\ntype = 'a'\ncommand = ['x']\ndefault = true\n\
         [[processes]]\ntype = 'b'\ncommand = ['x']\ndefault = true",
        &["launch.toml", "'a'", "'b'", "default"],
    ),
];

#[test]
fn malformed_outputs_are_named_with_buildpack_file_and_place() {
    for (file, contents, words) in MALFORMED {
        let script = format!("cat > \"$1/{file}\" <<'END'\n{contents}\nEND");
        let scratch = detected(&[buildpack("a/b", "0.12", &script), buildpack("c", "0.12", "touch ran")]);
        let plan = "[[entries]]\nproviders = [{ id = 'a/b' }]\nrequires = [{ name = 'known' }]";
        scratch.write("layers/plan.toml", plan);
        let (code, message) = failure(&scratch);
        assert!(message.contains("a/b@1.0.0"), "{file} {contents}: {message}");
        assert_told((code, message), 52, words);
        assert!(!scratch.has("app/ran") && !scratch.has("layers/config"), "{file} {contents}");
    }
}

#[test]
fn commands_were_strings_before_buildpack_api_0_9() {
    let script = "printf '[[processes]]\\ntype = \"w\"\\ncommand = [\"x\"]\\n' > \"$1/launch.toml\"";
    assert_told(failure(&detected(&[buildpack("a", "0.8", script)])), 52, &["'w'", "a string", "0.8"]);
}

#[test]
fn environment_files_that_no_variable_can_hold_are_named() {
    let script = "mkdir -p \"$1/l/env\"; printf 'a\\0b' > \"$1/l/env/V\"; printf '[types]\\nbuild = true' > \"$1/l.toml\"";
    assert_told(failure(&detected(&[buildpack("a", "0.12", script)])), 52, &["a@1.0.0", "l/env/V", "NUL"]);

    let scratch = detected(&[buildpack("a", "0.12", "")]);
    scratch.write("platform/env/V", "a\0b");
    assert_told(failure(&scratch), 52, &["a@1.0.0", "platform/env/V"]);
}

#[test]
fn a_directory_in_the_way_is_named() {
    let scratch = detected(&[buildpack("a", "0.12", "")]);
    scratch.write("layers/a", "");
    assert_told(failure(&scratch), 52, &["a@1.0.0", "layers/a"]);

    let scratch = detected(&[buildpack("a", "0.12", "")]);
    scratch.write("layers/config", "");
    assert_told(failure(&scratch), 52, &["layers/config"]);
}

#[test]
fn a_failed_build_leaves_the_metadata_of_the_last_one() {
    let scratch = detected(&[buildpack("a", "0.12", "[ -e fail ] && exit 1; exit 0")]);
    build(&scratch).unwrap();
    let metadata = scratch.read("layers/config/metadata.toml");
    scratch.write("app/fail", "");
    assert_eq!(failure(&scratch).0, 51);
    assert_eq!(scratch.read("layers/config/metadata.toml"), metadata);
}
