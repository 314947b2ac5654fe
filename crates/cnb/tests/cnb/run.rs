//! `cnb run`: which process runs, and how it ends.

use std::process::Command;

use serde_json::json;
use test_kit::{ImageFixture, LayerFixture};

use crate::support::{Mode, Workspace, archive, as_ordinary_user, stderr, stdout};

const BUILD: &str = r#"{"processes":[{"type":"web","command":["x"]},{"type":"task","command":["x"]}]}"#;

/// The statuses of `cnb run`: its own failure, no such command, and one that cannot be executed.
const NOT_STARTED: i32 = 125;
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// An image with a shell and process types, with its default process and variables.
fn app(workspace: &Workspace) {
    let rootfs = workspace.shell_rootfs();
    fs_err::create_dir_all(rootfs.join("cnb/process")).unwrap();
    for name in ["web", "task"] {
        fs_err::os::unix::fs::symlink("/bin/sh", rootfs.join("cnb/process").join(name)).unwrap();
    }
    let mut image = ImageFixture::default().label("io.buildpacks.build.metadata", BUILD);
    image.layers.push(LayerFixture::compressed(archive(&rootfs)));
    image.config["config"]["User"] = json!("cnb");
    image.config["config"]["Env"] = json!(["PATH=/bin", "A=from image", "B=b"]);
    image.config["config"]["WorkingDir"] = json!("/work/dir");
    image.config["config"]["Entrypoint"] = json!(["/cnb/process/web"]);
    image.config["config"]["Cmd"] = json!(["-c", "echo default"]);
    image.write(&workspace.image_dir("localhost/app"));
}

#[test]
fn the_process_has_what_the_image_and_the_user_say() {
    let workspace = Workspace::new();
    app(&workspace);
    for mode in Mode::all() {
        let script =
            "echo $0; echo $1; echo $A; echo $B; echo $HOME; pwd; id -u; id -g; echo ${TMPDIR-unset}";
        let output = workspace
            .run(mode)
            .args(["--env", "A=from user", "--process", "task", "localhost/app", "--"])
            .args(["-c", script, "zero", "one two"])
            .output()
            .unwrap();
        let expected = "zero\none two\nfrom user\nb\n/home/cnb\n/work/dir\n1000\n1001\nunset\n";
        assert_eq!(stdout(&output), expected, "{mode:?}: {}", stderr(&output));
        assert!(output.status.success() && workspace.is_clean());
    }
}

#[test]
fn the_default_process_runs_with_its_default_arguments() {
    let workspace = Workspace::new();
    app(&workspace);
    for mode in Mode::all() {
        let output = workspace.run(mode).arg("localhost/app").output().unwrap();
        assert_eq!(stdout(&output), "default\n", "{mode:?}: {}", stderr(&output));
        let output = workspace.run(mode).args(["localhost/app", "--", "-c", "echo own $0"]).output().unwrap();
        assert_eq!(stdout(&output), "own /cnb/process/web\n", "{mode:?}: {}", stderr(&output));
    }
}

#[test]
fn the_status_is_passed_on() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    for mode in Mode::all() {
        for (command, status) in [
            (&["/bin/sh", "-c", "exit 7"][..], 7),
            (&["sh", "-c", "kill -KILL $$"], 128 + 9),
            (&["/no/such/command"], NOT_FOUND),
            (&["nosuchcommand"], NOT_FOUND),
            (&["/etc/passwd"], NOT_EXECUTABLE),
        ] {
            // Runtimes have statuses of their own, and nothing in a container can end its first process.
            if mode == Mode::Runtime && status != 7 {
                continue;
            }
            let output = workspace.run(mode).args(["localhost/shell", "--"]).args(command).output().unwrap();
            assert_eq!(output.status.code(), Some(status), "{mode:?} {command:?}: {output:?}");
            assert!(workspace.is_clean());
        }
    }
}

#[test]
fn what_cannot_be_started_is_told_before_anything_is_unpacked() {
    let workspace = Workspace::new();
    app(&workspace);
    workspace.shell_image("cnb");
    for (arguments, named) in [
        (&["localhost/absent"][..], "'localhost/absent'"),
        (&["localhost/shell"], "neither an entry point nor a command"),
        (&["--process", "web", "localhost/shell"], "buildpacks did not build it"),
        (&["--process", "wbe", "localhost/app"], "it has: web, task"),
    ] {
        let output = workspace.cnb(&["run"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(NOT_STARTED));
        assert!(stderr(&output).contains(named), "{}", stderr(&output));
        assert!(workspace.is_clean());
    }
}

#[test]
fn a_damaged_layer_leaves_nothing_behind() {
    let workspace = Workspace::new();
    let mut image = ImageFixture::default().layer(&[("etc/passwd", "")]).layer(&[("a/b/c", "1")]);
    image.layers[1].blob.truncate(40);
    image.write(&workspace.image_dir("localhost/damaged"));
    for mode in Mode::all() {
        let output = workspace.run(mode).args(["localhost/damaged", "--", "/bin/sh"]).output().unwrap();
        assert_eq!(output.status.code(), Some(NOT_STARTED), "{}", stderr(&output));
        assert!(stderr(&output).contains("failed to unpack"), "{}", stderr(&output));
        assert!(workspace.is_clean());
    }
}

#[test]
fn a_place_for_temporary_files_that_is_missing_is_named() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    let absent = workspace.path("absent");
    let output =
        workspace.cnb(&["run"]).env("TMPDIR", &absent).args(["localhost/shell", "--", "sh"]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(NOT_STARTED));
    let error = stderr(&output);
    assert!(error.contains(absent.to_str().unwrap()) && error.contains("TMPDIR"), "{error}");
}

#[test]
fn a_kernel_that_forbids_user_namespaces_is_named() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    if !Mode::all().contains(&Mode::User) {
        return;
    }
    // In a user namespace that allows only one below it, which is where an ordinary user runs the image.
    let script = r#"echo 1 > /proc/sys/user/max_user_namespaces && exec unshare --user --map-user=4711 "$@""#;
    let run = workspace.run(Mode::User);
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "sh", "-c", script, "sh"]);
    command.arg(run.get_program()).args(run.get_args()).args(["localhost/shell", "--", "sh"]);
    command.env("TMPDIR", workspace.path("tmp"));
    as_ordinary_user(&mut command);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(NOT_STARTED), "{}", stderr(&output));
    let error = stderr(&output);
    assert!(error.contains("does not let ordinary users make user namespaces"), "{error}");
    assert!(error.contains("caused by: cannot make a user namespace"), "{error}");
    assert!(workspace.is_clean());
}
