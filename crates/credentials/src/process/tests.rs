use std::os::unix::process::ExitStatusExt as _;

use super::*;

/// Long enough for anything that ends by itself.
const LONG: Duration = Duration::from_mins(1);

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    command
}

fn run_shell(script: &str, time_out: Duration) -> Ended {
    run(shell(script), b"input", time_out).unwrap()
}

/// Waits until a process that was killed is gone, which the kernel does in its own time.
#[track_caller]
fn assert_goes(pid: &[u8]) {
    let status = format!("/proc/{}/status", String::from_utf8_lossy(pid).trim());
    let deadline = Instant::now() + LONG;
    while fs_err::read_to_string(&status).is_ok_and(|status| !status.contains("State:\tZ")) {
        assert!(Instant::now() < deadline, "{status} is still there");
        std::thread::yield_now();
    }
}

#[test]
fn input_goes_in_and_both_outputs_come_out() {
    let ended = run_shell("cat; echo complaint >&2; exit 3", LONG);
    assert_eq!(ended.how.unwrap().code(), Some(3));
    assert_eq!(ended.output, b"input");
    assert_eq!(ended.complaint, b"complaint\n");
}

#[test]
fn input_need_not_be_read() {
    let ended = run_shell("exec <&-; echo done", LONG);
    assert!(ended.how.unwrap().success());
    assert_eq!(ended.output, b"done\n");
}

#[test]
fn a_program_that_hangs_is_killed_with_its_children() {
    let ended = run_shell("sleep 1000 & echo $!; echo waiting >&2; wait", Duration::from_millis(300));
    assert!(matches!(ended.how, Err(Cut::TimedOut(_))));
    assert_eq!(ended.complaint, b"waiting\n");
    assert_goes(&ended.output);
}

#[test]
fn a_program_that_closes_its_outputs_is_still_waited_for() {
    let ended = run_shell("exec >&- 2>&-; sleep 0.1; exit 4", LONG);
    assert_eq!(ended.how.unwrap().code(), Some(4));
    let hanging = run_shell("exec >&- 2>&-; exec sleep 1000", Duration::from_millis(300));
    assert!(matches!(hanging.how, Err(Cut::TimedOut(_))));
}

#[test]
fn a_child_that_keeps_the_pipes_open_holds_nothing_up() {
    let ended = run_shell("sleep 1000 & echo $!", LONG);
    assert!(ended.how.unwrap().success());
    assert_goes(&ended.output);
}

#[test]
fn a_child_that_left_the_group_holds_nothing_up() {
    let ended = run_shell("setsid sleep 3 & echo answer", LONG);
    assert!(ended.how.unwrap().success());
    assert_eq!(ended.output, b"answer\n");
}

#[test]
fn endless_output_is_cut() {
    let ended = run_shell("exec cat /dev/zero", LONG);
    assert!(matches!(ended.how, Err(Cut::TooMuchOutput)));
    assert_eq!(ended.output.len(), LONGEST_OUTPUT);
}

#[test]
fn output_up_to_the_limit_is_taken() {
    let ended = run_shell("head -c 1048576 /dev/zero", LONG);
    assert!(ended.how.unwrap().success());
    assert_eq!(ended.output.len(), LONGEST_OUTPUT);
    assert!(matches!(run_shell("head -c 1048577 /dev/zero", LONG).how, Err(Cut::TooMuchOutput)));
}

#[test]
fn endless_complaints_are_cut_but_do_not_get_the_program_stuck() {
    let ended = run_shell("head -c 1000000 /dev/zero >&2; echo answer", LONG);
    assert!(ended.how.unwrap().success());
    assert_eq!(ended.output, b"answer\n");
    assert_eq!(ended.complaint.len(), LONGEST_COMPLAINT);
}

#[test]
fn a_signal_is_an_end_too() {
    let ended = run_shell("kill -TERM $$", LONG);
    assert_eq!(ended.how.unwrap().signal(), Some(15));
}

#[test]
fn what_cannot_be_started_is_an_error() {
    let error = run(Command::new("/does/not/exist"), b"", LONG).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
