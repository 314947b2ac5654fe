//! What a layer has to have, from the states before and after.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cursor::Cursor;
use crate::facts::Identity;
use crate::state::State;

/// What a layer says of a file that is there after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nothing.
    Unchanged,
    /// It is new or different, or leads to what is.
    Entry,
    /// It is a directory of which nothing stays that was there before.
    Opaque,
}

/// A whiteout and the number of the file in front of which it comes.
#[derive(Debug)]
pub(crate) struct Whiteout {
    pub(crate) before: usize,
    pub(crate) path: PathBuf,
}

/// What a layer has to have.
#[derive(Debug)]
pub(crate) struct Plan {
    /// One for each file of the state after.
    pub(crate) marks: Vec<Mark>,
    pub(crate) whiteouts: Vec<Whiteout>,
}

/// Compares two states.
///
/// A file's entry replaces whatever has its name, so whiteouts are for names that are gone, and of those only
/// the topmost. A directory that was removed and made again is opaque.
pub(crate) fn plan(before: &State, after: &State) -> Plan {
    let mut comparison = Comparison {
        old: before.cursor(),
        new: after.cursor(),
        whiteouts: Vec::new(),
        marks: vec![Mark::Unchanged; after.len()],
    };
    while comparison.step(before, after) {}
    let Comparison { mut marks, whiteouts, .. } = comparison;
    mark_other_names(after, &mut marks);
    mark_parents(after, &mut marks, &whiteouts);
    Plan { marks, whiteouts }
}

struct Comparison<'s> {
    old: Cursor<'s>,
    new: Cursor<'s>,
    marks: Vec<Mark>,
    whiteouts: Vec<Whiteout>,
}

impl Comparison<'_> {
    /// Compares the next path of the two; false at the end of both.
    fn step(&mut self, before: &State, after: &State) -> bool {
        let (old, new) = (self.old.file(), self.new.file());
        let order = match (old, new) {
            (None, None) => return false,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            // Paths are compared name by name, which is the order of the walk.
            (Some((old, _)), Some((new, _))) => old.cmp(new),
        };
        match (order, old, new) {
            (Ordering::Less, Some((path, _)), _) => {
                if !after.ignored().contains(path) {
                    self.whiteouts.push(Whiteout { before: self.new.index(), path: path.to_owned() });
                }
                self.old.advance_over();
            }
            (Ordering::Greater, _, Some((path, _))) => {
                if before.ignored().contains(path) {
                    self.new.advance_over();
                } else {
                    self.mark(Mark::Entry);
                    self.new.advance();
                }
            }
            (_, Some((_, old)), Some((_, new))) => match (old.is_directory(), new.is_directory()) {
                (true, true) if old.identity != new.identity => self.replaced_directory(),
                (true, false) => {
                    self.mark(Mark::Entry);
                    self.old.advance_over();
                    self.new.advance();
                }
                _ => {
                    if old != new {
                        self.mark(Mark::Entry);
                    }
                    self.old.advance();
                    self.new.advance();
                }
            },
            _ => return false,
        }
        true
    }

    fn replaced_directory(&mut self) {
        let start = self.new.index();
        self.old.advance_over();
        self.new.advance_over();
        for mark in self.marks.iter_mut().take(self.new.index()).skip(start) {
            *mark = Mark::Entry;
        }
        if let Some(mark) = self.marks.get_mut(start) {
            *mark = Mark::Opaque;
        }
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(slot) = self.marks.get_mut(self.new.index()) {
            *slot = mark;
        }
    }
}

/// Marks all names of a file if one of them is marked: they stay one file only if the layer has them all.
fn mark_other_names(after: &State, marks: &mut [Mark]) {
    let identity = |index| {
        let (facts, ..) = after.file(index)?;
        (!facts.is_directory() && facts.links > 1).then_some(facts.identity)
    };
    let marked: BTreeSet<Identity> = marks
        .iter()
        .enumerate()
        .filter(|(_, mark)| **mark == Mark::Entry)
        .filter_map(|(index, _)| identity(index))
        .collect();
    if marked.is_empty() {
        return;
    }
    for (index, mark) in marks.iter_mut().enumerate() {
        if *mark == Mark::Unchanged && identity(index).is_some_and(|identity| marked.contains(&identity)) {
            *mark = Mark::Entry;
        }
    }
}

/// Marks the directories that lead to what the layer has, as container engines do.
fn mark_parents(after: &State, marks: &mut [Mark], whiteouts: &[Whiteout]) {
    // The directories that lead to the current file.
    let mut parents: Vec<usize> = Vec::new();
    let mut whiteouts = whiteouts.iter().peekable();
    for index in 0..=after.len() {
        while let Some(whiteout) = whiteouts.next_if(|whiteout| whiteout.before == index) {
            parents.truncate(depth(&whiteout.path));
            mark_all(&parents, marks);
        }
        let Some((facts, _, depth)) = after.file(index) else { break };
        parents.truncate(depth);
        if marks.get(index).is_some_and(|mark| *mark != Mark::Unchanged) {
            mark_all(&parents, marks);
        }
        if facts.is_directory() {
            parents.push(index);
        }
    }
}

fn depth(path: &Path) -> usize {
    path.iter().count().saturating_sub(1)
}

/// Marks directories, innermost last, unless they are.
fn mark_all(directories: &[usize], marks: &mut [Mark]) {
    for directory in directories.iter().rev() {
        if let Some(mark @ Mark::Unchanged) = marks.get_mut(*directory) {
            *mark = Mark::Entry;
        }
    }
}
