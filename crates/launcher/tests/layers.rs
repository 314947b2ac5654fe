//! What layers do to the environment of a process. Spec: buildpack.md § Environment.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod support;

use support::{Image, assert_fails, printed};

const PRINT: &str =
    "[[processes]]\ntype='web'\ncommand=['/usr/bin/printenv','A']\ndirect=true\nbuildpack-id='test/bp'\n";

#[test]
fn buildpacks_apply_in_their_order_and_layers_by_name() {
    let image = Image::new(&format!("[[buildpacks]]\nid='an/earlier'\napi='0.7'\n{PRINT}"));
    for (path, value) in [
        ("test_bp/b/env/A.append", "1"),
        ("test_bp/c/env/A.append", "3"),
        ("test_bp/b/env.launch/A.append", "2"),
        ("test_bp/c/env.launch/web/A.append", "4"),
        ("test_bp/c/env.launch/other/A.append", "x"),
        ("test_bp/c/env.build/A.append", "x"),
        ("an_earlier/a/env/A.append", "5"),
        ("an_unlisted/a/env/A.append", "x"),
        ("test_bp/env/A.append", "no layer: a file"),
    ] {
        image.write(format!("layers/{path}"), value);
    }
    assert_eq!(printed(&image.web(&[])), "12345\n");
}

#[test]
fn directories_of_all_layers_of_a_buildpack_come_before_its_variables() {
    let image = Image::new(
        "[[processes]]\ntype='web'\ncommand=['printenv','PATH']\ndirect=true\nbuildpack-id='test/bp'",
    );
    image.write("layers/test_bp/a/env/PATH.prepend", "variable:");
    fs_err::create_dir_all(image.path("layers/test_bp/a/bin")).unwrap();
    fs_err::create_dir_all(image.path("layers/test_bp/b/bin")).unwrap();
    let output = image.launcher("web").env("PATH", "/cnb/process:/usr/bin:/bin").output().unwrap();
    let layers = image.path("layers/test_bp");
    let layers = layers.display();
    assert_eq!(printed(&output), format!("variable:{layers}/b/bin:{layers}/a/bin:/usr/bin:/bin\n"));
}

#[test]
fn programs_of_layers_are_found() {
    let image =
        Image::new("[[processes]]\ntype='web'\ncommand=['tool']\ndirect=true\nbuildpack-id='test/bp'");
    image.write_executable("layers/test_bp/l/bin/tool", "#!/bin/sh\necho \"$0\"\n");
    assert_eq!(
        printed(&image.web(&[])).trim_end(),
        image.path("layers/test_bp/l/bin/tool").to_str().unwrap()
    );
}

#[test]
fn the_launchers_own_variables_are_not_passed_on() {
    let image = Image::new(
        "[[processes]]\ntype='web'\ncommand=['/usr/bin/env']\ndirect=true\nbuildpack-id='test/bp'",
    );
    let output = image
        .launcher("web")
        .env("PATH", "/cnb/process:/bin:/cnb/lifecycle")
        .env("CNB_EXEC_ENV", "production")
        .env("CNB_DEPRECATION_MODE", "quiet")
        .env("USER_GIVEN", "x=y")
        .output()
        .unwrap();
    assert_eq!(printed(&output), "CNB_EXEC_ENV=production\nPATH=/bin\nUSER_GIVEN=x=y\n");
}

#[test]
fn images_without_layers_launch() {
    let output = Image::new(PRINT).launcher("web").env("A", "mine").output().unwrap();
    assert_eq!(printed(&output), "mine\n");
}

#[test]
fn variable_files_that_cannot_be_used_are_named() {
    let image = Image::new(PRINT);
    image.write("layers/test_bp/l/env/A", b"a\0b");
    assert_fails(&image.web(&[]), 82, &["layers/test_bp/l/env/A", "NUL byte"]);
    let image = Image::new(PRINT);
    image.write("layers/test_bp/l/env", "a file");
    assert_fails(&image.web(&[]), 82, &["layers/test_bp/l/env"]);
    let image = Image::new(PRINT);
    image.write("layers/test_bp", "a file");
    assert_fails(&image.web(&[]), 82, &["layers/test_bp"]);
}
