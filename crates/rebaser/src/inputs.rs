//! What the rebaser works on, from the platform's inputs.

use std::ffi::OsStr;
use std::path::PathBuf;

use image::{Reference, ensure_one_registry, ensure_tags};
use phase_shell::Inputs;
use platform_api::Input;
use spec_model::PlatformApi;

use crate::error::RebaseError;

/// The inputs of the phase.
#[derive(Debug, Clone)]
pub struct RebaserInputs {
    /// The Platform API.
    pub platform_api: PlatformApi,
    /// All references to the rebased image, the first its name.
    pub images: Vec<String>,
    /// The image to rebase.
    pub app_image: String,
    /// The new run image, if the platform names it.
    pub run_image: Option<String>,
    /// Whether an unsafe rebase is allowed.
    pub force: bool,
    /// Where the report goes.
    pub report: PathBuf,
}

impl RebaserInputs {
    /// Checks the inputs.
    ///
    /// # Errors
    /// An input cannot be used.
    pub fn read(inputs: &Inputs) -> Result<Self, RebaseError> {
        let mut images: Vec<String> = Vec::new();
        for image in inputs.arguments() {
            if !images.contains(image) {
                images.push(image.clone());
            }
        }
        let previous_image = inputs.text(Input::PreviousImage);
        let run_image = named_run_image(inputs)?;
        if !inputs.switch(Input::Daemon) {
            // A daemon names images by id, too.
            check_references(&images)?;
            for other in previous_image.into_iter().chain(run_image) {
                other.parse::<Reference>()?;
            }
        }
        let name = images.first().map(String::as_str).unwrap_or_default();
        Ok(Self {
            platform_api: inputs.platform_api(),
            app_image: previous_image.unwrap_or(name).to_owned(),
            run_image: run_image.map(ToOwned::to_owned),
            force: inputs.switch(Input::Force),
            report: inputs.path(Input::Report).to_owned(),
            images,
        })
    }
}

/// Spec: platform.md § rebaser, `<image>`.
fn check_references(images: &[String]) -> Result<(), RebaseError> {
    let references = images.iter().map(|text| text.parse()).collect::<Result<Vec<Reference>, _>>()?;
    ensure_tags(&references)?;
    Ok(ensure_one_registry(&references)?)
}

/// The flag's old name goes before the variable, but not beside the flag.
fn named_run_image(inputs: &Inputs) -> Result<Option<&str>, RebaseError> {
    let (current, deprecated) = (inputs.text(Input::RunImage), inputs.text(Input::DeprecatedRunImage));
    if let (Some(current), Some(_)) = (current, deprecated) {
        let variable = Input::RunImage.variable().unwrap_or_default();
        let is_variable = |(name, value): &(_, _)| name == variable && value == OsStr::new(current);
        if !inputs.environment().iter().any(is_variable) {
            return Err(RebaseError::TwoRunImages);
        }
    }
    Ok(deprecated.or(current))
}
