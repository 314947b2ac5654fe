//! What the exporter works on, read from the platform's inputs and the files of earlier phases.

use std::path::{Path, PathBuf};

use image::{Reference, Timestamp, ensure_one_registry, ensure_tags, run_image};
use layer::Owner;
use phase_shell::Inputs;
use platform_api::Input;
use spec_model::PlatformApi;
use spec_model::analyzed::Analyzed;
use spec_model::build_metadata::BuildMetadata;
use spec_model::group::Group;
use spec_model::project_metadata::ProjectMetadata;
use spec_model::run::{RunFile, RunImageChoice, StackFile};

use crate::error::{AnalyzedError, ExportError};

/// The inputs of the phase.
#[derive(Debug)]
pub struct ExporterInputs {
    /// The Platform API.
    pub platform_api: PlatformApi,
    /// The app directory.
    pub app: PathBuf,
    /// The layers directory.
    pub layers: PathBuf,
    /// The launcher executable.
    pub launcher: PathBuf,
    /// The directory of the launcher's SBOM files.
    pub launcher_sbom: PathBuf,
    /// The directory of an extended run image.
    pub extended: PathBuf,
    /// The owner of files in new layers.
    pub owner: Owner,
    /// The process type to start, if the platform names one.
    pub process_type: Option<String>,
    /// The execution environment.
    pub exec_env: String,
    /// Whether the cache is written at the same time as the image.
    pub parallel: bool,
    /// All references to the image, the first its name.
    pub images: Vec<String>,
    /// When the image is said to be made.
    pub created: Timestamp,
    /// Where the report goes.
    pub report: PathBuf,
    /// The detected group.
    pub group: Group,
    /// What the analyzer found.
    pub analyzed: Analyzed,
    /// What the buildpacks contributed.
    pub build: BuildMetadata,
    /// Where the app's source comes from.
    pub project: ProjectMetadata,
    /// The run image's names, for later rebases.
    pub run_image: RunImageChoice,
}

impl ExporterInputs {
    /// Whether the app image is based on what extensions made of the run image.
    pub(crate) fn extends_run_image(&self) -> bool {
        let analyzed = self.analyzed.run_image.as_ref();
        self.platform_api.extends_run_image() && analyzed.is_some_and(|run_image| run_image.extend)
    }

    /// Checks the inputs and reads the files they name.
    ///
    /// # Errors
    /// An input cannot be used, or a file is missing or malformed.
    pub fn read(inputs: &Inputs) -> Result<Self, ExportError> {
        let references = checked_references(inputs)?;
        let analyzed_path = inputs.path(Input::Analyzed);
        let analyzed: Analyzed =
            toml_file::read(analyzed_path).map_err(|error| ExportError::Analyzed(error.into()))?;
        if analyzed.run_image.as_ref().is_none_or(|run_image| run_image.reference.is_empty()) {
            let path = analyzed_path.to_owned();
            return Err(ExportError::Analyzed(AnalyzedError::NoRunImage { path }));
        }
        let run_image = analyzed.run_image.as_ref().map(|image| image.reference.as_str()).unwrap_or_default();
        tell_if_slow(inputs, &references, run_image);
        let group: Group = toml_file::read(inputs.path(Input::Group)).map_err(ExportError::State)?;
        group.check_apis()?;
        let project = toml_file::read_if_present(inputs.path(Input::ProjectMetadata));
        let project = project.map_err(ExportError::State)?.unwrap_or_else(|| {
            log::debug!("No project metadata in '{}'", inputs.path(Input::ProjectMetadata).display());
            ProjectMetadata::default()
        });
        let build = read_build_metadata(inputs.path(Input::Layers))?;
        let run_image = run_image_names(inputs, &analyzed, !build.extensions.is_empty())?;
        Ok(Self::new(inputs, references, Files { group, analyzed, build, project, run_image }))
    }

