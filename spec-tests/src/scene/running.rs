//! A program that runs, and what it said and how it ended.
#![expect(clippy::expect_used, reason = "a set-up that fails ends the test")]

use std::fmt;
use std::io::Read;
use std::ops::RangeInclusive;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::verdict::{Failure, Verdict};

/// A program that was started.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    call: String,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

/// A program that ended.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    call: String,
    status: ExitStatus,
    /// What it wrote to standard output.
    pub(crate) stdout: String,
    /// What it wrote to standard error.
    pub(crate) stderr: String,
}

impl Running {
    pub(super) fn start(mut command: Command, call: String) -> Self {
        // A group of its own, so that what it started ends with it.
        let mut child = command.process_group(0).spawn().expect("a process");
        let stdout = drain(child.stdout.take().expect("its output"));
        let stderr = drain(child.stderr.take().expect("its output"));
        Self { child, call, stdout, stderr }
    }

    /// Ends it and all that it started at once.
    pub(crate) fn kill(&self) {
        let group = i32::try_from(self.child.id()).expect("a process id");
        // It may have ended by itself.
        let _ =
            nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
    }

    /// Asks the program itself to end, and nothing that it started.
    pub(crate) fn terminate(&self) {
        let process = i32::try_from(self.child.id()).expect("a process id");
        let _ =
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), nix::sys::signal::Signal::SIGTERM);
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// Waits for its end; if that takes too long, it is ended, which is a failure.
    pub(crate) fn wait(mut self, patience: Duration) -> Verdict<Run> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(500);
        let in_time = loop {
            if !self.is_alive() {
                break true;
            }
            if Instant::now() > deadline {
                break false;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(2));
        };
        self.kill();
        let status = self.child.wait().expect("its status");
        let text = |output: JoinHandle<Vec<u8>>| {
            String::from_utf8_lossy(&output.join().expect("its output")).into_owned()
        };
        let run = Run { call: self.call, status, stdout: text(self.stdout), stderr: text(self.stderr) };
        // What cannot be started at all says nothing about the lifecycle.
        assert!(run.status.code() != Some(125), "{run}");
        if in_time {
            Ok(run)
        } else {
            Err(Failure::new(run.call.clone(), format!("it ends in {patience:?}"), run))
        }
    }
}

fn drain(mut output: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is what there is.
        let _ = output.read_to_end(&mut bytes);
        bytes
    })
}

impl Run {
    /// It has to end with this status.
    pub(crate) fn exits(&self, status: i32) -> Verdict<&Self> {
        self.exits_within(status..=status)
    }

    /// It has to do its work.
    pub(crate) fn succeeds(&self) -> Verdict<&Self> {
        self.exits(0)
    }

    /// It has to end with a status in a range.
    pub(crate) fn exits_within(&self, statuses: RangeInclusive<i32>) -> Verdict<&Self> {
        let expected = match (*statuses.start(), *statuses.end()) {
            (first, last) if first == last => format!("exit status {first}"),
            (first, last) => format!("an exit status from {first} to {last}"),
        };
        match self.status.code() {
            Some(code) if statuses.contains(&code) => Ok(self),
            _ => Err(Failure::new(&self.call, expected, self)),
        }
    }

    /// It has to do its work, or else to fail.
    pub(crate) fn succeeds_if(&self, condition: bool) -> Verdict<&Self> {
        if condition { self.succeeds() } else { self.fails() }
    }

    /// It has to end with a status other than 0, and by itself.
    pub(crate) fn fails(&self) -> Verdict<&Self> {
        self.exits_within(1..=255)
    }

    /// The exit status; `None` if it was ended by a signal.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// All that it wrote, standard output first.
    pub(crate) fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// It has to write this to one of its outputs.
    pub(crate) fn says(&self, text: &str) -> Verdict<&Self> {
        if self.output().contains(text) {
            return Ok(self);
        }
        Err(Failure::new(&self.call, format!("it says '{text}'"), self))
    }

    /// It must not write this.
    pub(crate) fn does_not_say(&self, text: &str) -> Verdict<&Self> {
        if self.output().contains(text) {
            return Err(Failure::new(&self.call, format!("it does not say '{text}'"), self));
        }
        Ok(self)
    }
}

impl fmt::Display for Run {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "$ {}", self.call)?;
        for line in self.stdout.lines() {
            writeln!(out, "  {line}")?;
        }
        for line in self.stderr.lines() {
            writeln!(out, "  ! {line}")?;
        }
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => write!(out, "  exit status {code}"),
            (None, signal) => write!(out, "  ended by signal {}", signal.unwrap_or_default()),
        }
    }
}
