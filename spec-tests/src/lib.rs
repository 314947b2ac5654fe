//! A conformance suite for lifecycles: black box, clause by clause.
//!
//! [`clauses`] has what the specification and platforms demand. `suite` has the tests, each a function of a
//! `Scene`: a container's directories, in which it writes files, runs phase executables of the lifecycle under test
//! and looks at what they leave. `plan` says which test runs in which versions and with which store, `runner` runs
//! them, and `results` and `report` tell what that means for each clause.
#![expect(
    clippy::format_collect,
    clippy::format_push_string,
    reason = "scripts and files for tests are put together so; nobody waits for that"
)]

pub mod clauses;

mod arguments;
mod container;
mod known;
mod plan;
mod report;
mod results;
mod runner;
mod scene;
mod store;
mod suite;
mod test;
mod verdict;

use std::process::ExitCode;

use anyhow::Result;

use arguments::Arguments;
use clauses::Table;
use results::Results;

/// The names of all tests, as clauses name them.
#[must_use]
pub fn test_names() -> std::collections::BTreeSet<String> {
    suite::tests().iter().map(|test| test.name().to_owned()).collect()
}

/// The table of clauses with the rows that are generated.
///
/// # Errors
/// A file of clauses is malformed.
pub fn table() -> Result<Table, clauses::TableError> {
    Ok(Table::embedded()?.with(suite::inputs::clauses()))
}

/// What the executable does.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(status) = container::enter_if_asked() {
        return status;
    }
    match run(&Arguments::of_process()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            report::complain(&format!("ERROR: {error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Runs what was asked for; whether the lifecycle conforms.
fn run(arguments: &Arguments) -> Result<bool> {
    let table = table()?;
    if arguments.list {
        report::list(&table, &arguments.selection);
        return Ok(true);
    }
    let known = known::Deviations::read(arguments.known.as_deref())?;
    let results: Results = runner::run(&table, arguments, &known)?;
    report::write(&table, &results, arguments)?;
    Ok(results.conforms())
}