    /// Puts together inputs that are checked and files that are read.
    fn new(inputs: &Inputs, images: Vec<String>, files: Files) -> Self {
        let (uid, gid) = inputs.owner();
        let api = inputs.platform_api();
        Self {
            platform_api: api,
            app: inputs.path(Input::App).to_owned(),
            layers: inputs.path(Input::Layers).to_owned(),
            launcher: inputs.path(Input::Launcher).to_owned(),
            launcher_sbom: inputs.path(Input::LauncherSbom).to_owned(),
            extended: inputs.path(Input::Extended).to_owned(),
            owner: Owner { uid, gid },
            process_type: inputs.text(Input::ProcessType).map(ToOwned::to_owned),
            exec_env: inputs.text(Input::ExecEnv).unwrap_or_default().to_owned(),
            parallel: inputs.switch(Input::Parallel),
            images,
            created: created(inputs),
            report: inputs.path(Input::Report).to_owned(),
            group: files.group,
            analyzed: files.analyzed,
            build: files.build,
            project: files.project,
            run_image: files.run_image,
        }
    }
}

/// What earlier phases and the platform left in files.
struct Files {
    group: Group,
    analyzed: Analyzed,
    build: BuildMetadata,
    project: ProjectMetadata,
    run_image: RunImageChoice,
}

/// The image's references: the arguments, and the creator's additional tags.
fn checked_references(inputs: &Inputs) -> Result<Vec<String>, ExportError> {
    let mut references: Vec<String> = Vec::new();
    let arguments = inputs.arguments().iter().map(String::as_str);
    for reference in arguments.chain(inputs.list(Input::Tag)) {
        if !references.iter().any(|known| known == reference) {
            references.push(reference.to_owned());
        }
    }
    let parsed = references.iter().map(|text| text.parse::<Reference>()).collect::<Result<Vec<_>, _>>()?;
    ensure_tags(&parsed)?;
    if !inputs.switch(Input::Daemon) {
        ensure_one_registry(&parsed)?;
    }
    Ok(references)
}

/// Spec: buildpack.md § Export, Process: a slow export is told.
fn tell_if_slow(inputs: &Inputs, images: &[String], run_image: &str) {
    if inputs.switch(Input::Daemon) || inputs.switch(Input::Layout) {
        return;
    }
    let registry =
        |name: &str| name.parse::<Reference>().ok().map(|reference| reference.registry().to_owned());
    let (Some(own), Some(base)) = (images.first().and_then(|name| registry(name)), registry(run_image))
    else {
        return;
    };
    if own != base {
        log::info!(
            "The run image's layers have to be copied from '{base}' to '{own}', which takes longer than within one registry"
        );
    }
}

fn read_build_metadata(layers: &Path) -> Result<BuildMetadata, ExportError> {
    toml_file::read(&layers.join("config/metadata.toml")).map_err(ExportError::BuildMetadata)
}

fn run_image_names(
    inputs: &Inputs,
    analyzed: &Analyzed,
    has_extensions: bool,
) -> Result<RunImageChoice, ExportError> {
    if !inputs.platform_api().has_run_toml() {
        let path = inputs.path(Input::Stack);
        let stack: Option<StackFile> = toml_file::read_if_present(path).map_err(ExportError::State)?;
        return Ok(told_if_absent(stack, path).run_image);
    }
    let path = inputs.path(Input::Run);
    let run: Option<RunFile> = toml_file::read_if_present(path).map_err(ExportError::State)?;
    let name = analyzed.run_image.as_ref().map(|image| image.image.as_str()).unwrap_or_default();
    Ok(run_image::for_export(&told_if_absent(run, path), name, has_extensions))
}

fn told_if_absent<T: Default>(file: Option<T>, path: &Path) -> T {
    file.unwrap_or_else(|| {
        log::info!(
            "No run image metadata in '{}'; the image will not know its run image's mirrors",
            path.display()
        );
        T::default()
    })
}

/// Spec: platform.md § exporter (`SOURCE_DATE_EPOCH`).
fn created(inputs: &Inputs) -> Timestamp {
    let Some(text) = inputs.text(Input::SourceDateEpoch) else { return Timestamp::NORMALIZED };
    let time = text.parse().ok().and_then(|seconds| Timestamp::from_unix(seconds).ok());
    time.unwrap_or_else(|| {
        log::warn!("Ignoring SOURCE_DATE_EPOCH='{text}': it is no number of seconds since 1970");
        Timestamp::NORMALIZED
    })
}
