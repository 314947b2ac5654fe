//! Input that is malformed, missing or hostile: the exit status, and what the message names.

use std::os::unix::fs::PermissionsExt;

use spec_model::PlatformApi;
use test_kit::ScriptedBuildpack;

use crate::support::{Fixture, plan};

fn fixture() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.buildpack("a", "").order(&["a"]);
    fixture
}

fn assert_fails(fixture: &mut Fixture, status: u8, parts: &[&str]) {
    let (actual, message) = fixture.failure();
    assert_eq!(actual, status, "{message}");
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
    assert_eq!(fixture.file("layers/group.toml"), None, "nothing is written");
}

/// Runs a group of this one buildpack, which has to be at fault; the line about it.
fn fault(fixture: &mut Fixture) -> String {
    let (status, message) = fixture.order(&["bad"]).failure();
    assert_eq!((status, message.contains("bad@1.0.0 ended with an error")), (21, true), "{message}");
    fixture.log.iter().find(|line| line.contains("err:  bad@1.0.0")).unwrap().clone()
}

#[test]
fn files_of_the_platform_are_read_with_care() {
    for (file, text, parts) in [
        ("order.toml", "[[order", &["order.toml: line 1"][..]),
        ("order.toml", "[[order]]\n[[order.group]]\nid = 7", &["order.toml: line 3", "order[0].group[0].id"]),
        ("order.toml", "[[order]]\n[[order.group]]\nversion = '1'", &["order.toml", "id"]),
        ("order.toml", "[[order]]\n[[order.group]]\nid = '..'", &["order.toml: line 3", "'..'"]),
        ("system.toml", "[system]\npre = 1", &["system.toml: line 2", "system.pre"]),
        ("layers/analyzed.toml", "run-image = 1", &["analyzed.toml: line 1", "run-image"]),
        ("layers/analyzed.toml", "[run-image.target]\nos = ['linux']", &["analyzed.toml: line 2"]),
    ] {
        let mut fixture = fixture();
        fixture.scratch.write(file, text);
        assert_fails(&mut fixture, 1, parts);
    }
}

#[test]
fn missing_files_are_named_where_they_are_needed() {
    let mut fixture = fixture();
    fs_err::remove_file(&fixture.inputs.order).unwrap();
    assert_fails(&mut fixture, 1, &["order.toml"]);
    fs_err::create_dir(&fixture.inputs.order).unwrap();
    assert_fails(&mut fixture, 1, &["order.toml"]);
    fs_err::remove_dir(&fixture.inputs.app).unwrap();
    assert_fails(&mut fixture, 1, &["app directory", "/app does not exist"]);
}

#[test]
fn an_order_without_groups_detects_nothing() {
    let mut fixture = fixture();
    fixture.scratch.write("order.toml", "# empty\n");
    assert_fails(&mut fixture, 20, &["No buildpack groups passed detection"]);
}

#[test]
fn an_absent_buildpack_is_told_with_place_and_versions() {
    let mut fixture = fixture();
    fixture.install(&ScriptedBuildpack::new("b/c", "0.12").version("2.1.0"));
    let place = fixture.inputs.buildpacks.join("b_c/1.0.0").display().to_string();
    fixture.order(&["a", "b/c"]);
    assert_fails(&mut fixture, 1, &["no buildpack b/c@1.0.0", &place, "versions there: 2.1.0"]);
    fixture.scratch.write("system.toml", "[[system.post.buildpacks]]\nid = 'gone'\nversion = '3'");
    fixture.order(&["a"]);
    assert_fails(&mut fixture, 1, &["no buildpack gone@3"]);
    fs_err::remove_file(&fixture.inputs.system).unwrap();
    fixture.order_with_extensions(&["a"], &["x"]);
    assert_fails(&mut fixture, 1, &["no image extension x@1.0.0", "/extensions/x/1.0.0"]);
}

