//! Sections and versions: how many clauses are kept in each.

use std::collections::BTreeMap;

use crate::clauses::{Document, Kind};
use crate::results::{Results, State, Version};

/// A table for one document.
#[derive(Debug)]
pub(super) struct Matrix {
    pub(super) document: Document,
    pub(super) versions: Vec<Version>,
    /// Sections in the order of the text, with a cell for each version.
    pub(super) rows: Vec<(String, Vec<Option<Cell>>)>,
}

/// What is known of a section in a version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) kept: usize,
    pub(super) known: usize,
    pub(super) skipped: usize,
    pub(super) failed: usize,
    /// Clauses of SHOULD that are not kept.
    pub(super) missed: usize,
}

impl Cell {
    fn add(&mut self, kind: Kind, state: State) {
        let count = match state {
            State::Kept => &mut self.kept,
            State::Known => &mut self.known,
            State::Failed | State::Broken if kind == Kind::Should => &mut self.missed,
            State::Failed | State::Broken => &mut self.failed,
            State::Skipped | State::NotRun | State::Untestable => &mut self.skipped,
        };
        *count += 1;
    }

    fn all(self) -> usize {
        self.kept + self.known + self.skipped + self.failed + self.missed
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = self.all();
        let mark = if self.failed > 0 {
            "✗"
        } else if self.known + self.missed > 0 {
            "~"
        } else if self.skipped > 0 {
            "?"
        } else {
            ""
        };
        if self.kept == all { write!(out, "{all}") } else { write!(out, "{}/{all}{mark}", self.kept) }
    }
}

/// A matrix for each document of which clauses were run.
pub(super) fn matrices(results: &Results) -> Vec<Matrix> {
    Document::ALL.into_iter().filter_map(|document| matrix(results, document)).collect()
}

fn matrix(results: &Results, document: Document) -> Option<Matrix> {
    let of_document = || results.clauses.iter().filter(move |result| result.clause.document == document);
    let mut versions: Vec<_> = of_document().flat_map(|result| result.versions.keys().cloned()).collect();
    versions.sort();
    versions.dedup();
    let mut rows: Vec<(String, BTreeMap<&Version, Cell>)> = Vec::new();
    for result in of_document().filter(|result| !result.versions.is_empty()) {
        let section = result.clause.section.split(" § ").next().unwrap_or_default();
        let known = rows.iter().position(|(known, _)| known == section);
        let row = known.unwrap_or(rows.len());
        if known.is_none() {
            rows.push((section.to_owned(), BTreeMap::new()));
        }
        let Some((_, cells)) = rows.get_mut(row) else { continue };
        for (version, state) in &result.versions {
            cells.entry(version).or_default().add(result.clause.kind, *state);
        }
    }
    let cells = |cells: &BTreeMap<&Version, Cell>| {
        versions.iter().map(|version| cells.get(version).copied()).collect()
    };
    let rows: Vec<_> =
        rows.iter().map(|(section, by_version)| (section.clone(), cells(by_version))).collect();
    (!rows.is_empty()).then_some(Matrix { document, versions, rows })
}
