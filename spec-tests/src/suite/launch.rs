//! What the launcher starts, and how. Spec: platform.md § launcher, buildpack.md § Launch.

use crate::scene::{Phase, Scene};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_process_is_started_by_its_type),
        test!(a_command_of_the_user_is_started_directly),
        test!(a_command_of_the_user_is_started_by_the_shell),
        test!(the_status_is_that_of_the_process),
        test!(a_launch_that_fails_has_a_status_of_its_own),
        test!(the_process_takes_the_launchers_place),
    ]
}

/// Writes processes and a link for one of them, which is to be started.
fn process<'s>(scene: &'s Scene<'s>, process_type: &str, command: &[&str]) -> Phase<'s> {
    scene.metadata(&(scene.process("web", &["/bin/false"]) + &scene.process(process_type, command)));
    scene.link(&format!("/cnb/process/{process_type}"), "/cnb/lifecycle/launcher");
    scene.program(&format!("/cnb/process/{process_type}")).env("CNB_PLATFORM_API", scene.platform.as_str())
}

fn a_process_is_started_by_its_type(scene: &Scene<'_>) -> Verdict {
    let run = process(scene, "worker", &["/bin/pwd"]).run()?;
    equal("the process's output", &run.succeeds()?.stdout.trim(), &"/workspace")
}

fn a_command_of_the_user_is_started_directly(scene: &Scene<'_>) -> Verdict {
    scene.metadata("");
    let run =
        scene.phase("launcher").args(&["--", "/bin/echo", "$HOME", "a  b"]).in_directory("/tmp").run()?;
    equal("its output", &run.succeeds()?.stdout.trim(), &"$HOME a  b")
}

fn a_command_of_the_user_is_started_by_the_shell(scene: &Scene<'_>) -> Verdict {
    scene.metadata("");
    let run = scene.phase("launcher").arg("echo $HOME").run()?;
    equal("its output", &run.succeeds()?.stdout.trim(), &"/home/user")
}

fn the_status_is_that_of_the_process(scene: &Scene<'_>) -> Verdict {
    scene.metadata("");
    scene.phase("launcher").args(&["--", "/bin/sh", "-c", "exit 7"]).run()?.exits(7)?;
    Ok(())
}

fn a_launch_that_fails_has_a_status_of_its_own(scene: &Scene<'_>) -> Verdict {
    scene.metadata("");
    scene.phase("launcher").args(&["--", "/no/such/program"]).run()?.exits_within(80..=89)?;
    Ok(())
}

fn the_process_takes_the_launchers_place(scene: &Scene<'_>) -> Verdict {
    scene.metadata("");
    let script = "tr '\\0' ' ' < /proc/$PPID/cmdline";
    let run = scene.phase("launcher").args(&["--", "/bin/sh", "-c", script]).run()?;
    ensure(
        "the process's parent is not the launcher",
        !run.succeeds()?.stdout.contains("lifecycle/launcher"),
        &run,
    )
}
