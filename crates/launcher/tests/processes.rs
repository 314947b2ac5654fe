//! Which process is started, and with which arguments. Spec: platform.md § launcher.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod support;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use support::{Image, assert_fails, printed, stdout};

/// Prints each argument in brackets.
const SHOW: &str = "'/usr/bin/printf', '[%s]'";

fn image(keys: &str) -> Image {
    Image::new(&format!("[[processes]]\ntype = 'web'\nbuildpack-id = 'test/bp'\n{keys}"))
}

#[test]
fn the_last_element_of_the_name_is_the_process_type() {
    let image = image(&format!("direct = true\ncommand = [{SHOW}, 'web']"));
    for name in ["web", "/cnb/process/web", "./x/web"] {
        assert_eq!(printed(&image.launcher(name).output().unwrap()), "[web]", "{name}");
    }
    for name in ["/cnb/process/web/", "/cnb/process/Web", "", "/cnb/lifecycle/launcher"] {
        let output = image.launcher(name).args(["--", "echo", "mine"]).output().unwrap();
        assert_eq!(printed(&output), "mine\n", "{name}");
    }
}

#[test]
fn user_arguments_replace_default_ones_only() {
    let image = image(&format!("direct = true\ncommand = [{SHOW}, 'always']\nargs = ['default']"));
    assert_eq!(printed(&image.web(&[])), "[always][default]");
    assert_eq!(printed(&image.web(&["mine", "", "--", "-x"])), "[always][mine][][--][-x]");
}

#[test]
fn of_a_single_command_the_buildpack_api_decides() {
    for (api, expected) in [("0.8", "[default][mine]"), ("0.9", "[mine]")] {
        let image = Image::bare();
        image.write_executable("app/show", "#!/bin/sh\nprintf '[%s]' \"$@\"\n");
        let metadata = format!(
            "[[buildpacks]]\nid = 'a/b'\napi = '{api}'\n[[processes]]\ntype = 'web'\ncommand = ['./show']\n\
             args = ['default']\ndirect = true\nbuildpack-id = 'a/b'"
        );
        image.write("layers/config/metadata.toml", metadata);
        assert_eq!(printed(&image.web(&["mine"])), expected, "{api}");
        assert_eq!(printed(&image.web(&[])), "[default]", "{api}");
    }
}

#[test]
fn before_platform_api_0_10_user_arguments_are_appended() {
    let image = image("direct = true\ncommand = '/usr/bin/printf'\nargs = ['[%s]', 'default']");
    for (api, expected) in [("0.7", "[default][mine]"), ("0.9", "[default][mine]"), ("0.10", "mine")] {
        let output = image.launcher("web").arg("mine").env("CNB_PLATFORM_API", api).output().unwrap();
        assert_eq!(printed(&output), expected, "{api}");
    }
}

#[test]
fn a_process_of_an_unlisted_buildpack_takes_no_arguments() {
    let image =
        Image::new("[[processes]]\ntype='web'\ncommand=['/bin/echo']\ndirect=true\nbuildpack-id='other/bp'");
    assert_eq!(printed(&image.web(&[])), "\n");
    assert_fails(&image.web(&["x"]), 82, &["'web'", "'other/bp'"]);
}

#[test]
fn the_execution_environment_chooses_among_processes_of_a_type() {
    let process = |name: &str, exec_env: &str| {
        format!(
            "[[processes]]\ntype='{name}'\ncommand=['/bin/echo','{exec_env}']\ndirect=true\nbuildpack-id='test/bp'\nexec-env=['{exec_env}']\n"
        )
    };
    let image =
        Image::new(&[process("web", "test"), process("web", "development"), process("any", "*")].concat());
    let run = |name: &str, exec_env: Option<&str>, api: &str| {
        let mut launcher = image.launcher(name);
        launcher.env("CNB_PLATFORM_API", api).envs(exec_env.map(|value| ("CNB_EXEC_ENV", value)));
        launcher.output().unwrap()
    };
    assert_eq!(printed(&run("web", Some("development"), "0.15")), "development\n");
    assert_eq!(printed(&run("any", Some("other"), "0.15")), "*\n");
    assert_eq!(printed(&run("web", Some("other"), "0.14")), "test\n");
    let expected = ["'web'", "'production'", "'test', 'development'", "CNB_EXEC_ENV"];
    assert_fails(&run("web", None, "0.15"), 82, &expected);
    assert_fails(&run("web", Some(""), "0.15"), 82, &expected);
}

#[test]
fn user_commands_run_directly_behind_two_dashes() {
    let image = image("direct = true\ncommand = ['true']");
    let output =
        image.launcher("launcher").args(["--", "printf", "[%s]", "$HOME", "a b", "--"]).output().unwrap();
    assert_eq!(printed(&output), "[$HOME][a b][--]");
}

