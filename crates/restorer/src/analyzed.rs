//! `analyzed.toml`: read, completed with what image extensions need to know of run and build image, and
//! written again. Spec: platform.md § restorer, § analyzed.toml.

use std::path::Path;

use image::run_image::entry_of;
use image_store::{ImageAccess, ImageStore, StoredImage, target_data};
use phase_shell::Inputs;
use platform_api::{Input, Phase};
use spec_model::analyzed::{Analyzed, ImageIdentifier, RunImage};
use spec_model::group::Group;
use spec_model::run::RunFile;

use crate::error::RestoreError;
use crate::extender_image;

/// Where the extender looks for base images. The path is fixed. Spec: platform.md § restorer.
const KANIKO: &str = "/kaniko";

/// Reads `analyzed.toml` and completes it. A missing or malformed file is a warning: nothing is known of
/// earlier builds then.
pub(crate) fn complete(
    inputs: &Inputs,
    access: &ImageAccess,
    group: &Group,
) -> Result<Analyzed, RestoreError> {
    let path = inputs.path(Input::Analyzed);
    let mut analyzed = toml_file::read(path).unwrap_or_else(|error| {
        log::warn!("Nothing is known of the previous image, analyzed.toml cannot be used: {error}");
        Analyzed::default()
    });
    // The creator refuses image extensions, and has chosen the run image a moment ago.
    if inputs.phase() == Phase::Creator {
        return Ok(analyzed);
    }
    Completion { inputs, access, group }.complete(&mut analyzed)?;
    if analyzed != Analyzed::default() {
        toml_file::write(path, &analyzed).map_err(RestoreError::Analyzed)?;
    }
    Ok(analyzed)
}

/// What `analyzed.toml` is completed with.
struct Completion<'a> {
    inputs: &'a Inputs,
    access: &'a ImageAccess,
    group: &'a Group,
}

impl Completion<'_> {
    fn complete(&self, analyzed: &mut Analyzed) -> Result<(), RestoreError> {
        if let Some(name) = self.inputs.text(Input::BuildImage) {
            let images = self.images_for_extender("build", name)?;
            let image = resolve(images.as_ref(), "build", name)?;
            save_for_extender(images.as_ref(), &image)?;
            analyzed.build_image = Some(ImageIdentifier { reference: image.identifier });
        }
        match &mut analyzed.run_image {
            Some(run_image) => self.complete_run_image(run_image),
            None => Ok(()),
        }
    }

    fn complete_run_image(&self, run_image: &mut RunImage) -> Result<(), RestoreError> {
        // Before Platform API 0.12 there is only the reference.
        let name = if run_image.image.is_empty() { &run_image.reference } else { &run_image.image };
        let (inputs, api) = (self.inputs, self.inputs.platform_api());
        if api.restorer_resolves_mirrors() && !inputs.switch(Input::Layout) && !inputs.switch(Input::Daemon) {
            self.check_read(name)?;
        }
        let is_saved = run_image.extend && api.extends_run_image() && !inputs.switch(Input::Layout);
        let has_extensions = api.has_image_extensions() && !self.group.extensions.is_empty();
        let is_looked_up = has_extensions && lacks_target(run_image);
        if !is_saved && !is_looked_up {
            return Ok(());
        }
        let images =
            if is_saved { self.images_for_extender("run", name)? } else { self.images("run", name)? };
        let image = resolve(images.as_ref(), "run", name)?;
        if is_saved {
            save_for_extender(images.as_ref(), &image)?;
        }
        if api.has_targets() {
            run_image.target = Some(target_data(images.as_ref(), &image));
        }
        run_image.reference = image.identifier;
        Ok(())
    }

    /// Checks that the run image is still there, if it is one that the platform offers. The analyzer has
    /// chosen it among its mirrors; choosing again could take another image than was analyzed.
    fn check_read(&self, image: &str) -> Result<(), RestoreError> {
        let path = self.inputs.path(Input::Run);
        let run_file: Option<RunFile> = toml_file::read_if_present(path).map_err(RestoreError::State)?;
        let Some(run_file) = run_file else {
            log::warn!(
                "'{}' does not exist; whether the run image can be read is not checked",
                path.display()
            );
            return Ok(());
        };
        if entry_of(&run_file, image).is_none() {
            return Ok(());
        }
        self.images("run", image)?.check_read(image).map_err(RestoreError::image("run", image))
    }

    /// Where the images come from that the extender extends: from registries, if the others are in a daemon.
    /// The extender needs manifests and layers as they are compressed there, which daemons don't have.
    fn images_for_extender(
        &self,
        role: &'static str,
        image: &str,
    ) -> Result<Box<dyn ImageStore>, RestoreError> {
        if self.inputs.switch(Input::Daemon) && !self.inputs.switch(Input::Layout) {
            return Ok(Box::new(self.access.registries(self.inputs)));
        }
        self.images(role, image)
    }

    /// The store of images; opened when an image is needed, as most builds need none here.
    fn images(&self, role: &'static str, image: &str) -> Result<Box<dyn ImageStore>, RestoreError> {
        self.access.open(self.inputs).map_err(RestoreError::image(role, image))
    }
}

fn resolve(images: &dyn ImageStore, role: &'static str, name: &str) -> Result<StoredImage, RestoreError> {
    let found = images.resolve(name).map_err(RestoreError::image(role, name))?;
    found.ok_or_else(|| RestoreError::NoImage { role, image: name.to_owned() })
}

fn save_for_extender(images: &dyn ImageStore, image: &StoredImage) -> Result<(), RestoreError> {
    log::debug!("Saving image '{}' for the extender below {KANIKO}", image.name);
    extender_image::save(images, image, Path::new(KANIKO))
}

fn lacks_target(run_image: &RunImage) -> bool {
    run_image.target.as_ref().is_none_or(|target| target.os.is_empty())
}