#[test]
fn malformed_descriptors_are_named() {
    for (text, parts) in [
        ("api = ", &["buildpack bad@1.0.0", "bad/1.0.0/buildpack.toml: line 1"][..]),
        (
            "api = '0.12'\n[buildpack]\nid = 'bad'\n[[targets]]\nos = 1",
            &["buildpack.toml: line 5", "targets[0].os"],
        ),
        ("api = '0.12'\n[buildpack]\nid = 'bad'\n[[order]]\ngroup = 1", &["buildpack.toml: line 5"]),
        ("api = '0.12'\n[[buildpack.exec-env]]\nname = 'test'\n[buildpack]\nid = 'bad'", &["buildpack.toml"]),
    ] {
        let mut fixture = fixture();
        fixture.scratch.write("buildpacks/bad/1.0.0/buildpack.toml", text);
        fixture.order(&["bad"]);
        assert_fails(&mut fixture, 1, parts);
        fixture.composite("m", &["bad"]).order(&["m"]);
        assert_fails(&mut fixture, 22, &["m@1.0.0", parts[0]]);
    }
}

#[test]
fn unsupported_buildpack_apis_end_detection() {
    for api in ["0.6", "0.13", "1.0", "", "latest"] {
        let mut fixture = fixture();
        fixture.install(&ScriptedBuildpack::new("bad", api));
        fixture.order(&["a", "bad"]);
        assert_fails(&mut fixture, 12, &["bad@1.0.0", "Buildpack API"]);
    }
    let mut fixture = fixture();
    fixture
        .scratch
        .write("extensions/x/1.0.0/extension.toml", "api = '0.99'\n[extension]\nid = 'x'\nversion = '1.0.0'");
    fixture.order_with_extensions(&["a"], &["x"]);
    assert_fails(&mut fixture, 12, &["image extension x@1.0.0", "0.99"]);
}

#[test]
fn an_unsupported_api_inside_of_a_composite_is_left_to_the_builder() {
    let mut fixture = fixture();
    fixture.install(&ScriptedBuildpack::new("old", "0.2")).composite("m", &["old"]);
    assert_eq!(fixture.order(&["m"]).group(), "old");
    fixture.install(&ScriptedBuildpack::new("bad", "latest")).composite("m", &["bad"]);
    fs_err::remove_file(&fixture.inputs.group).unwrap();
    fixture.order(&["m"]);
    assert_fails(&mut fixture, 21, &["bad@1.0.0"]);
    assert!(fixture.log_text().contains("'latest' is not an API version"), "{}", fixture.log_text());
}

