//! Whether an app image still runs on another run image.
//!
//! Images know what they are for by target data since Platform API 0.12, before that by stack and mixins.
//! Which of the two counts is told by the app image, whatever the platform speaks now.
//! Spec: platform.md § rebaser; platform.md 0.11 § Stacks.

use std::collections::BTreeSet;
use std::fmt;

use image_store::{StoredImage, declared_target_data};
use spec_model::labels::{MIXINS, MalformedLabel, REBASABLE, STACK_ID, read_mixins};
use spec_model::lifecycle_metadata::LifecycleMetadata;
use spec_model::target::{Distro, TargetData};
use spec_model::{PlatformApi, UnusableApiVersion};

use crate::error::RebaseError;
use crate::inputs::RebaserInputs;
use crate::metadata::{recorded_names, records};
use crate::run_image::NewBase;

/// The variable in which images keep the Platform API they were built with.
const PLATFORM_API: &str = "CNB_PLATFORM_API";

/// Why a rebase is unsafe, though it may be forced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Concern {
    /// The app image is marked so.
    #[error(
        "the app image's label {REBASABLE} is 'false': an image extension changed its run image in ways that \
         another run image may lack"
    )]
    NotRebasable,
    /// The two are for different targets.
    #[error("the app image is for {app}, run image '{run_image}' is for {other}")]
    OtherTarget {
        /// The run image.
        run_image: String,
        /// The app image's target.
        app: String,
        /// The run image's target.
        other: String,
    },
    /// The app image does not know the run image.
    #[error(
        "run image '{run_image}' is none of the names that the app image records for its run image ({}), so \
         nothing tells that the app runs on it",
        list(recorded)
    )]
    UnknownRunImage {
        /// The run image.
        run_image: String,
        /// The names that the app image knows.
        recorded: Vec<String>,
    },
}

/// Why an app image of an older platform does not run on a run image, or cannot be told to.
#[derive(Debug, thiserror::Error)]
pub enum Incompatible {
    /// An image is of no stack.
    #[error("image '{image}' has no label {STACK_ID}, which tells its stack")]
    NoStack {
        /// The image.
        image: String,
    },
    /// The two are of different stacks.
    #[error("the app image is of stack '{app}', run image '{run_image}' of stack '{other}'")]
    OtherStack {
        /// The run image.
        run_image: String,
        /// The app image's stack.
        app: String,
        /// The run image's stack.
        other: String,
    },
    /// The run image lacks mixins.
    #[error("run image '{run_image}' lacks mixins that the app image has: {}", missing.join(", "))]
    MissingMixins {
        /// The run image.
        run_image: String,
        /// The mixins.
        missing: Vec<String>,
    },
    /// A label does not hold a list of mixins.
    #[error("image '{image}' cannot be understood: {source}")]
    Mixins {
        /// The image.
        image: String,
        /// What is wrong with it.
        source: MalformedLabel,
    },
    /// The app image was built with what is no version.
    #[error("variable {PLATFORM_API} in the config of image '{image}' is wrong: {source}")]
    PlatformApi {
        /// The image.
        image: String,
        /// What is wrong.
        source: UnusableApiVersion,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "there are none".to_owned();
    }
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

/// Checks that the app image runs on the new run image. What may be forced is a warning if it is.
pub(crate) fn check(
    inputs: &RebaserInputs,
    app: &StoredImage,
    metadata: &LifecycleMetadata,
    base: &NewBase,
) -> Result<(), RebaseError> {
    let mut concerns = Vec::new();
    if has_targets(app)? {
        concerns.extend(rebasable(app));
        concerns.extend(target(app, base));
    } else {
        stack(app, base)?;
        mixins(app, base)?;
    }
    if inputs.platform_api.records_run_image_name() {
        concerns.extend(name(metadata, base));
    }
    if concerns.is_empty() {
        return Ok(());
    }
    if !inputs.force {
        return Err(RebaseError::Unsafe { image: inputs.app_image.clone(), concerns });
    }
    for concern in concerns {
        log::warn!("Rebasing because of -force, although {concern}");
    }
    Ok(())
}

/// Whether target data counts; an image that does not tell is an old one.
fn has_targets(app: &StoredImage) -> Result<bool, Incompatible> {
    let Some(version) = app.config.config.env(PLATFORM_API).filter(|version| !version.is_empty()) else {
        return Ok(false);
    };
    PlatformApi::image_has_targets(version)
        .map_err(|source| Incompatible::PlatformApi { image: app.name.clone(), source })
}

fn rebasable(app: &StoredImage) -> Option<Concern> {
    (app.config.label(REBASABLE) == Some("false")).then_some(Concern::NotRebasable)
}

fn name(metadata: &LifecycleMetadata, base: &NewBase) -> Option<Concern> {
    (!records(metadata, &base.name)).then(|| Concern::UnknownRunImage {
        run_image: base.name.clone(),
        recorded: recorded_names(metadata).into_iter().map(ToOwned::to_owned).collect(),
    })
}

fn target(app: &StoredImage, base: &NewBase) -> Option<Concern> {
    let (of_app, of_base) = (declared_target_data(&app.config), declared_target_data(&base.image.config));
    (!fits(&of_app, &of_base)).then(|| Concern::OtherTarget {
        run_image: base.name.clone(),
        app: Target(&of_app).to_string(),
        other: Target(&of_base).to_string(),
    })
}

/// A variant that only one of them has does no harm, nor does a distribution that the new base does not
/// tell.
fn fits(app: &TargetData, base: &TargetData) -> bool {
    let distro = |target: &TargetData| target.distro.clone().unwrap_or_default();
    let (Distro { name, version }, of_base) = (distro(app), distro(base));
    app.os == base.os
        && app.arch == base.arch
        && (app.arch_variant.is_empty()
            || base.arch_variant.is_empty()
            || app.arch_variant == base.arch_variant)
        && (of_base.name.is_empty() || of_base.name == name)
        && (of_base.version.is_empty() || of_base.version == version)
}

/// Target data in words: `linux/arm64/v8, debian 12`.
struct Target<'a>(&'a TargetData);

