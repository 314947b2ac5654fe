//! What must hold when something goes wrong: faults, kills and hostile input.

mod archives;
mod arguments;
mod caches;
mod documents;
mod faults;
mod files;
mod kill;
mod kill_state;
mod names;
mod registry;
mod secrets;
mod waits;

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use crate::scene::{Phase, Run, Scene};
use crate::test::Test;
use crate::verdict::{Failure, Verdict, ensure};

pub(super) fn tests() -> Vec<Test> {
    [
        archives::tests(),
        arguments::tests(),
        caches::tests(),
        documents::tests(),
        faults::tests(),
        files::tests(),
        kill::tests(),
        kill_state::tests(),
        names::tests(),
        registry::tests(),
        secrets::tests(),
        waits::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What programs write that hit a fault of their own: Rust's panics, Go's, and those of memory.
const CRASHES: [&str; 5] =
    ["panicked at", "goroutine 1 [", "fatal error: ", "stack overflow", "memory allocation of"];

/// It must end by itself, and not as programs end that hit a fault of their own.
fn in_order(run: &Run) -> Verdict<&Run> {
    let output = run.output();
    let crash = CRASHES.iter().find(|crash| output.contains(*crash));
    let ends = run.code().is_some_and(|code| code != 101 && code < 126);
    if ends && crash.is_none() {
        return Ok(run);
    }
    Err(Failure::new("the phase", "it ends in order, with a status of its own and without a crash", run))
}

/// It has to end in order, and to fail with a status that the specification has for a phase.
fn refuses<'r>(run: &'r Run, phase: &str) -> Verdict<&'r Run> {
    in_order(run)?;
    let code = run.code().unwrap_or_default();
    if (1..=19).contains(&code) || statuses(phase).contains(&code) {
        return Ok(run);
    }
    let expected = format!("a failure with 1 to 19 or {:?}", statuses(phase));
    Err(Failure::new(phase, expected, run))
}

/// The statuses of a phase. Spec: platform.md § Outputs of each phase.
fn statuses(phase: &str) -> RangeInclusive<i32> {
    match phase {
        "detector" => 20..=29,
        "analyzer" => 30..=39,
        "restorer" => 40..=49,
        "builder" => 50..=59,
        "exporter" => 60..=69,
        "rebaser" => 70..=79,
        "launcher" => 80..=89,
        "creator" => 20..=69,
        other => unreachable!("{other} is not under test here"),
    }
}

/// Runs a phase that has to be done within so many seconds.
fn within(phase: Phase<'_>, seconds: u64) -> Verdict<Run> {
    let begun = Instant::now();
    let run = phase.run()?;
    let took = begun.elapsed();
    ensure(
        &format!("it takes {seconds} s at most"),
        took <= Duration::from_secs(seconds),
        format!("{took:?}: {run}"),
    )?;
    Ok(run)
}

/// Writes what the exporter reads, with a layer `deps` that is in the image and in the cache and has one file.
fn built_with_cache(scene: &Scene<'_>, content: &str) {
    scene.built();
    scene.write("/layers/of_tests/deps.toml", "[types]\nlaunch = true\ncache = true\nbuild = true\n");
    scene.write("/layers/of_tests/deps/file", content);
}

/// Bytes that don't compress, different for each seed.
fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..length).map(|_| next()).collect()
}
