//! Which process is started, with which arguments, and where.

use super::{Started, entry, shell_entry, start, written};
use crate::scene::Scene;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_process_of_the_shell_is_a_command_line),
        test!(arguments_of_a_process_of_the_shell_are_tokens),
        test!(a_direct_process_gets_its_arguments_as_they_are),
        test!(a_process_has_its_working_directory_or_the_app_s),
        test!(a_command_of_the_user_runs_in_the_app_directory),
        test!(the_user_s_arguments_follow_those_of_the_process),
        test!(the_user_s_arguments_replace_default_arguments),
        test!(a_process_with_default_arguments_has_no_shell),
        test!(of_several_processes_one_for_the_environment_is_started),
        test!(processes_for_the_environment_are_eligible),
        test!(a_process_for_other_environments_is_not_started),
        test!(the_process_takes_the_shell_s_place),
    ]
}

fn a_process_of_the_shell_is_a_command_line(scene: &Scene<'_>) -> Verdict {
    shell_entry(scene, "web", "echo $HOME 'a  b' ; echo more", "");
    start(scene, "web", &[]).prints("/home/user a  b\nmore")
}

fn arguments_of_a_process_of_the_shell_are_tokens(scene: &Scene<'_>) -> Verdict {
    shell_entry(scene, "web", "/usr/bin/printf", "args = ['%s|', 'a b', 'c;d']");
    start(scene, "web", &[]).prints("a b|c;d|")
}

fn a_direct_process_gets_its_arguments_as_they_are(scene: &Scene<'_>) -> Verdict {
    written(scene, &entry(scene, "web", &["/bin/echo", "$HOME", "a  b", ";"], ""));
    start(scene, "web", &[]).prints("$HOME a  b ;")
}

fn a_process_has_its_working_directory_or_the_app_s(scene: &Scene<'_>) -> Verdict {
    let processes = entry(scene, "web", &["/bin/pwd", "-P"], "")
        + &entry(scene, "worker", &["/bin/pwd", "-P"], "working-dir = '/tmp'");
    written(scene, &processes);
    start(scene, "web", &[]).prints("/workspace")?;
    start(scene, "worker", &[]).prints("/tmp")
}

fn a_command_of_the_user_runs_in_the_app_directory(scene: &Scene<'_>) -> Verdict {
    written(scene, "");
    for arguments in [["--", "/bin/pwd"].as_slice(), &["pwd"]] {
        Started(scene.phase("launcher").args(arguments).in_directory("/tmp")).prints("/workspace")?;
    }
    Ok(())
}

fn the_user_s_arguments_follow_those_of_the_process(scene: &Scene<'_>) -> Verdict {
    written(scene, &entry(scene, "web", &["/bin/echo", "own"], ""));
    start(scene, "web", &["of", "the  user"]).prints("own of the  user")?;
    start(scene, "web", &[]).prints("own")
}

fn the_user_s_arguments_replace_default_arguments(scene: &Scene<'_>) -> Verdict {
    written(scene, &entry(scene, "web", &["/bin/echo", "own"], "args = ['default']"));
    start(scene, "web", &["of", "the  user"]).prints("own of the  user")?;
    start(scene, "web", &[]).prints("own default")
}

fn a_process_with_default_arguments_has_no_shell(scene: &Scene<'_>) -> Verdict {
    written(scene, &entry(scene, "web", &["/bin/echo"], "args = ['$HOME', 'a  b']"));
    start(scene, "web", &[]).prints("$HOME a  b")
}

/// Two processes of a type, each for an execution environment, the first for the default one.
fn for_environments(scene: &Scene<'_>) {
    let processes = entry(scene, "web", &["/bin/echo", "in production"], "exec-env = ['production']")
        + &entry(scene, "web", &["/bin/echo", "in a test"], "exec-env = ['test', 'other']");
    written(scene, &processes);
}

fn of_several_processes_one_for_the_environment_is_started(scene: &Scene<'_>) -> Verdict {
    for_environments(scene);
    start(scene, "web", &[]).prints("in production")?;
    for environment in ["test", "other"] {
        start(scene, "web", &[]).env("CNB_EXEC_ENV", environment).prints("in a test")?;
    }
    Ok(())
}

fn processes_for_the_environment_are_eligible(scene: &Scene<'_>) -> Verdict {
    let keys = ["", "exec-env = ['*']", "exec-env = ['test']", "exec-env = ['production', 'test']"];
    for key in keys {
        written(scene, &entry(scene, "web", &["/bin/echo", "started"], key));
        start(scene, "web", &[]).env("CNB_EXEC_ENV", "test").prints("started")?;
    }
    Ok(())
}

fn a_process_for_other_environments_is_not_started(scene: &Scene<'_>) -> Verdict {
    for_environments(scene);
    let run = start(scene, "web", &[]).env("CNB_EXEC_ENV", "development").0.run()?;
    run.exits_within(80..=89)?.does_not_say("in production")?;
    Ok(())
}

fn the_process_takes_the_shell_s_place(scene: &Scene<'_>) -> Verdict {
    shell_entry(scene, "web", "/bin/sh -c 'cat /proc/$PPID/comm'", "");
    let run = start(scene, "web", &[]).0.run()?;
    ensure("the process's parent is no shell", run.succeeds()?.stdout.trim() != "bash", &run)
}
