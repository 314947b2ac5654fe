//! Runs a program that is not to be trusted with time or memory, and takes what it prints.

mod stream;

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use self::stream::Stream;

/// The most that a program may print to its standard output, in bytes.
pub(crate) const LONGEST_OUTPUT: usize = 1 << 20;

/// The most that is kept of what it prints to its standard error, in bytes.
const LONGEST_COMPLAINT: usize = 1 << 10;

/// How often the program's end is looked for while its output says nothing: a child of the program can
/// keep the output open for longer than the program itself lives.
const GLANCE: Duration = Duration::from_millis(5);

/// Why a program did not come to an end of its own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cut {
    #[error("it did not end within {} s and was killed", .0.as_secs_f32())]
    TimedOut(Duration),
    #[error("it printed more than {LONGEST_OUTPUT} bytes and was killed")]
    TooMuchOutput,
    #[error("it could not be watched: {0}")]
    NotWatched(#[source] io::Error),
}

/// What became of a program.
pub(crate) struct Ended {
    /// How it ended.
    pub(crate) how: Result<ExitStatus, Cut>,
    /// What it printed to its standard output.
    pub(crate) output: Vec<u8>,
    /// What it printed to its standard error, from the beginning on as far as it is kept.
    pub(crate) complaint: Vec<u8>,
}

/// Runs the command in a process group of its own; all that is left of the group is killed in the end.
///
/// # Errors
/// The command could not be started.
pub(crate) fn run(mut command: Command, input: &[u8], time_out: Duration) -> io::Result<Ended> {
    let deadline = Instant::now() + time_out;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let mut output = Stream::new(child.stdout.take().map(Into::into), LONGEST_OUTPUT);
    let mut complaint = Stream::new(child.stderr.take().map(Into::into), LONGEST_COMPLAINT);
    let watched =
        offer(&mut child, input).and_then(|()| watch(&child, &mut output, &mut complaint, deadline));
    // The program is not yet waited for, so that the group's number is still its own. Where nobody is left
    // in the group there is nothing to do.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    let status = child.wait();
    output.drain();
    complaint.drain();
    let how = match watched {
        Err(error) => Err(Cut::NotWatched(error)),
        Ok(_) if output.is_over() => Err(Cut::TooMuchOutput),
        Ok(Watched::TimedOut) => Err(Cut::TimedOut(time_out)),
        Ok(Watched::Done) => status.map_err(Cut::NotWatched),
    };
    Ok(Ended { how, output: output.into_bytes(), complaint: complaint.into_bytes() })
}

/// Writes the input, which has room in the pipe, and closes it.
fn offer(child: &mut Child, input: &[u8]) -> io::Result<()> {
    if let Some(mut stdin) = child.stdin.take() {
        stream::do_not_block(&stdin)?;
        // A program that does not read its input can answer all the same.
        let _ = stdin.write_all(input);
    }
    Ok(())
}

/// Why the watch is over.
enum Watched {
    Done,
    TimedOut,
}

/// Takes what the program prints until it ends, has printed too much, or its time is over.
fn watch(child: &Child, output: &mut Stream, complaint: &mut Stream, end: Instant) -> io::Result<Watched> {
    output.do_not_block()?;
    complaint.do_not_block()?;
    while !output.is_over() && !has_ended(child)? {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Watched::TimedOut);
        }
        wait_for(&[output, complaint], left.min(GLANCE))?;
        output.read();
        complaint.read();
    }
    Ok(Watched::Done)
}

/// Whether the program has ended. It can still be waited for.
fn has_ended(child: &Child) -> io::Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::Pid(Pid::from_child(child)), options)?.is_some())
}

/// Waits until one of the streams has something, or the time, which is less than a second, is over.
fn wait_for(streams: &[&mut Stream], time: Duration) -> io::Result<()> {
    let mut open: Vec<_> = streams.iter().filter_map(|stream| stream.poll_fd(PollFlags::IN)).collect();
    let time = Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
    match poll(&mut open, Some(&time)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
