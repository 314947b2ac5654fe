//! Does the suite notice when a lifecycle is wrong? Puts deliberate faults into this workspace's phases, one at a
//! time, and runs the suite on each: a fault is caught if a clause fails that is kept without it.
//!
//! The faults are the rows of `spec-tests/mutations/*.toml`. All happens in a copy of the workspace.

mod fault;
mod suite;
mod workspace;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Arg, Command, value_parser};

use fault::Fault;
use suite::Suite;
use workspace::Workspace;

fn main() -> ExitCode {
    match check() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "ERROR: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Tries all faults; whether all are caught.
fn check() -> Result<bool> {
    let arguments = command().get_matches();
    let filter = arguments.get_one::<String>("filter").map_or("", String::as_str);
    let directory = arguments.get_one::<PathBuf>("directory").context("--directory is missing")?;
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let source = source.parent().context("the workspace is not found")?;
    let faults: Vec<_> = Fault::all(&source.join("spec-tests/mutations"))?
        .into_iter()
        .filter(|fault| fault.name.contains(filter))
        .collect();
    ensure!(!faults.is_empty(), "no fault has '{filter}' in its name");
    let workspace = Workspace::copy(source, directory)?;
    let suite = Suite::new(source)?;
    say("| fault | in | caught by |\n|---|---|---|\n");
    let mut all_caught = true;
    for fault in &faults {
        let found = workspace
            .with_fault(fault)
            .and_then(|executables| suite.failing(fault, &executables))
            .with_context(|| format!("the fault '{}'", fault.name))?;
        all_caught &= !found.is_empty();
        say(&row(fault, &found));
    }
    Ok(all_caught)
}

fn command() -> Command {
    let directory =
        Arg::new("directory").long("directory").value_name("DIR").value_parser(value_parser!(PathBuf));
    Command::new("mutation-check")
        .about("Puts deliberate faults into the phases, one at a time, and tells which clauses notice")
        .arg(
            directory.default_value("target/mutation-check").help("Where the copy of the workspace is built"),
        )
        .arg(
            Arg::new("filter").long("filter").value_name("TEXT").help("Only faults with this in their names"),
        )
}

fn row(fault: &Fault, found: &[String]) -> String {
    let caught = match found {
        [] => "**nothing**".to_owned(),
        [only] => format!("`{only}`"),
        [first, rest @ ..] => format!("`{first}` and {} more", rest.len()),
    };
    format!("| {} | {} | {caught} |\n", fault.name, fault.executables.join(", "))
}

fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    // Who closes the output has read enough.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
