//! Going through the files of a state in order.

use std::path::{Path, PathBuf};

use crate::facts::Facts;
use crate::state::State;

/// A place in a state.
#[derive(Debug)]
pub(crate) struct Cursor<'s> {
    state: &'s State,
    index: usize,
    path: PathBuf,
    /// The number of names in the path.
    names: usize,
}

impl<'s> Cursor<'s> {
    /// The first file.
    pub(crate) fn new(state: &'s State) -> Self {
        let mut cursor = Self { state, index: 0, path: PathBuf::new(), names: 0 };
        cursor.enter();
        cursor
    }

    /// The file's number in the order.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// The file's path relative to the root, and what was noted of it; nothing behind the last one.
    pub(crate) fn file(&self) -> Option<(&Path, &'s Facts)> {
        self.state.file(self.index).map(|(facts, ..)| (self.path.as_path(), facts))
    }

    /// Goes to the next file.
    pub(crate) fn advance(&mut self) {
        self.index += 1;
        self.enter();
    }

    /// Goes behind all that is below this file.
    pub(crate) fn advance_over(&mut self) {
        let depth = self.names;
        self.advance();
        while self.names > depth {
            self.advance();
        }
    }

    fn enter(&mut self) {
        let Some((_, name, depth)) = self.state.file(self.index) else {
            self.path.clear();
            self.names = 0;
            return;
        };
        while self.names > depth {
            self.path.pop();
            self.names -= 1;
        }
        self.path.push(name);
        self.names += 1;
    }
}
