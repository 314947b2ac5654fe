//! `cnb run`: what signals do, and that nothing is left running.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use test_kit::{ImageFixture, LayerFixture};

use crate::support::{Mode, Workspace, archive, stderr, stdout};

/// Starts a shell script that prints a line when it is ready.
fn start(workspace: &Workspace, mode: Mode, script: &str) -> Child {
    let mut command = workspace.run(mode);
    let mut child =
        command.args(["localhost/shell", "--", "sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    wait_until_ready(&mut child);
    child
}

fn wait_until_ready(child: &mut Child) {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
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
            [(Signal::SIGTERM, "TERM", 11), (Signal::SIGUSR1, "USR1", 12), (Signal::SIGINT, "INT", 13)]
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
fn signals_that_are_ignored_stay_so() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    for mode in Mode::all() {
        let mut command = workspace.run_after(mode, "trap '' INT HUP");
        command.args(["localhost/shell", "--", "sh", "-c", "echo ready; read line; exit 7"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        wait_until_ready(&mut child);
        send(&child, Signal::SIGHUP);
        send(&child, Signal::SIGINT);
        send(&child, Signal::SIGINT);
        drop(child.stdin.take());
        assert_eq!(child.wait().unwrap().code(), Some(7), "{mode:?}");
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
