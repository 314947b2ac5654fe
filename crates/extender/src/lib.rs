//! The phase that applies the Dockerfiles of image extensions to the build or run image.
//!
//! It runs as root in a container of that image, so the root directory is the image's file system. What
//! enters: the group, `<generated>`, `analyzed.toml`, and the image's documents as the restorer left them below
//! `/kaniko`. What leaves: for the run image, `<extended>/run`; for the build image, the changed file system,
//! in which the build phase follows as the build image's user. Spec: platform.md § extender,
//! `image_extension.md` § Phase: Extension.

mod base_image;
mod command;
mod context;
mod copy;
mod duration;
mod error;
mod fingerprint;
mod generated;
mod inputs;
mod layer_cache;
mod machine;
mod plan;
mod proceed;
mod rooted;
mod run_image;
mod unpack;
mod users;

use buildpack::dockerfile::DockerfileKind;
use image::{ContainerConfig, ExtensionPlan};
use image_store::StoredImage;
use phase_shell::Inputs;
use snapshot::Root;

pub use context::ContextError;
pub use error::{ExtendError, Refusal, StepError};
pub use inputs::ExtenderInputs;
pub use users::UnknownName;

use layer_cache::LayerCache;
use machine::Machine;
use plan::Plan;

/// Runs the phase from its resolved inputs, and the build if it was the build image that was extended.
///
/// # Errors
/// See [`ExtendError`].
pub fn run(inputs: &Inputs) -> Result<(), ExtendError> {
    proceed::forget_credentials()?;
    let own = ExtenderInputs::read(inputs)?;
    let config = extend(&own)?;
    match own.kind {
        DockerfileKind::Run => Ok(()),
        DockerfileKind::Build => proceed::build(inputs, config.as_ref()),
    }
}

/// Applies the Dockerfiles of the group. Yields the config of the extended image; none if there was nothing to
/// extend in the build image.
///
/// # Errors
/// See [`ExtendError`]. After a failure there is no extended run image.
pub fn extend(inputs: &ExtenderInputs) -> Result<Option<ContainerConfig>, ExtendError> {
    let is_run_image = inputs.kind == DockerfileKind::Run;
    if is_run_image {
        run_image::clear(&inputs.extended)?;
    }
    let applications = generated::find(inputs)?;
    if applications.is_empty() && !is_run_image {
        log::info!("No image extension extends the build image");
        return Ok(None);
    }
    let base = base_image::read(inputs)?;
    let plan = plan::make(&base.config.config, &inputs.base_image, &applications)?;
    if is_run_image && plan::runs_as_root(&plan.config) && !applications.is_empty() {
        return Err(ExtendError::Root { user: plan.config.user });
    }
    log::info!("Extending the {} image with {} Dockerfile(s)", inputs.kind.image(), applications.len());
    apply(inputs, &base, plan).map(Some)
}

fn apply(inputs: &ExtenderInputs, base: &StoredImage, plan: Plan) -> Result<ContainerConfig, ExtendError> {
    let cache = LayerCache::open(inputs.kaniko.join("cache/layers"), inputs.cache_ttl)
        .map_err(ExtendError::files("open the cache of layers"))?;
    let watched = Root::new(&inputs.root, &inputs.ignored());
    let base_digest = base.manifest_document.digest.to_string();
    let mut machine = Machine::new(&inputs.root, watched, &cache, &base_digest);
    for step in &plan.steps {
        machine.perform(step)?;
    }
    if inputs.kind == DockerfileKind::Build {
        machine.complete()?;
    }
    let extension =
        ExtensionPlan { layers: machine.into_layers(), config: plan.config.clone(), author: plan.author };
    if inputs.kind == DockerfileKind::Run {
        let place = run_image::write(&inputs.extended, base, &extension, &cache)?;
        log::info!("Wrote the extended run image to '{}'", place.display());
    }
    cache.prune();
    Ok(plan.config)
}