impl fmt::Display for Target<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TargetData { os, arch, arch_variant, distro, .. } = self.0;
        let platform: Vec<_> = [os, arch, arch_variant]
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        out.write_str(&platform.join("/"))?;
        match distro {
            Some(Distro { name, version }) => {
                write!(out, ", distribution {}", format!("{name} {version}").trim())
            }
            None => out.write_str(", no distribution"),
        }
    }
}

fn stack(app: &StoredImage, base: &NewBase) -> Result<(), Incompatible> {
    let stack = |image: &StoredImage, name: &str| {
        let label = image.config.label(STACK_ID).filter(|label| !label.is_empty()).map(ToOwned::to_owned);
        label.ok_or_else(|| Incompatible::NoStack { image: name.to_owned() })
    };
    let (of_app, of_base) = (stack(app, &app.name)?, stack(&base.image, &base.name)?);
    if of_app == of_base {
        return Ok(());
    }
    Err(Incompatible::OtherStack { run_image: base.name.clone(), app: of_app, other: of_base })
}

fn mixins(app: &StoredImage, base: &NewBase) -> Result<(), Incompatible> {
    let (of_app, of_base) = (mixins_of(app, &app.name)?, mixins_of(&base.image, &base.name)?);
    let missing: Vec<_> = of_app.difference(&of_base).cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Incompatible::MissingMixins { run_image: base.name.clone(), missing })
}

/// The mixins of an image. Those of one stage have its name in front, which is of no interest here.
fn mixins_of(image: &StoredImage, name: &str) -> Result<BTreeSet<String>, Incompatible> {
    let Some(label) = image.config.label(MIXINS).filter(|label| !label.is_empty()) else {
        return Ok(BTreeSet::new());
    };
    let mixins =
        read_mixins(label).map_err(|source| Incompatible::Mixins { image: name.to_owned(), source })?;
    let without_stage = |mixin: &String| {
        let name = mixin.strip_prefix("run:").or_else(|| mixin.strip_prefix("build:"));
        name.unwrap_or(mixin).to_owned()
    };
    Ok(mixins.iter().map(without_stage).collect())
}
