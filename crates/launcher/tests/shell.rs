//! Processes by way of bash. Spec: platform.md § launcher, Execution.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod support;

use support::{Image, assert_fails, printed};

const SHOW: &str = "'/usr/bin/printf', '[%s]'";

fn image(keys: &str) -> Image {
    Image::new(&format!("[[processes]]\ntype='web'\ndirect=false\nbuildpack-id='test/bp'\n{keys}"))
}

fn user_command(image: &Image, arguments: &[&str]) -> std::process::Output {
    image.launcher("launcher").args(arguments).env("X", "x  y").output().unwrap()
}

#[test]
fn a_command_alone_is_a_script() {
    let image = Image::new("");
    assert_eq!(printed(&user_command(&image, &["echo $X | tr xy ab; echo \"$X\""])), "a b\nx  y\n");
}

#[test]
fn arguments_are_expanded_and_stay_one_word() {
    let image = Image::new("");
    image.write("app/file", "");
    for (argument, expected) in [
        ("$X", "x  y"),
        ("plain  words", "plain words"),
        ("*", "*"),
        ("$(echo sub; echo shell)", "sub\nshell"),
        ("`echo back`", "back"),
        ("; exit 3", "; exit 3"),
        ("'single'", "'single'"),
        ("in \"double  quotes\" too", "in double quotes too"),
        ("\\$X \\\\", "$X \\"),
        ("-n", "-n"),
        ("-e", "-e"),
        ("--", "--"),
        ("", ""),
        ("two\nlines", "two lines"),
        ("$1", "[%s]"),
    ] {
        let output = user_command(&image, &["printf", "[%s]", argument]);
        assert_eq!(printed(&output), format!("[{expected}]"), "{argument}");
    }
}

#[test]
fn many_arguments_keep_their_order() {
    let image = Image::new("");
    let numbers: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    let mut arguments = vec!["echo"];
    arguments.extend(numbers.iter().map(String::as_str));
    assert_eq!(printed(&user_command(&image, &arguments)).trim_end(), numbers.join(" "));
}

#[test]
fn a_command_with_arguments_is_expanded_too() {
    let image = image("command = '$PROGRAM'\nargs = ['[%s]', '$X']");
    let output = image.launcher("web").env("PROGRAM", "printf").env("X", "x  y").output().unwrap();
    assert_eq!(printed(&output), "[x  y]");
}

#[test]
fn before_platform_api_0_10_a_command_list_is_a_line() {
    let image = image("command = ['echo $X', '| tr xy ab']");
    let output = image.launcher("web").env("CNB_PLATFORM_API", "0.9").env("X", "x  y").output().unwrap();
    assert_eq!(printed(&output), "a b\n");
}

#[test]
fn profiles_are_sourced_in_order_with_the_name_and_arguments() {
    let image = image(&format!("command = [{SHOW}]\nargs = ['$SEQUENCE']"));
    let profile = |name: &str| format!("export SEQUENCE=\"$SEQUENCE {name}\"\n");
    image.write("layers/test_bp/a/profile.d/2.sh", profile("a2"));
    image.write("layers/test_bp/a/profile.d/1.sh", profile("a1"));
    image.write("layers/test_bp/a/profile.d/web/1.sh", profile("a-web"));
    image.write("layers/test_bp/a/profile.d/other/1.sh", "exit 9");
    image.write("layers/test_bp/b/profile.d/1.sh", profile("b1"));
    image.write("app/.profile", "SEQUENCE=\"$SEQUENCE $0 $# $2\"\nhidden=1\n");
    let output = image.launcher("/cnb/process/web").output().unwrap();
    assert_eq!(printed(&output), "[ a1 a2 a-web b1 /cnb/process/web 3 [%s]]");
    let output = image.launcher("launcher").arg("printf \"$SEQUENCE\"").output().unwrap();
    assert_eq!(printed(&output), " a1 a2 b1 launcher 1 ");
}

#[test]
fn profiles_see_the_variables_of_layers_and_exec_d() {
    let image = image(&format!("command = [{SHOW}]\nargs = ['$A']"));
    image.write("layers/test_bp/l/env.launch/A", "layer");
    image.write_executable("layers/test_bp/l/exec.d/run", "#!/bin/sh\necho \"A = '$A exec.d'\" >&3\n");
    image.write("app/.profile", "A=\"$A profile\"");
    assert_eq!(printed(&image.web(&[])), "[layer exec.d profile]");
}

#[test]
fn the_app_profile_is_not_looked_up_on_path() {
    let image = Image::new("");
    image.write_executable("elsewhere/.profile", "echo wrong");
    image.write("app/.profile", "echo right");
    let output = image
        .launcher("launcher")
        .arg("true")
        .env("PATH", image.path("elsewhere"))
        .env_remove("SHELL")
        .output();
    let output = output.unwrap();
    assert!(support::stdout(&output).starts_with("right\n"), "{output:?}");
}

#[test]
fn odd_paths_are_not_evaluated() {
    let odd = "a 'b' \"c\" $(touch evaluated) `touch evaluated` $HOME";
    let image = image(&format!("command = 'pwd'\nworking-dir = '''{odd}'''"));
    fs_err::create_dir_all(image.path("app").join(odd)).unwrap();
    image.write(format!("layers/test_bp/{odd}/profile.d/{odd}.sh"), "echo sourced");
    let output = image.web(&[]);
    let expected = image.path("app").join(odd);
    assert_eq!(printed(&output), format!("sourced\n{}\n", expected.display()));
    assert!(!image.path("evaluated").exists() && !image.path("app/evaluated").exists());
}

#[test]
fn a_working_directory_that_is_not_there_stops_the_launch() {
    let image = image("command = 'echo started'\nworking-dir = 'absent'");
    let output = image.web(&[]);
    assert_eq!((output.status.code(), support::stdout(&output)), (Some(82), String::new()));
    assert!(String::from_utf8_lossy(&output.stderr).contains("absent"), "{output:?}");
}

#[test]
fn profiles_may_make_the_working_directory() {
    let image = image("command = 'pwd'\nworking-dir = 'made'");
    image.write("app/.profile", "mkdir made; cd /\n");
    assert!(printed(&image.web(&[])).ends_with("/app/made\n"));
}

#[test]
fn a_command_that_is_not_found_is_reported_by_bash() {
    let output = user_command(&Image::new(""), &["no-such-program"]);
    assert_eq!(output.status.code(), Some(127));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-program"), "{output:?}");
}

#[test]
fn an_empty_command_is_refused() {
    assert_fails(&image("command = []").web(&[]), 82, &["'web'", "empty command"]);
}
