//! The detector: finds the group of buildpacks and image extensions that takes part in a build.
//!
//! What enters is an order of groups, the app, and what is known of the run image. What leaves is the
//! first group that passes (`group.toml`), its build plan (`plan.toml`) and, if extensions are part of it,
//! their Dockerfiles and the run image they lead to (`analyzed.toml`).
//!
//! 1. `order`: the builder's order, with system buildpacks and extensions added.
//! 2. `resolve`: composites are expanded, one group after the other is put together.
//! 3. `runs`: `bin/detect` of a group's members, each once, side by side.
//! 4. `attempt`, `trial`: the verdict on a group, by exit statuses and by its build plan.
//! 5. `report`: what users see of it.
//! 6. `generate`, `run_image`: the extensions of the group that passed.
//!
//! Spec: buildpack.md § Phase #1: Detection, platform.md § detector.

mod attempt;
mod error;
mod generate;
mod inputs;
mod order;
mod report;
mod resolve;
mod run_image;
mod runs;
mod shelf;
mod trial;

use std::collections::BTreeMap;

use buildpack::catalogue::Catalogue;
use buildpack::command::Surroundings;
use environment::BuildEnvironment;
use phase_shell::InputError;
use spec_model::group::Group;
use spec_model::target::TargetData;

pub use error::DetectError;
pub use inputs::DetectorInputs;

use attempt::{Attempt, Selection, Tested};
use generate::Generation;
use inputs::InputFiles;
use resolve::{Purpose, Resolver};
use runs::Runs;
use shelf::Shelf;

/// Runs the phase: detects, writes `group.toml` and `plan.toml`, and has extensions generate.
///
/// # Errors
/// See [`DetectError`].
pub fn run(inputs: &phase_shell::Inputs) -> Result<(), DetectError> {
    detect(&DetectorInputs::new(inputs), &|feature| inputs.allow_experimental(feature))
}

/// [`run`] with inputs of the caller's own making. `allow_experimental` is asked before an experimental
/// feature is used.
///
/// # Errors
/// See [`DetectError`].
pub fn detect(
    inputs: &DetectorInputs,
    allow_experimental: &dyn Fn(&'static str) -> Result<(), InputError>,
) -> Result<(), DetectError> {
    let files = InputFiles::read(inputs)?;
    if !files.order.extensions.is_empty() && !inputs.platform_api.extensions_are_stable() {
        allow_experimental("the use of image extensions")?;
    }
    let run_image_target = files.analyzed.run_image.as_ref().and_then(|image| image.target.as_ref());
    let target = buildpack::target::complete(run_image_target, &inputs.os_release);
    let environment = BuildEnvironment::from_process(inputs.environment.iter().cloned());
    let surroundings = Surroundings {
        app: &inputs.app,
        platform: &inputs.platform,
        build_config: inputs.build_config.as_deref(),
        exec_env: Some(inputs.exec_env.as_str()).filter(|name| !name.is_empty()),
        target: &target,
        environment: &environment,
    };
    let shelf = Shelf::new(Catalogue {
        buildpacks: inputs.buildpacks.clone(),
        extensions: inputs.extensions.clone(),
    });
    let Selection { group, mut plan, .. } = select(inputs, &files, &shelf, surroundings)?;
    refuse_shared_directories(&group)?;
    toml_file::write(&inputs.group, &group)?;
    toml_file::write(&inputs.plan, &plan)?;
    if !group.extensions.is_empty() {
        let mut analyzed = files.analyzed.clone();
        Generation { inputs, shelf: &shelf, surroundings }.run(
            &group.extensions,
            &mut plan,
            &mut analyzed,
        )?;
        toml_file::write(&inputs.analyzed, &analyzed)?;
        toml_file::write(&inputs.plan, &plan)?;
    }
    Ok(())
}

/// Ids that differ may have the same directory, `a/b` and `a_b` for one; layers and metadata of the two
/// buildpacks would then be taken for each other's.
fn refuse_shared_directories(group: &Group) -> Result<(), DetectError> {
    let mut owners = BTreeMap::new();
    for element in &group.group {
        let other = owners.insert(element.id.escaped(), &element.id);
        if let Some(other) = other.filter(|other| **other != element.id) {
            return Err(DetectError::SharedDirectory { one: other.clone(), other: element.id.clone() });
        }
    }
    Ok(())
}

/// Finds the first group that passes.
fn select(
    inputs: &DetectorInputs,
    files: &InputFiles,
    shelf: &Shelf,
    surroundings: Surroundings<'_>,
) -> Result<Selection, DetectError> {
    let order = order::complete(&files.order, &files.system);
    order::verify(&order, shelf)?;
    let purpose = purpose(inputs, surroundings.target);
    let mut runs = Runs::new(surroundings, inputs.parallelism);
    let mut attempts = Vec::new();
    let mut accept = |candidates: Vec<resolve::Candidate>| {
        let detections = runs.of(&candidates);
        let tested = candidates
            .into_iter()
            .zip(detections)
            .map(|(candidate, detection)| Tested { candidate, detection });
        let attempt = Attempt::new(tested.collect());
        let selection = attempt.selection().cloned();
        attempts.push(attempt);
        selection
    };
    let selection = Resolver { shelf, purpose, accept: &mut accept }.resolve(&order);
    // What was tried before an error is told too.
    report::print(&attempts, purpose);
    selection?.ok_or_else(|| match report::culprits(&attempts) {
        culprits if culprits.is_empty() => {
            DetectError::NothingDetected { app: inputs.app.clone(), any_group: !order.is_empty() }
        }
        culprits => DetectError::NothingDetectedWithErrors { culprits },
    })
}

fn purpose<'a>(inputs: &'a DetectorInputs, target: &'a TargetData) -> Purpose<'a> {
    let api = inputs.platform_api;
    Purpose {
        target: api.has_targets().then_some(target),
        exec_env: Some(inputs.exec_env.as_str()).filter(|name| api.has_exec_env() && !name.is_empty()),
    }
}
