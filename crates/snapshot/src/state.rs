//! The state of a root's files at one moment.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::cursor::Cursor;
use crate::error::SnapshotError;
use crate::facts::Facts;
use crate::root::{Ignored, Root};
use crate::walk::walk;

/// The state of each file of a [`Root`] at one moment.
///
/// Holds about 130 bytes a file: names once, without the directories that lead to them.
#[derive(Debug)]
pub struct State {
    /// In the order of the walk: a directory, then what is in it, each sorted by name.
    files: Vec<File>,
    /// The files' names, one after the other.
    names: Vec<u8>,
    ignored: Ignored,
}

#[derive(Debug)]
struct File {
    facts: Facts,
    /// Where its name ends; it begins where the last one's ends.
    name_end: usize,
    /// The number of directories that lead to it.
    depth: u32,
}

impl Root {
    /// Notes the state of each file. What comes and goes meanwhile is noted or left out.
    ///
    /// Sockets are left out, with a warning: layers can't have them.
    pub fn state(&self) -> Result<State, SnapshotError> {
        let mut state = State { files: Vec::new(), names: Vec::new(), ignored: self.ignored_now()? };
        let start = now();
        let State { files, names, ignored } = &mut state;
        walk(self.path(), ignored, &mut |name, depth, facts| {
            names.extend_from_slice(name.as_bytes());
            files.push(File { facts, name_end: names.len(), depth });
        })?;
        wait_past(start);
        Ok(state)
    }
}

impl State {
    /// The number of files, directories and links.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// What was not watched when it was taken.
    pub(crate) fn ignored(&self) -> &Ignored {
        &self.ignored
    }

    /// Goes through the files in order.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor::new(self)
    }

    /// A file with its name and depth.
    pub(crate) fn file(&self, index: usize) -> Option<(&Facts, &OsStr, usize)> {
        let file = self.files.get(index)?;
        let start =
            index.checked_sub(1).and_then(|last| self.files.get(last)).map_or(0, |last| last.name_end);
        let name = self.names.get(start..file.name_end)?;
        Some((&file.facts, OsStr::from_bytes(name), usize::try_from(file.depth).ok()?))
    }
}

/// The time that files which change now are given.
fn now() -> Timespec {
    clock_gettime(ClockId::RealtimeCoarse)
}

/// Waits, for some milliseconds at most, until files that change get another time than those that changed at
/// `start` or before; else a change that comes just after a walk may look like one that came just before it.
fn wait_past(start: Timespec) {
    while now() == start {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}
