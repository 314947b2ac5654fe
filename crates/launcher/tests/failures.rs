//! Launches that fail: exit statuses and what the user is told. Spec: platform.md § launcher, Outputs.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod support;

use support::{Image, assert_fails, printed};

fn image(command: &str) -> Image {
    Image::new(&format!("[[processes]]\ntype='web'\ncommand={command}\ndirect=true\nbuildpack-id='test/bp'"))
}

#[test]
fn the_platform_api_is_checked_before_anything_else() {
    let image = Image::bare();
    let unset = image.launcher("web").env_remove("CNB_PLATFORM_API").output().unwrap();
    assert_fails(&unset, 11, &["CNB_PLATFORM_API is not set"]);
    for version in ["", "0.6", "0.16", "1.0", "latest"] {
        let output = image.launcher("web").env("CNB_PLATFORM_API", version).output().unwrap();
        assert_fails(&output, 11, &["CNB_PLATFORM_API", version]);
    }
}

#[test]
fn buildpack_apis_are_checked_for_all_buildpacks() {
    for api in ["0.6", "0.13", "", "new"] {
        let image = Image::new(&format!("[[buildpacks]]\nid='other/bp'\napi='{api}'\n"));
        let output = image.launcher("launcher").args(["--", "true"]).output().unwrap();
        assert_fails(&output, 12, &["'other/bp'", api]);
    }
}

#[test]
fn metadata_that_cannot_be_read_is_located() {
    let image = Image::bare();
    assert_fails(&image.web(&[]), 1, &["layers/config/metadata.toml"]);
    for (metadata, place) in [
        ("[[processes]]\ntype = 'web'\ncommand = 1\n", "line 3, column 11, key 'processes[0].command'"),
        ("[[processes]]\ntype = 'web'\n", "line 1, column 1, key 'processes[0]': missing field `command`"),
        ("[[processes]]\ntype = ", "line 2"),
        ("processes = 'web'\n", "line 1, column 13, key 'processes'"),
        ("[[buildpacks]]\nid = '..'\n", "line 2, column 6, key 'buildpacks[0].id'"),
    ] {
        image.write("layers/config/metadata.toml", metadata);
        assert_fails(&image.web(&[]), 1, &["layers/config/metadata.toml: ", place]);
    }
    image.write("layers/config/metadata.toml", b"\xff");
    assert_fails(&image.web(&[]), 1, &["layers/config/metadata.toml: not UTF-8"]);
}

#[test]
fn a_command_that_is_not_found_names_the_path_searched() {
    let image = image("['no-such-program']");
    image.write_executable("layers/test_bp/l/bin/other", "");
    let layer = image.path("layers/test_bp/l/bin");
    let searched = format!("'{}:/usr/bin:/bin'", layer.display());
    assert_fails(&image.web(&[]), 82, &["command 'no-such-program'", &searched]);
    let output = image.launcher("launcher").args(["--", "true"]).env_remove("PATH").output().unwrap();
    assert_fails(&output, 82, &["command 'true'", "PATH"]);
    assert_fails(&self::image("['']").web(&[]), 82, &["command ''"]);
    assert_fails(&self::image("[]").web(&[]), 82, &["'web'", "empty command"]);
}

#[test]
fn a_path_that_leads_nowhere_is_named() {
    assert_fails(&image("['./absent']").web(&[]), 82, &["'./absent' does not exist"]);
    assert_fails(&image("['/bin']").web(&[]), 82, &["'/bin' is not an executable file"]);
}

#[test]
fn a_file_without_execute_permission_is_named() {
    let image = image("['tool']");
    image.write("layers/test_bp/l/bin/tool", "#!/bin/sh\n");
    assert_fails(&image.web(&[]), 82, &["layers/test_bp/l/bin/tool' is not an executable file", "user "]);
}

#[test]
fn a_script_that_cannot_run_is_explained() {
    let image = image("['./run']");
    image.write_executable("app/run", "#!/bin/sh\r\necho\n");
    assert_fails(&image.web(&[]), 82, &["'./run' needs the interpreter '/bin/sh\r'"]);
    image.write_executable("app/run", "echo\n");
    assert_fails(&image.web(&[]), 82, &["'./run' is neither a program for this machine"]);
    image.write_executable("app/run", "");
    assert_fails(&image.web(&[]), 82, &["'./run' is neither a program for this machine"]);
}

#[test]
fn arguments_that_are_too_long_are_explained() {
    let output = image("['/bin/true']").web(&[&"x".repeat(100_000)]);
    assert_eq!(printed(&output), "");
    let image = image("['/bin/true']");
    image.write("layers/test_bp/l/env/A", "x".repeat(200_000));
    assert_fails(&image.web(&[]), 82, &["'/bin/true'", "Argument list too long"]);
}

#[test]
fn a_nul_byte_in_a_command_is_refused() {
    let output = image(r#"["/bin/true", "a\u0000b"]"#).web(&[]);
    assert_fails(&output, 82, &["'/bin/true'", "NUL byte"]);
}

#[test]
fn directories_that_cannot_be_entered_are_named() {
    let image = image("['/bin/true']");
    let output = image.launcher("web").env("CNB_APP_DIR", image.path("absent")).output().unwrap();
    assert_fails(&output, 82, &["app directory", "/absent'"]);
    let image = Image::new(
        "[[processes]]\ntype='web'\ncommand=['/bin/true']\ndirect=true\nbuildpack-id='test/bp'\nworking-dir='away'",
    );
    assert_fails(&image.web(&[]), 82, &["working directory", "app/away'"]);
}
