//! Generation: the extensions of the detected group write their Dockerfiles, which then are filed for the
//! extender, and the run image they lead to is recorded.
//!
//! Spec: `image_extension.md` § Phase: Generation; platform.md § detector (Outputs).

mod filing;

use std::path::{Path, PathBuf};

use buildpack::command::Surroundings;
use buildpack::dockerfile::{Dockerfile, DockerfileKind};
use buildpack::generate::Generated;
use spec_model::PlatformApi;
use spec_model::analyzed::{Analyzed, RunImage};
use spec_model::group::GroupElement;
use spec_model::plan::{BuildpackPlan, Plan};
use spec_model::run::RunFile;

use crate::order::Member;
use crate::run_image::{self, RunImageChange};
use crate::shelf::Shelf;
use crate::{DetectError, DetectorInputs};

/// What generation works on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Generation<'a> {
    pub(crate) inputs: &'a DetectorInputs,
    pub(crate) shelf: &'a Shelf,
    pub(crate) surroundings: Surroundings<'a>,
}

/// The output of one extension, and where it is filed.
#[derive(Debug)]
struct Contribution {
    extension: GroupElement,
    generated: Generated,
    /// Its directory below `<generated>`, or a temporary one before Platform API 0.13.
    output: PathBuf,
}

impl Generation<'_> {
    /// Runs the extensions in order. Leaves in `plan` what they do not provide, and in `analyzed` the run
    /// image that results.
    ///
    /// # Errors
    /// An extension fails, or what it generates is not allowed or cannot be filed.
    pub(crate) fn run(
        self,
        extensions: &[GroupElement],
        plan: &mut Plan,
        analyzed: &mut Analyzed,
    ) -> Result<(), DetectError> {
        let run_file = self.read_run_file()?;
        let temporary = tempfile::tempdir().map_err(DetectError::Generated)?;
        let parent =
            if self.api().has_extension_contexts() { &self.inputs.generated } else { temporary.path() };
        let mut contributions = Vec::new();
        for extension in extensions {
            let entries = take_entries(plan, extension);
            contributions.push(self.generate(extension, &entries, parent)?);
        }
        let change = run_image::select(dockerfiles(&contributions));
        self.warn_of_dockerfiles(&contributions);
        self.change_run_image(&change, &contributions, &run_file, analyzed);
        filing::file(self.inputs, &contributions, &change.ignored).map_err(DetectError::Generated)
    }

    fn api(&self) -> PlatformApi {
        self.inputs.platform_api
    }

    fn read_run_file(&self) -> Result<RunFile, DetectError> {
        if !self.api().has_run_toml() {
            return Ok(RunFile::default());
        }
        let file = toml_file::read_if_present(&self.inputs.run)
            .map_err(|source| DetectError::read("the run images", source))?;
        Ok(file.unwrap_or_default())
    }

    fn generate(
        &self,
        extension: &GroupElement,
        plan: &BuildpackPlan,
        parent: &Path,
    ) -> Result<Contribution, DetectError> {
        let name = extension.full_name();
        log::debug!("Generating with image extension {name}");
        let output = parent.join(extension.id.escaped());
        filing::remove(&output).map_err(DetectError::Generated)?;
        let descriptor = self.shelf.find(&Member::extension(extension))?;
        let generated = buildpack::generate::generate(&descriptor, &self.surroundings, plan, &output)
            .map_err(|source| DetectError::Generate { extension: name, source: Box::new(source) })?;
        Ok(Contribution { extension: extension.clone(), generated, output })
    }

    fn warn_of_dockerfiles(&self, contributions: &[Contribution]) {
        for dockerfile in dockerfiles(contributions) {
            for (line, instruction) in &dockerfile.discouraged {
                log::warn!(
                    "{}: line {line}: {instruction} is not recommended in the Dockerfile of an extension",
                    dockerfile.path.display()
                );
            }
            if dockerfile.kind == DockerfileKind::Run && dockerfile.extends && !self.api().extends_run_image()
            {
                log::warn!(
                    "{}: only FROM has an effect; Platform API {} does not extend run images",
                    dockerfile.path.display(),
                    self.api()
                );
            }
        }
    }

    fn change_run_image(
        &self,
        change: &RunImageChange,
        contributions: &[Contribution],
        run_file: &RunFile,
        analyzed: &mut Analyzed,
    ) {
        let records_name = self.api().records_run_image_name();
        if let Some((place, image)) = &change.switch {
            let current = analyzed.run_image.as_ref().map(|run_image| run_image.image.as_str());
            if !records_name || current != Some(image) {
                if self.api().has_run_toml() && image::run_image::entry_of(run_file, image).is_none() {
                    let file = self.inputs.run.display();
                    log::warn!(
                        "run image '{image}' is not listed in {file}; the platform may lack access to it"
                    );
                }
                let by = extension_of(contributions, *place);
                log::info!("Run image switched to '{image}' by image extension {by}");
                analyzed.run_image = Some(RunImage {
                    reference: image.clone(),
                    image: if records_name { image.clone() } else { String::new() },
                    ..RunImage::default()
                });
            }
        }
        if let Some(run_image) = analyzed.run_image.as_mut().filter(|_| change.extend) {
            log::debug!("The run image will be extended");
            run_image.extend = true;
        }
    }
}

/// All Dockerfiles, in order; their places in it are what [`RunImageChange`] refers to.
fn dockerfiles(contributions: &[Contribution]) -> impl Iterator<Item = &Dockerfile> {
    contributions.iter().flat_map(|contribution| &contribution.generated.dockerfiles)
}

fn extension_of(contributions: &[Contribution], place: usize) -> String {
    let extensions = contributions.iter().flat_map(|contribution| {
        contribution.generated.dockerfiles.iter().map(|_| contribution.extension.full_name())
    });
    extensions.into_iter().nth(place).unwrap_or_default()
}

/// Takes the entries out of the plan that the extension provides; it satisfies all of them.
/// Spec: `image_extension.md` § Buildpack Plan.
fn take_entries(plan: &mut Plan, extension: &GroupElement) -> BuildpackPlan {
    let is_provided = |entry: &mut spec_model::plan::PlanEntry| {
        entry.providers.iter().any(|provider| provider.extension && provider.id == extension.id)
    };
    let entries = plan.entries.extract_if(.., is_provided).flat_map(|entry| entry.requires).collect();
    BuildpackPlan { entries }
}
