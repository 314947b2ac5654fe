//! `cnb run`: which process runs, how it ends, and that nothing is left.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
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

/// Starts a shell script that prints a line when it is ready.
fn start(workspace: &Workspace, mode: Mode, script: &str) -> Child {
    let mut command = workspace.run(mode);
    let mut child =
        command.args(["localhost/shell", "--", "sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "{mode:?}");
    child
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
}

#[test]
fn signals_reach_the_process() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    for mode in Mode::all() {
        for (signal, name, status) in
            [(Signal::SIGTERM, "TERM", 11), (Signal::SIGINT, "INT", 12), (Signal::SIGUSR1, "USR1", 13)]
        {
            let script = format!("trap 'exit {status}' {name}; echo ready; while :; do sleep 0.1; done");
            let mut child = start(&workspace, mode, &script);
            send(&child, signal);
            assert_eq!(child.wait().unwrap().code(), Some(status), "{mode:?} {signal}");
            assert!(workspace.is_clean(), "{mode:?} {signal}");
        }
    }
}

#[test]
fn a_process_that_does_not_care_for_signals_is_ended_by_them() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    // Under another runtime it is the first process of its namespace, which such signals don't reach.
    for mode in Mode::all().into_iter().filter(|mode| *mode != Mode::Runtime) {
        let mut child = start(&workspace, mode, "echo ready; exec sleep 1000");
        send(&child, Signal::SIGTERM);
        assert_eq!(child.wait().unwrap().code(), Some(128 + 15), "{mode:?}");
        assert!(workspace.is_clean());
    }
}

#[test]
fn who_asks_twice_ends_it_by_force() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    for mode in Mode::all() {
        let script = "trap '' TERM; echo ready; while :; do sleep 0.1; done";
        let mut child = start(&workspace, mode, script);
        send(&child, Signal::SIGTERM);
        // Signals of a kind that wait are one: the second one may have to be sent again.
        while child.try_wait().unwrap().is_none() {
            send(&child, Signal::SIGTERM);
            std::thread::yield_now();
        }
        assert_eq!(child.wait().unwrap().code(), Some(128 + 9), "{mode:?}");
        assert!(workspace.is_clean(), "{mode:?}");
    }
}

#[test]
fn a_signal_while_layers_are_unpacked_ends_it() {
    let workspace = Workspace::new();
    let mut image = ImageFixture::default();
    // Takes much longer to unpack than the signal takes to come.
    fs_err::create_dir(workspace.path("large")).unwrap();
    fs_err::File::create(workspace.path("large/file")).unwrap().set_len(128 << 20).unwrap();
    image.layers.push(LayerFixture::compressed(archive(&workspace.path("large"))));
    image.write(&workspace.image_dir("localhost/large"));
    for mode in Mode::all() {
        // On a machine that is fast enough, unpacking may end before the signal is there: then it's tried again.
        let hit = (0..50).any(|_| {
            let mut command = workspace.run(mode);
            let mut child = command
                .args(["localhost/large", "--", "sh"])
                .stdin(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            while workspace.is_clean() {
                if child.try_wait().unwrap().is_some() {
                    return false;
                }
                std::thread::yield_now();
            }
            send(&child, Signal::SIGTERM);
            let output = child.wait_with_output().unwrap();
            assert!(workspace.is_clean(), "{mode:?}");
            (output.status.code(), stderr(&output).as_str()) == (Some(128 + 15), "")
        });
        assert!(hit, "{mode:?}");
    }
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

/// Whether a process of the host or of a container has this among its arguments.
fn is_running(marker: &str) -> bool {
    let mut processes = fs_err::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path().join("cmdline"));
    // What is no process has no command line, nor does a process that has just ended.
    processes.any(|file| fs_err::read_to_string(file).is_ok_and(|line| line.contains(marker)))
}

#[test]
fn no_process_survives() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    for (number, mode) in Mode::all().into_iter().enumerate() {
        let marker = format!("{}.{number}", 100_000 + std::process::id());
        let script = format!("sleep {marker} & echo started");
        let output =
            workspace.run(mode).args(["localhost/shell", "--", "sh", "-c", &script]).output().unwrap();
        assert_eq!(stdout(&output), "started\n", "{mode:?}: {}", stderr(&output));
        assert!(!is_running(&marker), "{mode:?}");
        assert!(workspace.is_clean());
    }
}

#[test]
fn no_process_survives_a_kill_without_warning() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    // A runtime that is installed would go on.
    for (number, mode) in Mode::all().into_iter().filter(|mode| *mode != Mode::Runtime).enumerate() {
        let marker = format!("{}.{number}", 200_000 + std::process::id());
        let mut child = start(&workspace, mode, &format!("echo ready; sleep {marker}"));
        child.kill().unwrap();
        child.wait().unwrap();
        // The kernel ends them at once, but not before this program's end is known.
        let deadline = Instant::now() + Duration::from_secs(20);
        while is_running(&marker) {
            assert!(Instant::now() < deadline, "{mode:?}");
            std::thread::yield_now();
        }
    }
}