#[test]
fn a_detect_that_does_not_start_is_an_error() {
    let mut fixture = fixture();
    fixture.install(&ScriptedBuildpack::new("bad", "0.12").without("detect"));
    assert!(fault(&mut fixture).contains("/bad/1.0.0/bin/detect does not exist"));
    fixture.buildpack("bad", "");
    let detect = fixture.inputs.buildpacks.join("bad/1.0.0/bin/detect");
    fs_err::set_permissions(&detect, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(fault(&mut fixture).contains("bin/detect is not executable"));
    fs_err::remove_file(&detect).unwrap();
    fs_err::create_dir(&detect).unwrap();
    assert!(fault(&mut fixture).contains("bin/detect is not a file"));
    fs_err::remove_dir(&detect).unwrap();
    let link = std::os::unix::fs::symlink("nowhere", &detect);
    link.unwrap();
    assert!(fault(&mut fixture).contains("bin/detect does not exist"));
}

#[test]
fn a_detect_that_ends_badly_is_an_error() {
    for (script, expected) in [
        ("exit 42", "err:  bad@1.0.0 (42)  bin/detect ended with status 42"),
        ("exit 101", "(101)"),
        ("exit 99", "(99)"),
        ("kill -9 $$", "bin/detect was killed by signal: 9"),
        ("rm \"$2\"", "is not a regular file"),
        ("rm \"$2\"; mkdir \"$2\"", "is not a regular file"),
        ("rm \"$2\"; mkfifo \"$2\"", "is not a regular file"),
        ("ln -sf /dev/zero \"$2\"", "is not a regular file"),
        ("printf 'provides = 1' > \"$2\"", "the build plan is malformed"),
        ("printf '[[requires]]\\nmetadata = {}' > \"$2\"", "requires[0]"),
        ("printf '\\377' > \"$2\"", "not UTF-8"),
        ("printf '[[requires]]\\nname=\"n\"\\nversion=\"1\"' > \"$2\"", "requires 'n' with a version key"),
        (
            "printf '[[or]]\\n[[or.requires]]\\nname=\"n\"\\nversion=\"1\"' > \"$2\"",
            "requires 'n' with a version key",
        ),
    ] {
        let mut fixture = fixture();
        fixture.buildpack("bad", script);
        let line = fault(&mut fixture);
        assert!(line.contains(expected), "{script}: {line}");
    }
}

#[test]
fn an_error_counts_wherever_it_happens() {
    for (order, status) in [
        (&["bad?"][..], 21),
        (&["bad? no"], 21),
        (&["bad? no", "no"], 21),
        (&["no", "no bad?"], 21),
        (&["no", "no2 no"], 20),
    ] {
        let mut fixture = fixture();
        fixture.buildpack("bad", "exit 1").buildpack("no", "exit 100").buildpack("no2", "exit 100");
        assert_eq!(fixture.order(order).failure().0, status, "{order:?}");
    }
}

#[test]
fn much_output_is_cut() {
    let mut fixture = fixture();
    fixture.buildpack("bad", "head -c 1000000 /dev/zero | tr '\\0' 'x' | fold -w 100; exit 1");
    fault(&mut fixture);
    assert!(fixture.log.iter().any(|line| line.contains("… ") && line.contains(" more bytes")));
    assert!(fixture.log_text().len() < 400_000);
}

#[test]
fn odd_output_is_shown_as_far_as_it_is_text() {
    let mut fixture = fixture();
    fixture.buildpack("bad", "printf 'be\\377fore\\n\\nafter'; exit 1");
    fault(&mut fixture);
    assert!(fixture.log_text().contains("| be\u{fffd}fore"), "{}", fixture.log_text());
}

#[test]
fn a_variable_file_that_is_no_text_is_a_fault_of_the_platform() {
    let mut fixture = fixture();
    fixture.scratch.write("platform/env/BP_X", "a\0b");
    fixture.buildpack("bad", "");
    assert!(fault(&mut fixture).contains("platform/env/BP_X"));
}

#[test]
fn results_that_cannot_be_written_are_an_error() {
    let mut fixture = fixture();
    fixture.scratch.write("file", "");
    fixture.inputs.group = fixture.scratch.path("file/group.toml");
    assert_fails(&mut fixture, 1, &["file"]);
}

#[test]
fn older_platform_apis_leave_out_what_they_do_not_know() {
    let mut fixture = fixture();
    fixture.scratch.write("system.toml", "malformed");
    fixture.inputs.platform_api = PlatformApi::V0_14;
    fixture.detect().unwrap();
    fixture.inputs.platform_api = PlatformApi::V0_9;
    fixture.order_with_extensions(&["a"], &["gone"]).detect().unwrap();
    assert!(fixture.log_text().contains("Platform API 0.9 knows no image extensions"));
    fixture.install(&ScriptedBuildpack::new("b", "0.12").tables("[[targets]]\nos = 'windows'"));
    fixture.inputs.platform_api = PlatformApi::V0_11;
    assert_eq!(fixture.order(&["b"]).group(), "b");
}

#[test]
fn extensions_may_only_provide() {
    let mut fixture = fixture();
    fixture.extension("x", &[("detect", &plan("+n | -n"))]);
    fixture.order_with_extensions(&["a"], &["x"]).detect().unwrap();
    assert!(fixture.log_text().contains("err:  x@1.0.0  optional; the build plan requires 'n'"));
}

#[test]
fn buildpacks_that_would_share_a_directory_are_refused() {
    let mut fixture = Fixture::new();
    fixture.buildpack("a/b", "").install(&ScriptedBuildpack::new("a_b", "0.12").version("2.0.0"));
    let order =
        "[[order]]\n[[order.group]]\nid='a/b'\nversion='1.0.0'\n[[order.group]]\nid='a_b'\nversion='2.0.0'\n";
    fixture.scratch.write("order.toml", order);
    assert_fails(&mut fixture, 22, &["'a/b'", "'a_b'", "directory a_b of layers"]);
}
