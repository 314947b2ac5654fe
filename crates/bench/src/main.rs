//! Measures the phase executables as whole processes: wall and processor time, peak memory, bytes read and written.
//!
//! Each case runs several times, in turn with the executables of another lifecycle if one is given, on the same
//! inputs: a layers directory with a large npm tree and some small layers. Images are kept in OCI layout directories, in
//! registries or in container engines, one of each for a side; with registries another run counts what passes between
//! phase and registry. All inputs
//! are in the kernel's page cache when a run starts.

mod arguments;
mod cases;
mod extension;
mod generated;
mod images;
mod machine;
mod measure;
mod phases;
mod registry;
mod results;
mod side;
mod table;
mod traffic;
mod tree;
mod workspace;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use arguments::Arguments;
use cases::{CASES, Case, Store, Work};
use results::{Measured, Outcome, Size};
use side::{Lifecycle, Side};
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
    let cases: Vec<_> = CASES.iter().filter(|case| is_wanted(case, arguments)).collect();
    ensure!(!cases.is_empty(), "no case has {:?} in its name", arguments.filter);
    let workspace = Workspace::prepare(&arguments.directory, arguments.source, arguments.sizes, &mut say)?;
    let mut facts = machine::facts();
    facts.push(("tree".to_owned(), tree_fact(&workspace)));
    for (name, value) in &facts {
        say(&format!("{name}: {value}"));
    }
    let mut lifecycles = vec![Lifecycle::new("ours", &arguments.lifecycle)?];
    if let Some(against) = &arguments.against {
        lifecycles.push(Lifecycle::new("against", against)?);
    }
    let mut sides = sides(&cases, &lifecycles, &workspace)?;
    let mut outcomes = Vec::new();
    for case in cases {
        outcomes
            .extend(run_case(case, &mut sides, arguments).with_context(|| format!("case {:?}", case.name))?);
    }
    let file_sizes = sizes(&lifecycles);
    let labels: Vec<_> = lifecycles.iter().map(|lifecycle| lifecycle.label).collect();
    let (cases, launcher) = (table::cases(&outcomes), table::launcher(&outcomes));
    let (traffic, executables) = (table::traffic(&outcomes), table::sizes(&labels, &file_sizes));
    write!(io::stdout(), "\n{cases}{launcher}{traffic}\n{executables}")?;
    if let Some(file) = &arguments.json {
        fs_err::write(file, format!("{:#}\n", results::to_json(&facts, &outcomes, &file_sizes)))?;
    }
    Ok(())
}

fn is_wanted(case: &Case, arguments: &Arguments) -> bool {
    let is_possible = match case.work {
        Work::ExportGiant => arguments.sizes.giant > 0,
        // Its container is made by root.
        Work::Extend { .. } => nix::unistd::geteuid().is_root(),
        _ => true,
    };
    is_possible && case.name.contains(&arguments.filter)
}

/// A side for each lifecycle and kind of store.
fn sides<'a>(cases: &[&Case], lifecycles: &[Lifecycle], workspace: &'a Workspace) -> Result<Vec<Side<'a>>> {
    let mut stores = vec![Store::Layout];
    for (store, program) in [(Store::Registry, registry::PROGRAM), (Store::Engine, "dockerd")] {
        if !cases.iter().any(|case| case.store == store) {
            continue;
        }
        if test_kit::has_program(program) && (store != Store::Engine || nix::unistd::geteuid().is_root()) {
            stores.push(store);
        } else {
            say(&format!("WARNING: cases that need {program} are not run: it is not there, or needs root"));
        }
    }
    let mut sides = Vec::new();
    for store in stores {
        for lifecycle in lifecycles {
            sides.push(Side::new(lifecycle, store, workspace)?);
        }
    }
    Ok(sides)
}

/// Measured a case on all sides that have its executables, in turn, so that what else the machine does meets all of them.
fn run_case(case: &Case, sides: &mut [Side], arguments: &Arguments) -> Result<Option<Outcome>> {
    let mut able = Vec::new();
    for side in sides.iter_mut().filter(|side| side.takes(case)) {
        let missing = side.missing(case.work);
        if missing.is_empty() {
            able.push(side);
        } else {
            say(&format!(
                "WARNING: {:?} is not run for {}: no {}",
                case.name,
                side.label(),
                missing.join(", ")
            ));
        }
    }
    if able.is_empty() {
        return Ok(None);
    }
    say(&format!("running: {}", case.name));
    for side in &mut able {
        side.begin(case.work).with_context(|| side.label())?;
    }
    let mut measured: Vec<_> =
        able.iter().map(|side| Measured { side: side.label(), runs: Vec::new(), traffic: None }).collect();
    let starts = if case.repeated { arguments.starts } else { 1 };
    for round in 1..=arguments.runs {
        for (side, measured) in able.iter_mut().zip(&mut measured) {
            measured.runs.push(side.measure(case.work, round, starts).with_context(|| side.label())?);
        }
    }
    for (side, measured) in able.iter_mut().zip(&mut measured) {
        measured.traffic = side.count(case.work, arguments.runs + 1).with_context(|| side.label())?;
    }
    for side in able {
        side.end(case.work)?;
    }
    Ok(Some(Outcome { case: *case, sides: measured }))
}

fn sizes(lifecycles: &[Lifecycle]) -> Vec<Size> {
    let size = |lifecycle: &Lifecycle, name: &str| {
        fs_err::metadata(lifecycle.executables.join(name)).ok().map(|file| file.len())
    };
    let all = EXECUTABLES.iter().map(|name| Size {
        name: (*name).to_owned(),
        sides: lifecycles.iter().map(|lifecycle| size(lifecycle, name)).collect(),
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
