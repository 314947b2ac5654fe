//! What a program prints to one of its pipes, up to a limit.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::OFlags;

/// The pipe, as long as more can come, and what came so far.
pub(crate) struct Stream {
    pipe: Option<File>,
    bytes: Vec<u8>,
    limit: usize,
    is_over: bool,
}

impl Stream {
    pub(crate) fn new(pipe: Option<OwnedFd>, limit: usize) -> Self {
        Self { pipe: pipe.map(File::from), bytes: Vec::new(), limit, is_over: false }
    }

    /// Lets reads return at once if there is nothing to read.
    pub(crate) fn do_not_block(&self) -> std::io::Result<()> {
        self.pipe.as_ref().map_or(Ok(()), do_not_block)
    }

    /// The pipe to wait for, unless its end was reached.
    pub(crate) fn poll_fd(&self, flags: PollFlags) -> Option<PollFd<'_>> {
        self.pipe.as_ref().map(|pipe| PollFd::new(pipe, flags))
    }

    /// Whether there was more than the limit allows.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Takes some of what is there, and says whether there may be more at once.
    ///
    /// What is beyond the limit is read, too, so that the program does not get stuck, but not kept.
    pub(crate) fn read(&mut self) -> bool {
        let Some(pipe) = &mut self.pipe else { return false };
        let mut buffer = [0; 8192];
        match pipe.read(&mut buffer) {
            Ok(count @ 1..) => {
                let room = self.limit - self.bytes.len();
                self.bytes.extend(buffer.iter().take(count.min(room)));
                self.is_over |= count > room;
                true
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Ok(_) | Err(_) => {
                self.pipe = None;
                false
            }
        }
    }

    /// Takes all that is there, unless it is beyond the limit.
    pub(crate) fn drain(&mut self) {
        while !self.is_over && self.read() {}
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Lets reads and writes of a pipe's end return at once.
pub(crate) fn do_not_block(pipe: &impl AsFd) -> std::io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(pipe)?;
    Ok(rustix::fs::fcntl_setfl(pipe, flags | OFlags::NONBLOCK)?)
}
