//! What the launcher starts, and how. Spec: platform.md § launcher, buildpack.md § Launch.

mod environment;
mod process;

use crate::scene::{BUILDPACK, Phase, Scene};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test!(a_process_is_started_by_its_type),
        test!(a_command_of_the_user_is_started_directly),
        test!(a_command_of_the_user_is_started_by_the_shell),
        test!(the_status_is_that_of_the_process),
        test!(a_launch_that_fails_has_a_status_of_its_own),
        test!(the_process_takes_the_launchers_place),
    ];
    tests.extend(process::tests());
    tests.extend(environment::tests());
    tests
}

/// A process of `metadata.toml` that is started directly, with further keys.
fn entry(scene: &Scene<'_>, process_type: &str, command: &[&str], keys: &str) -> String {
    let (program, arguments) = command.split_first().unwrap_or((&"", &[]));
    let command = if scene.holds("platform.build-files.metadata.command") {
        format!("command = {command:?}")
    } else {
        format!("command = '{program}'\nargs = {arguments:?}")
    };
    format!(
        "[[processes]]\ntype = '{process_type}'\nbuildpack-id = '{BUILDPACK}'\n{command}\ndirect = true\n{keys}\n"
    )
}

/// The newest Buildpack API of buildpacks whose processes a shell may start.
fn api_with_shell<'s>(scene: &'s Scene<'_>) -> &'s str {
    if scene.holds("buildpack.launch.shell.command") { scene.buildpack.as_str() } else { "0.8" }
}

/// Writes a process that a shell starts, and a link for it.
fn shell_entry(scene: &Scene<'_>, process_type: &str, command: &str, keys: &str) {
    let listed = scene.holds("platform.build-files.metadata.command");
    let command = if listed { format!("[{command:?}]") } else { format!("{command:?}") };
    let process = format!(
        "[[processes]]\ntype = '{process_type}'\nbuildpack-id = '{BUILDPACK}'\ncommand = {command}\ndirect = false\n{keys}\n"
    );
    let api = api_with_shell(scene);
    let buildpack = format!("[[buildpacks]]\nid = '{BUILDPACK}'\nversion = '1.0.0'\napi = '{api}'\n");
    scene.write("/layers/config/metadata.toml", format!("{buildpack}{process}"));
    link(scene, process_type);
}

/// Writes processes, and links for them.
fn written(scene: &Scene<'_>, processes: &str) {
    scene.metadata(processes);
    for name in ["web", "worker"].into_iter().filter(|name| processes.contains(&format!("'{name}'"))) {
        link(scene, name);
    }
}

fn link(scene: &Scene<'_>, process_type: &str) {
    let path = format!("/cnb/process/{process_type}");
    if !scene.exists(&path) {
        scene.link(&path, "/cnb/lifecycle/launcher");
    }
}

/// A launch.
struct Started<'s>(Phase<'s>);

/// Starts a process by its link, with arguments of the user.
fn start<'s>(scene: &'s Scene<'_>, process_type: &str, arguments: &[&str]) -> Started<'s> {
    let program = scene.program(&format!("/cnb/process/{process_type}")).args(arguments);
    Started(program.env("CNB_PLATFORM_API", scene.platform.as_str()))
}

impl Started<'_> {
    fn env(self, name: &str, value: &str) -> Self {
        Self(self.0.env(name, value))
    }

    fn in_directory(self, directory: &str) -> Self {
        Self(self.0.in_directory(directory))
    }

    /// The process has to print this and to succeed.
    fn prints(self, expected: &str) -> Verdict {
        let run = self.0.run()?;
        equal("what the process prints", run.succeeds()?.stdout.trim(), expected)
    }
}

/// Writes processes and a link for one of them, which is to be started.
fn process<'s>(scene: &'s Scene<'s>, process_type: &str, command: &[&str]) -> Phase<'s> {
    scene.metadata(&(scene.process("web", &["/bin/false"]) + &scene.process(process_type, command)));
    link(scene, process_type);
    start(scene, process_type, &[]).0
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
