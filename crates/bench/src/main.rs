//! Measures the phase executables as whole processes: wall and processor time, peak memory, bytes read and written.
//!
//! Each case runs several times, in turn with the executables of another lifecycle if one is given, on the same
//! inputs: a layers directory with a large npm tree and some small layers. Images are kept in OCI layout directories.
//! All inputs are in the kernel's page cache when a run starts.

mod arguments;
mod cases;
mod generated;
mod machine;
mod measure;
mod results;
mod side;
mod table;
mod tree;
mod workspace;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use arguments::Arguments;
use cases::{CASES, Case};
use results::{Outcome, Runs, Size};
use side::Side;
use tree::Source;
use workspace::Workspace;

const EXECUTABLES: [&str; 10] = [
    "launcher",
    "analyzer",
    "detector",
    "restorer",
    "extender",
    "builder",
    "exporter",
    "creator",
    "rebaser",
    "lifecycle",
];

fn main() -> ExitCode {
    match bench(&Arguments::of_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("ERROR: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> Result<()> {
    let cases: Vec<_> = CASES.iter().filter(|case| case.name.contains(&arguments.filter)).collect();
    ensure!(!cases.is_empty(), "no case has {:?} in its name", arguments.filter);
    let workspace = Workspace::prepare(&arguments.directory, arguments.source, &mut say)?;
    let mut facts = machine::facts();
    facts.push(("tree".to_owned(), tree_fact(&workspace)));
    for (name, value) in &facts {
        say(&format!("{name}: {value}"));
    }
    let mut sides = vec![Side::new("ours", &arguments.lifecycle, &workspace)?];
    if let Some(against) = &arguments.against {
        sides.push(Side::new("against", against, &workspace)?);
    }
    let mut outcomes = Vec::new();
    for case in cases {
        outcomes
            .extend(run_case(case, &mut sides, arguments).with_context(|| format!("case {:?}", case.name))?);
    }
    let file_sizes = sizes(&sides);
    let labels: Vec<_> = sides.iter().map(|side| side.label).collect();
    let (cases, launcher) = (table::cases(&outcomes), table::launcher(&outcomes));
    write!(io::stdout(), "\n{cases}{launcher}\n{}", table::sizes(&labels, &file_sizes))?;
    if let Some(file) = &arguments.json {
        fs_err::write(file, format!("{:#}\n", results::to_json(&facts, &outcomes, &file_sizes)))?;
    }
    Ok(())
}

/// Runs a case on all sides that have its executables, in turn, so that what else the machine does meets all of them.
fn run_case(case: &Case, sides: &mut [Side], arguments: &Arguments) -> Result<Option<Outcome>> {
    let mut able = Vec::new();
    for side in sides {
        let missing = side.missing(case.work);
        if missing.is_empty() {
            able.push(side);
        } else {
            say(&format!(
                "WARNING: {:?} is not run for {}: no {}",
                case.name,
                side.label,
                missing.join(", ")
            ));
        }
    }
    if able.is_empty() {
        return Ok(None);
    }
    say(&format!("running: {}", case.name));
    for side in &mut able {
        side.begin(case.work).with_context(|| side.label)?;
    }
    let mut runs: Vec<_> = able.iter().map(|side| Runs { side: side.label, runs: Vec::new() }).collect();
    let starts = if case.repeated { arguments.starts } else { 1 };
    for round in 1..=arguments.runs {
        for (side, runs) in able.iter_mut().zip(&mut runs) {
            runs.runs.push(side.measure(case.work, round, starts).with_context(|| side.label)?);
        }
    }
    for side in able {
        side.end(case.work)?;
    }
    Ok(Some(Outcome { case: *case, sides: runs }))
}

fn sizes(sides: &[Side]) -> Vec<Size> {
    let size =
        |side: &Side, name: &str| fs_err::metadata(side.executables.join(name)).ok().map(|file| file.len());
    let all = EXECUTABLES.iter().map(|name| Size {
        name: (*name).to_owned(),
        sides: sides.iter().map(|side| size(side, name)).collect(),
    });
    all.filter(|size| size.sides.iter().any(Option::is_some)).collect()
}

fn tree_fact(workspace: &Workspace) -> String {
    let kind = if workspace.source == Source::Npm { "npm packages" } else { "GENERATED, no npm packages" };
    format!("{} files, {} ({kind})", workspace.tree.files, table::mebibytes(workspace.tree.bytes))
}

/// Tells the user what goes on, beside the figures on the standard output.
fn say(line: &str) {
    // Without anybody to read it there is nothing to say.
    let _ = writeln!(io::stderr(), "{line}");
}
