//! One run of an executable: how long it took and what it used.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::libc;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Gid, Pid, Uid, geteuid};

/// What a process used, with the children it waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// From before the start to the end.
    pub(crate) wall: Duration,
    /// Processor time, user and system.
    pub(crate) cpu: Duration,
    /// The most memory resident at a time, in bytes. The kernel counts from the fork on, so it is never less than
    /// what this program itself holds.
    pub(crate) peak: u64,
    /// Bytes that read calls returned, from memory or disk; unknown without root.
    pub(crate) read: Option<u64>,
    /// Bytes of file pages written to, in temporary files too; nothing on file systems in memory.
    pub(crate) written: u64,
}

impl Usage {
    /// The mean of several runs; of memory, the most.
    pub(crate) fn mean(runs: &[Self]) -> Self {
        let count = u32::try_from(runs.len()).unwrap_or(u32::MAX).max(1);
        let read: Option<u64> = runs.iter().map(|run| run.read).sum();
        Self {
            wall: runs.iter().map(|run| run.wall).sum::<Duration>() / count,
            cpu: runs.iter().map(|run| run.cpu).sum::<Duration>() / count,
            peak: runs.iter().map(|run| run.peak).max().unwrap_or(0),
            read: read.map(|bytes| bytes / u64::from(count)),
            written: runs.iter().map(|run| run.written).sum::<u64>() / u64::from(count),
        }
    }
}

/// The user that phases run as: some of them refuse root, so root gives way to this one.
pub(crate) fn user() -> (Uid, Gid) {
    if geteuid().is_root() {
        (Uid::from_raw(1000), Gid::from_raw(1000))
    } else {
        (geteuid(), nix::unistd::getegid())
    }
}

/// Checks that the user that phases run as can get to a directory, which must be an absolute path.
pub(crate) fn check_entrance(directory: &Path) -> Result<()> {
    for parent in directory.ancestors().filter(|_| geteuid().is_root()) {
        let metadata = fs_err::metadata(parent)?;
        ensure!(
            metadata.mode() & 0o001 != 0 || metadata.uid() == user().0.as_raw(),
            "user {} cannot enter {}; phases run as that user if bench runs as root, so take another directory \
             (BENCH_DIR for what bench writes) or run bench as another user",
            user().0,
            parent.display()
        );
    }
    Ok(())
}

/// Runs a command to its end, its output going to the file `log`, and measures it.
///
/// # Errors
/// The command can't be started or fails; the error then quotes its output.
pub(crate) fn run(command: &mut Command, log: &Path) -> Result<Usage> {
    if geteuid().is_root() {
        let (uid, gid) = user();
        command.uid(uid.as_raw()).gid(gid.as_raw());
    }
    run_by_root(command, log)
}

/// The same by the user of this process, for what needs root.
pub(crate) fn run_by_root(command: &mut Command, log: &Path) -> Result<Usage> {
    let output = fs_err::File::create(log)?.into_parts().0;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let program = command.get_program().to_owned();
    let start = Instant::now();
    let child = command.spawn().with_context(|| format!("failed to start {}", program.display()))?;
    let pid = Pid::from_raw(child.id().try_into()?);
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    let wall = start.elapsed();
    // The process is over but not yet reaped: its counters can still be read.
    let read = read_calls(pid);
    let (status, usage) = reap(pid)?;
    if !status.success() {
        let output = String::from_utf8_lossy(&fs_err::read(log)?).into_owned();
        bail!("{command:?} ended with {status}; its output:\n{output}");
    }
    Ok(Usage {
        wall,
        cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
        peak: u64::try_from(usage.ru_maxrss)? * 1024,
        read,
        written: u64::try_from(usage.ru_oublock)? * 512,
    })
}

fn read_calls(pid: Pid) -> Option<u64> {
    let counters = fs_err::read_to_string(format!("/proc/{pid}/io")).ok()?;
    counters.lines().find_map(|line| line.strip_prefix("rchar: "))?.parse().ok()
}

fn duration(time: libc::timeval) -> Duration {
    let micros = time.tv_sec * 1_000_000 + time.tv_usec;
    Duration::from_micros(micros.try_into().unwrap_or(0))
}

#[expect(
    unsafe_code,
    reason = "neither nix nor rustix offer wait4, and no other call tells one child's peak memory"
)]
fn reap(pid: Pid) -> io::Result<(ExitStatus, libc::rusage)> {
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to live variables of the types that the call fills in; all-zero bytes are a valid
    // rusage, which consists of integers.
    let (reaped, usage) = unsafe {
        let reaped = libc::wait4(pid.as_raw(), &raw mut status, 0, usage.as_mut_ptr());
        (reaped, usage.assume_init())
    };
    if reaped == pid.as_raw() {
        Ok((ExitStatus::from_raw(status), usage))
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, log: &Path) -> Result<Usage> {
        run(Command::new("/bin/sh").args(["-c", script]), log)
    }

    #[test]
    fn tells_what_a_process_used() {
        let dir = tempfile::tempdir().unwrap();
        let usage =
            shell("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done", &dir.path().join("log")).unwrap();
        assert!(usage.wall >= usage.cpu / 8 && usage.cpu > Duration::from_millis(1), "{usage:?}");
        assert!(usage.peak > 500_000 && usage.peak < 500_000_000, "{usage:?}");
        assert_eq!(usage.read.is_some(), geteuid().is_root());
    }

    #[test]
    fn a_failure_quotes_the_output() {
        let dir = tempfile::tempdir().unwrap();
        let error =
            shell("echo 'no such image' >&2; exit 7", &dir.path().join("log")).unwrap_err().to_string();
        assert!(error.contains("no such image") && error.contains('7'), "{error}");
    }

    #[test]
    fn a_mean_keeps_the_highest_peak() {
        let run = |millis, peak, read| Usage {
            wall: Duration::from_millis(millis),
            cpu: Duration::from_millis(millis * 2),
            peak,
            read,
            written: 100 * millis,
        };
        let mean = Usage::mean(&[run(1, 30, Some(10)), run(3, 20, Some(20))]);
        assert_eq!(mean, Usage { wall: Duration::from_millis(2), ..run(2, 30, Some(15)) });
        assert_eq!(Usage::mean(&[run(1, 1, None), run(1, 1, Some(1))]).read, None);
        assert_eq!(Usage::mean(&[]), Usage { read: Some(0), ..Usage::default() });
    }
}
