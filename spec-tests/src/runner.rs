//! Runs the tests, several at a time.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::arguments::Arguments;
use crate::clauses::Table;
use crate::known::Deviations;
use crate::plan::{self, Job};
use crate::results::{Outcome, Results};
use crate::scene::{Scene, Stage};
use crate::store::{Services, is_root};
use crate::suite;
use crate::verdict::Skipped;

thread_local! {
    /// What the last panic of this thread said, and where.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs what is asked for.
pub(crate) fn run(table: &Table, arguments: &Arguments, known: &Deviations) -> Result<Results> {
    let jobs = plan::jobs(table, &suite::tests(), &arguments.selection);
    let executables = tempfile::Builder::new().prefix("lifecycle-").tempdir()?;
    let stage = Stage {
        lifecycle: executables.path().join("lifecycle"),
        services: Services::new(arguments.registry.clone()),
        table: table.clone(),
    };
    copy(&arguments.lifecycle, executables.path())?;
    std::panic::set_hook(Box::new(|panic| PANIC.with(|last| *last.borrow_mut() = panic.to_string())));
    let outcomes = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    // Half of the time a test waits for what it has started.
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = arguments.jobs.unwrap_or(2 * cores);
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(number) else { break };
                    let outcome = perform(&stage, job, number);
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes.push((number, outcome));
                        progress(outcomes.len(), jobs.len());
                    }
                }
            });
        }
    });
    let _ = std::panic::take_hook();
    let mut outcomes = outcomes.into_inner().unwrap_or_default();
    outcomes.sort_by_key(|(number, _)| *number);
    let outcomes = jobs.into_iter().zip(outcomes.into_iter().map(|(_, outcome)| outcome)).collect();
    Ok(Results::new(table, outcomes, known, arguments))
}

/// Runs one test.
fn perform(stage: &Stage, job: &Job, number: usize) -> Outcome {
    if job.test.needs_root() && !is_root() {
        return Outcome::Skipped("it needs root".to_owned());
    }
    let id = format!("scene-{}-{number}", std::process::id());
    let versions = (job.platform, job.buildpack);
    let scene = match catch_unwind(AssertUnwindSafe(|| Scene::new(stage, versions, job.store, id))) {
        Ok(scene) => scene,
        Err(payload) => return unwound(payload.as_ref(), Vec::new()),
    };
    match catch_unwind(AssertUnwindSafe(|| job.test.run(&scene))) {
        Ok(Ok(())) => Outcome::Kept,
        Ok(Err(failure)) => Outcome::Failed(failure, scene.transcript()),
        Err(payload) => unwound(payload.as_ref(), scene.transcript()),
    }
}

/// What it means that a test did not come to its end.
fn unwound(payload: &(dyn std::any::Any + Send), transcript: Vec<String>) -> Outcome {
    match payload.downcast_ref::<Skipped>() {
        Some(Skipped(reason)) => Outcome::Skipped(reason.clone()),
        None => Outcome::Broken(PANIC.with(|last| last.borrow().clone()), transcript),
    }
}

/// Copies the executables to where every user can read them. Another process does it, so that no child of this one
/// holds them open when they are to be run.
fn copy(from: &Path, to: &Path) -> Result<()> {
    ensure!(from.is_dir(), "{} is no directory of executables", from.display());
    let script = r#"cp -rL "$0" "$1/lifecycle" && chmod -R a+rX "$1""#;
    let status = Command::new("/bin/sh").args(["-c", script]).arg(from).arg(to).status();
    let status = status.context("cannot copy the executables")?;
    ensure!(status.success(), "the executables in {} cannot be copied", from.display());
    ensure!(
        to.join("lifecycle/builder").exists(),
        "{} has no phase executables, such as builder",
        from.display()
    );
    Ok(())
}

fn progress(done: usize, all: usize) {
    let mut stderr = io::stderr();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r{done} of {all} {}", if done == all { "\n" } else { "" });
    }
}
