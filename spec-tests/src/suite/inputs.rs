//! Flags, variables and defaults of every input of every phase, generated from the table of the phases' inputs.
//!
//! For each input and phase there is one clause and one test. A test gives the input in all ways that there are: by
//! flag and variable at once, by each alone, and not at all. What the phase took is told by a probe. Spec:
//! platform.md § Usage.

mod case;
mod extender;
mod images;
mod paths;
mod probe;
mod ready;
mod values;

use platform_api::{Input, InputKind, InputUse, Phase};
use spec_model::PlatformApi;

use crate::clauses::{self, Clause, Document, Kind, Versions};
use crate::store::Store;
use crate::test::Test;
use case::cases;
pub(super) use paths::{cached, cached_layer};
use probe::Probe;
pub(super) use ready::{call, ready};

pub(super) fn tests() -> Vec<Test> {
    rows()
        .filter_map(|(input, usage)| Some(test(input, usage.phase, probe::of(input, usage.phase).ok()?)))
        .collect()
}

/// The clauses that these tests pin.
pub(crate) fn clauses() -> impl Iterator<Item = Clause> {
    rows().map(|(input, usage)| clause(input, *usage))
}

/// Each phase with each of its inputs.
fn rows() -> impl Iterator<Item = (Input, &'static InputUse)> {
    Input::all().flat_map(|input| input.uses().iter().map(move |usage| (input, usage)))
}

fn test(input: Input, phase: Phase, probe: Probe) -> Test {
    let run = move |scene: &crate::scene::Scene<'_>| {
        cases(input, phase, probe.values).iter().try_for_each(|case| (probe.check)(scene, case))
    };
    // The table is the same in between.
    let test = Test::new(&module(phase), &name(input), run).at_ends();
    let test = match (input, phase) {
        (Input::Daemon, _) => test.on(&[Store::Daemon]),
        (Input::Layout | Input::LayoutDir, _) => test.on(&[Store::Layout]),
        // Images that the suite wrote into a layout belong to another user than those of phases.
        (Input::CacheImage | Input::InsecureRegistry | Input::BuildImage | Input::Uid | Input::Gid, _)
        | (Input::PreviousImage, Phase::Creator)
        | (_, Phase::Rebaser | Phase::Extender) => test.on(&[Store::Registry]),
        (_, Phase::Detector | Phase::Builder) => test,
        _ => test.with_images(),
    };
    // Ids are those of the user for whom root gives up its rights.
    let by_root = phase == Phase::Extender || input.kind() == InputKind::Id;
    if by_root { test.by_root() } else { test }
}

fn clause(input: Input, usage: InputUse) -> Clause {
    let InputUse { phase, since, until } = usage;
    let unprobed = probe::of(input, phase).err();
    let tests =
        if unprobed.is_some() { Vec::new() } else { vec![format!("{}::{}", module(phase), name(input))] };
    let told = clauses::Phase::ALL.into_iter().find(|known| known.to_string() == phase.name());
    Clause {
        id: format!("platform.inputs.{phase}.{}", name(input).replace('_', "-")),
        document: Document::Platform,
        section: format!("{phase} § Inputs"),
        platform: Some(Versions { from: since.max(phase.since()), to: until }),
        buildpack: None,
        kind: Kind::Must,
        phases: told.into_iter().collect(),
        says: says(input),
        tests,
        untestable: unprobed.map(str::to_owned),
    }
}

/// `-layers` counts before `CNB_LAYERS_DIR`, and that before `/layers`.
fn says(input: Input) -> String {
    let flag = input.flag().map(|flag| format!("-{flag}"));
    let variable = input.variable().map(str::to_owned);
    let default = case::default(input);
    let ways: Vec<_> = [flag, variable, default].into_iter().flatten().collect();
    match ways.as_slice() {
        [only] => format!("{only} gives {}", input.description()),
        ways => format!("{} counts, in this order, as {}", ways.join(", then "), input.description()),
    }
}

fn module(phase: Phase) -> String {
    format!("inputs::{phase}")
}

/// As the flag, or else the variable, is called.
fn name(input: Input) -> String {
    match input.flag() {
        Some(flag) => flag.replace('-', "_"),
        None => input.variable().unwrap_or_default().trim_start_matches("CNB_").to_lowercase(),
    }
}

/// Whether image extensions exist, for tests that need one.
fn has_extensions(platform: PlatformApi) -> bool {
    Input::Extensions.is_taken_by(Phase::Detector, platform)
}
