//! What the analyzer works on, read from the platform's inputs and the files they name.

use std::ffi::OsStr;
use std::path::PathBuf;

use image::{Reference, ensure_one_registry};
use phase_shell::Inputs;
use platform_api::Input;
use spec_model::PlatformApi;
use spec_model::run::{RunFile, RunImageChoice, StackFile};

use crate::error::AnalyzeError;

/// The inputs of the phase.
#[derive(Debug, Clone)]
pub struct AnalyzerInputs {
    /// The Platform API.
    pub platform_api: PlatformApi,
    /// All references to the app image, the first its name.
    pub images: Vec<String>,
    /// The image of the previous build.
    pub previous_image: String,
    /// The run image.
    pub run_image: RunImageSource,
    /// The image that the cache is in.
    pub cache_image: Option<String>,
    /// The layers directory.
    pub layers: PathBuf,
    /// Where what was found is written.
    pub analyzed: PathBuf,
    /// Whether the SBOM files of the previous image are restored.
    pub restores_sbom: bool,
}

/// Where the run image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunImageSource {
    /// The platform gave its name.
    Named(String),
    /// It is one of the names in `run.toml` or `stack.toml`.
    OneOf {
        /// The names.
        choice: RunImageChoice,
        /// The file.
        file: PathBuf,
    },
}

impl AnalyzerInputs {
    /// Checks the inputs and reads the files they name. The creator's inputs do as well.
    ///
    /// # Errors
    /// An input cannot be used, or a file is malformed.
    pub fn read(inputs: &Inputs) -> Result<Self, AnalyzeError> {
        let images = image_names(inputs)?;
        let name = images.first().map(String::as_str).unwrap_or_default();
        let previous_image = inputs.text(Input::PreviousImage).unwrap_or(name).to_owned();
        let run_image = run_image_source(inputs)?;
        if !inputs.switch(Input::Daemon) {
            // A daemon names images by id, too.
            previous_image.parse::<Reference>()?;
        }
        if let RunImageSource::Named(name) = &run_image {
            name.parse::<Reference>()?;
        }
        let is_skipped = inputs.switch(Input::SkipLayers) || inputs.switch(Input::SkipRestore);
        Ok(Self {
            platform_api: inputs.platform_api(),
            images,
            previous_image,
            run_image,
            cache_image: cache_image(inputs)?,
            layers: inputs.path(Input::Layers).to_owned(),
            analyzed: inputs.path(Input::Analyzed).to_owned(),
            restores_sbom: inputs.platform_api().has_sbom_files() && !is_skipped,
        })
    }
}

/// The app image's name and its additional tags, each once.
fn image_names(inputs: &Inputs) -> Result<Vec<String>, AnalyzeError> {
    let mut names: Vec<String> = Vec::new();
    let arguments = inputs.arguments().iter().map(String::as_str);
    for name in arguments.chain(inputs.list(Input::Tag)) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    let references = names.iter().map(|name| name.parse()).collect::<Result<Vec<Reference>, _>>()?;
    if !inputs.switch(Input::Daemon) {
        ensure_one_registry(&references)?;
    }
    Ok(names)
}

fn cache_image(inputs: &Inputs) -> Result<Option<String>, AnalyzeError> {
    let Some(cache_image) = inputs.text(Input::CacheImage) else { return Ok(None) };
    cache_image.parse::<Reference>()?;
    Ok(Some(cache_image.to_owned()))
}

/// Spec: platform.md § analyzer, `<run-image>`.
fn run_image_source(inputs: &Inputs) -> Result<RunImageSource, AnalyzeError> {
    if let Some(name) = named_run_image(inputs)? {
        return Ok(RunImageSource::Named(name.to_owned()));
    }
    let (choice, file) = if inputs.platform_api().has_run_toml() {
        let file = inputs.path(Input::Run);
        let run: Option<RunFile> = toml_file::read_if_present(file).map_err(AnalyzeError::RunFile)?;
        (run.and_then(|run| run.images.into_iter().next()), file)
    } else {
        let file = inputs.path(Input::Stack);
        let stack: Option<StackFile> = toml_file::read_if_present(file).map_err(AnalyzeError::RunFile)?;
        (stack.map(|stack| stack.run_image), file)
    };
    Ok(RunImageSource::OneOf { choice: choice.unwrap_or_default(), file: file.to_owned() })
}

/// The creator still knows the run image's deprecated flag, which goes before the variable.
fn named_run_image(inputs: &Inputs) -> Result<Option<&str>, AnalyzeError> {
    let (current, deprecated) = (inputs.text(Input::RunImage), inputs.text(Input::DeprecatedRunImage));
    if let (Some(current), Some(_)) = (current, deprecated) {
        let variable = Input::RunImage.variable().unwrap_or_default();
        let environment = inputs.environment().iter();
        let is_from_variable = environment
            .filter(|(name, _)| name == variable)
            .any(|(_, value)| value.as_os_str() == OsStr::new(current));
        if !is_from_variable {
            return Err(AnalyzeError::TwoRunImages);
        }
    }
    Ok(deprecated.or(current))
}
