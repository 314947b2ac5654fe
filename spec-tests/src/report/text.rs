//! The results for a person.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::matrix;
use crate::arguments::Selection;
use crate::clauses::{Clause, Table};
use crate::plan::Job;
use crate::results::{ClauseResult, Outcome, Results, State};

/// How many lines of what was seen, and of what was run, are shown.
const LINES: usize = 40;

/// What is not kept, with what was expected and seen; skips; the matrix; counts.
pub(super) fn document(table: &Table, results: &Results) -> String {
    let mut text = String::new();
    for result in results.clauses.iter().filter(|result| result.state() >= State::Known) {
        clause(&mut text, results, result);
    }
    skips(&mut text, results);
    for matrix in matrix::matrices(results) {
        let width = matrix.rows.iter().map(|(section, _)| section.chars().count()).max().unwrap_or_default();
        let width = width.max(matrix.document.title().chars().count());
        let _ = write!(text, "\n{:width$}", matrix.document.title());
        for version in &matrix.versions {
            let _ = write!(text, " {:>7}", version.1);
        }
        text.push('\n');
        for (section, cells) in &matrix.rows {
            let _ = write!(text, "{section:width$}");
            for cell in cells {
                let cell = cell.map_or("-".to_owned(), |cell| cell.to_string());
                let _ = write!(text, " {cell:>7}");
            }
            text.push('\n');
        }
    }
    counts(&mut text, table, results);
    text
}

fn clause(text: &mut String, results: &Results, result: &ClauseResult) {
    let Clause { id, section, kind, says, document, .. } = &result.clause;
    let state = result.state();
    let word = if state == State::Known { "KNOWN" } else { "FAIL" };
    let _ = writeln!(text, "{word} {id} ({kind}; {}, {section})", document.title());
    let _ = writeln!(text, "  demanded: {says}");
    if result.is_wrongly_known {
        text.push_str("  it is a known deviation no longer: it is kept\n");
    }
    for state in [State::Failed, State::Broken, State::Known] {
        let versions = result.versions_with(state);
        if !versions.is_empty() {
            let _ = writeln!(text, "  {} in {}", state.name(), versions.join(", "));
        }
    }
    // What went wrong is mostly the same in all versions, so each test is told of once.
    let mut told = BTreeSet::new();
    for (job, outcome) in result.faults.iter().filter_map(|number| results.runs.get(*number)) {
        if told.insert(job.test.name()) {
            fault(text, job, outcome);
        }
    }
}

fn fault(text: &mut String, job: &Job, outcome: &Outcome) {
    let Job { platform, buildpack, store, test } = job;
    let _ = writeln!(text, "  {} (Platform API {platform}, Buildpack API {buildpack}, {store})", test.name());
    let transcript = match outcome {
        Outcome::Failed(failure, transcript) => {
            let _ = writeln!(text, "    {}\n    expected: {}", failure.what, shortened(&failure.expected));
            let _ = writeln!(text, "    seen:     {}", shortened(&failure.seen));
            transcript
        }
        Outcome::Broken(error, transcript) => {
            let _ = writeln!(text, "    the test could not be run to its end: {}", shortened(error));
            transcript
        }
        Outcome::Kept | Outcome::Skipped(_) => return,
    };
    for call in transcript {
        let _ = writeln!(text, "    {}", shortened(call));
    }
}

/// The first lines, indented.
fn shortened(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().take(LINES).collect();
    if text.lines().count() > LINES {
        lines.push("…");
    }
    lines.join("\n      ")
}

fn skips(text: &mut String, results: &Results) {
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (job, outcome) in &results.runs {
        if let Outcome::Skipped(reason) = outcome {
            reasons.entry(reason).or_default().insert(job.test.name());
        }
    }
    for (reason, tests) in reasons {
        let tests: Vec<_> = tests.into_iter().collect();
        let _ = writeln!(text, "SKIPPED {} tests: {reason}: {}", tests.len(), tests.join(", "));
    }
}

fn counts(text: &mut String, table: &Table, results: &Results) {
    text.push('\n');
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for tier in results.tiers() {
        let counts = results.counts(|clause| clause.kind.tier() == tier);
        let told: Vec<_> = counts.iter().map(|(state, count)| format!("{count} {}", state.name())).collect();
        let _ = writeln!(text, "{tier}: {}", told.join(", "));
        let count = |states: &[State]| -> usize { states.iter().filter_map(|state| counts.get(state)).sum() };
        passed += count(&[State::Kept, State::Known]);
        failed += count(&[State::Failed, State::Broken]);
        skipped += count(&[State::Skipped]);
    }
    let testable = table.clauses().iter().filter(|clause| clause.untestable.is_none()).count();
    let tested = table.clauses().iter().filter(|clause| !clause.tests.is_empty()).count();
    let _ = writeln!(
        text,
        "{} clauses, of which a test can pin {testable} and tests pin {tested}; {} runs",
        table.clauses().len(),
        results.runs.len()
    );
    let _ = writeln!(text, "{passed} passed, {failed} failed, {skipped} skipped");
}

/// The clauses with their tests.
pub(super) fn list(table: &Table, selection: &Selection) -> String {
    let mut text = String::new();
    for clause in table.clauses().iter().filter(|clause| selection.takes(clause)) {
        let Clause { id, kind, says, tests, untestable, .. } = clause;
        if !id.contains(&selection.filter) && !tests.iter().any(|test| test.contains(&selection.filter)) {
            continue;
        }
        let _ = writeln!(text, "{id} ({kind}, {}): {says}", clause.versions());
        for test in tests {
            let _ = writeln!(text, "  {test}");
        }
        if let Some(reason) = untestable {
            let _ = writeln!(text, "  no test: {reason}");
        }
    }
    text
}