#[test]
fn without_process_and_command_the_processes_are_listed() {
    let image = image("direct = true\ncommand = ['true']");
    for arguments in [&[][..], &["--"]] {
        let output = image.launcher("launcher").args(arguments).output().unwrap();
        assert_fails(&output, 82, &["no command", "hint: ", "'web'", "/cnb/process/<type>"]);
    }
    let nothing = Image::new("").launcher("launcher").output().unwrap();
    assert_fails(&nothing, 82, &["no command", "-- <cmd>"]);
}

#[test]
fn working_directories_are_relative_to_the_app() {
    for (directory, expected) in [("", "app"), ("sub", "app/sub"), (".", "app"), ("../other", "other")] {
        for direct in [true, false] {
            let image = image(&format!("command = ['pwd']\nworking-dir = '{directory}'\ndirect = {direct}"));
            fs_err::create_dir_all(image.path("app/sub")).unwrap();
            fs_err::create_dir_all(image.path("other")).unwrap();
            let expected = fs_err::canonicalize(image.path(expected)).unwrap();
            let output = image.launcher("web").output().unwrap();
            assert_eq!(printed(&output).trim_end(), expected.to_str().unwrap(), "{directory} {direct}");
        }
    }
}

#[test]
fn relative_directories_start_where_the_launcher_does() {
    let image = image("command = ['pwd']\ndirect = true");
    let output = image
        .launcher("web")
        .current_dir(image.path("."))
        .env("CNB_LAYERS_DIR", "layers")
        .env("CNB_APP_DIR", "./app/")
        .output()
        .unwrap();
    let expected = fs_err::canonicalize(image.path("app")).unwrap();
    assert_eq!(printed(&output).trim_end(), expected.to_str().unwrap());
}

#[test]
fn relative_commands_start_in_the_working_directory() {
    let image = image("command = ['./run']\nworking-dir = 'sub'\ndirect = true");
    image.write_executable("app/run", "#!/bin/sh\necho app\n");
    image.write_executable("app/sub/run", "#!/bin/sh\necho sub\n");
    assert_eq!(printed(&image.web(&[])), "sub\n");
}

#[test]
fn the_process_takes_the_place_of_the_launcher() {
    for direct in [true, false] {
        let image = image(&format!("command = ['./run']\nargs = ['x']\ndirect = {direct}"));
        image.write_executable("app/run", "#!/bin/sh\necho $$\n");
        let child = image.launcher("web").stdout(Stdio::piped()).spawn().unwrap();
        let id = child.id();
        assert_eq!(printed(&child.wait_with_output().unwrap()), format!("{id}\n"), "{direct}");
    }
}

#[test]
fn exit_statuses_and_signals_are_those_of_the_process() {
    for (script, code, signal) in [("exit 37", Some(37), None), ("kill -TERM $$", None, Some(15))] {
        for direct in [true, false] {
            let image = image(&format!("command = ['./run']\ndirect = {direct}"));
            image.write_executable("app/run", format!("#!/bin/sh\n{script}\n"));
            let status = image.web(&[]).status;
            assert_eq!((status.code(), status.signal()), (code, signal), "{script} {direct}");
        }
    }
}

#[test]
fn a_broken_pipe_ends_the_process_as_usual() {
    let image = image("command = ['/usr/bin/yes']\ndirect = true");
    let mut child = image.launcher("web").stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().signal(), Some(13));
}

#[test]
fn arguments_and_variables_may_be_any_bytes() {
    let odd = OsStr::from_bytes(b"\xff\xfe $x");
    let image = image(&format!("direct = true\ncommand = [{SHOW}]"));
    let output = image.launcher("web").arg(odd).output().unwrap();
    assert_eq!(output.stdout, b"[\xff\xfe $x]");
    let shell =
        image.launcher("launcher").args([OsStr::new("printf"), OsStr::new("[%s]"), odd]).output().unwrap();
    assert_eq!(shell.stdout, b"[\xff\xfe ]");
    let printed =
        image.launcher("launcher").args(["--", "printenv", "-0", "ODD"]).env("ODD", odd).output().unwrap();
    assert_eq!(printed.stdout, b"\xff\xfe $x\0");
}

#[test]
fn the_variable_for_process_types_only_warns() {
    let image = image(&format!("direct = true\ncommand = [{SHOW}, 'web']"));
    let output = image.launcher("web").env("CNB_PROCESS_TYPE", "worker").output().unwrap();
    assert_eq!(stdout(&output), "[web]");
    let warning = String::from_utf8_lossy(&output.stderr);
    assert!(warning.contains("CNB_PROCESS_TYPE") && warning.contains("/cnb/process/worker"), "{warning}");
}
