//! Signals, taken in turn with everything else rather than in the midst of it: so that what was made is removed
//! again, and so that a container's process gets the signals that are meant for it.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// What is passed on to a container.
const FORWARDED: [Signal; 6] =
    [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGUSR1, Signal::SIGUSR2];

/// What asks a program to stop.
const STOPPING: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM];

/// The status of a process that a signal ended is this and the signal's number.
const ENDED_BY_SIGNAL: u8 = 128;

/// Signals that are held back until they are asked for.
#[derive(Debug)]
pub(crate) struct Signals {
    held: SigSet,
    /// The number of the one that interrupted a reader, or 0.
    interrupted_by: AtomicU8,
}

impl Signals {
    /// Holds signals back from now on, in this thread and in the threads and programs that it starts; but see
    /// [`Self::released`]. Those that whoever started this program wants ignored stay so, as with `nohup` and
    /// with programs in the background.
    pub(crate) fn hold() -> Result<Self> {
        let ignored = ignored(&fs_err::read_to_string("/proc/self/status")?);
        let is_ignored = |signal: Signal| ignored >> (signal as i32 - 1) & 1 == 1;
        let mut held: SigSet = FORWARDED.into_iter().filter(|signal| !is_ignored(*signal)).collect();
        held.add(Signal::SIGCHLD);
        held.thread_block().context("cannot hold signals back")?;
        Ok(Self { held, interrupted_by: AtomicU8::new(0) })
    }

    /// Lets a program that is started get signals as ever.
    #[expect(unsafe_code, reason = "there is no safe way to start a program with another signal mask")]
    pub(crate) fn released(command: &mut Command) -> &mut Command {
        // SAFETY: between fork and exec this only makes one system call and allocates nothing.
        unsafe { command.pre_exec(|| Ok(SigSet::empty().thread_set_mask()?)) }
    }

    /// A reader that fails once this program is asked to stop.
    pub(crate) fn interruptible<R: Read>(&self, reader: R) -> Result<Interruptible<'_, R>> {
        let stopping = STOPPING.into_iter().filter(|signal| self.held.contains(*signal)).collect();
        let stopping = SignalFd::with_flags(&stopping, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
            .context("cannot wait for signals")?;
        Ok(Interruptible { reader, stopping, signals: self })
    }

    /// The status to end with if a reader was interrupted.
    pub(crate) fn interruption(&self) -> Option<u8> {
        match self.interrupted_by.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(ENDED_BY_SIGNAL | signal),
        }
    }

    /// Waits for a child's end, forwards signals to it until then, and returns its status. Whoever asks a second
    /// time to stop ends it by force. Whatever other children there are, their ends are acknowledged.
    pub(crate) fn supervise(&self, child: u32) -> Result<u8> {
        let child = Pid::from_raw(i32::try_from(child)?);
        let pending =
            SignalFd::with_flags(&self.held, SfdFlags::SFD_CLOEXEC).context("cannot wait for signals")?;
        let mut requests = 0;
        loop {
            if let Some(status) = reap(child)? {
                return Ok(status);
            }
            let info = match pending.read_signal() {
                Err(Errno::EINTR) => continue,
                read => read.context("cannot wait for signals")?,
            };
            let Some(info) = info else { continue };
            let number = i32::try_from(info.ssi_signo).unwrap_or_default();
            let Ok(signal) = Signal::try_from(number) else { continue };
            if matches!(signal, Signal::SIGINT | Signal::SIGTERM) {
                requests += 1;
            }
            if requests > 1 {
                send(child, Signal::SIGKILL)?;
            } else if signal != Signal::SIGCHLD && info.ssi_code != libc::SI_KERNEL {
                // What the kernel sends comes from the terminal, and the child has got it too.
                send(child, signal)?;
            }
        }
    }
}

/// Fails once the program was asked to stop.
#[derive(Debug)]
pub(crate) struct Interruptible<'s, R> {
    reader: R,
    stopping: SignalFd,
    signals: &'s Signals,
}

impl<R: Read> Read for Interruptible<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(info) = self.stopping.read_signal()? {
            let number = u8::try_from(info.ssi_signo).unwrap_or_default();
            self.signals.interrupted_by.store(number, Ordering::Relaxed);
            return Err(io::Error::other("interrupted"));
        }
        self.reader.read(buffer)
    }
}

/// The signals that a process ignores, one bit each from the lowest on, of its `/proc/<pid>/status`.
fn ignored(status: &str) -> u64 {
    let field = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    field.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or_default()
}

/// A child that has just ended can no longer take a signal.
fn send(child: Pid, signal: Signal) -> Result<()> {
    match kill(child, signal) {
        Err(Errno::ESRCH) => Ok(()),
        sent => sent.with_context(|| format!("cannot send {signal} to process {child}")),
    }
}

/// Acknowledges the ends of children; returns the status if `child` is among them.
fn reap(child: Pid) -> Result<Option<u8>> {
    loop {
        let ended = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) => (pid, u8::try_from(status & 0xff).unwrap_or(u8::MAX)),
            Ok(WaitStatus::Signaled(pid, signal, _)) => {
                (pid, ENDED_BY_SIGNAL | u8::try_from(signal as i32).unwrap_or_default())
            }
            Ok(_) => return Ok(None),
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error).context("cannot wait for the container's process"),
        };
        if ended.0 == child {
            return Ok(Some(ended.1));
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::Signal;

    use super::ignored;

    #[test]
    fn ignored_signals_are_told_by_bits() {
        assert_eq!(ignored("Name:\tx\nSigIgn:\t0000000000001006\nSigCgt:\t0\n"), 0x1006);
        assert_eq!(0x1006 >> (Signal::SIGINT as i32 - 1) & 1, 1);
        assert_eq!(ignored("Name:\tx\n"), 0);
    }
}
