//! What the phase works with.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use phase_shell::Inputs;
use platform_api::Input;
use spec_model::PlatformApi;
use spec_model::analyzed::Analyzed;
use spec_model::group::Group;
use spec_model::plan::Plan;
use spec_model::target::TargetData;

use crate::BuildError;

/// The inputs of the phase. All paths are absolute.
#[derive(Debug, Clone)]
pub struct BuilderInputs {
    /// The Platform API that the platform speaks.
    pub platform_api: PlatformApi,
    /// The app directory.
    pub app: PathBuf,
    /// The directory of operator-defined variables.
    pub build_config: PathBuf,
    /// The directory of buildpacks.
    pub buildpacks: PathBuf,
    /// The layers directory.
    pub layers: PathBuf,
    /// The platform directory.
    pub platform: PathBuf,
    /// The execution environment the app is built for.
    pub exec_env: Option<String>,
    /// The buildpacks and extensions that passed detection.
    pub group: Group,
    /// The resolved build plan.
    pub plan: Plan,
    /// The target of the build; see [`buildpack::target::complete`].
    pub target: TargetData,
    /// The variables of this process; buildpacks are given some of them.
    pub environment: Vec<(OsString, OsString)>,
}

impl BuilderInputs {
    /// Takes the phase's inputs and reads `group.toml`, `plan.toml` and `analyzed.toml`.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(inputs: &Inputs) -> Result<Self, BuildError> {
        let analyzed_path = inputs.path(Input::Analyzed);
        let analyzed: Option<Analyzed> =
            toml_file::read_if_present(analyzed_path).map_err(BuildError::Analyzed)?;
        if analyzed.is_none() {
            log::warn!("{} does not exist; nothing is known of the run image", analyzed_path.display());
        }
        let run_image = analyzed.and_then(|analyzed| analyzed.run_image);
        let run_image_target = run_image.as_ref().and_then(|image| image.target.as_ref());
        Ok(Self {
            platform_api: inputs.platform_api(),
            app: inputs.path(Input::App).to_owned(),
            build_config: inputs.path(Input::BuildConfig).to_owned(),
            buildpacks: inputs.path(Input::Buildpacks).to_owned(),
            layers: inputs.path(Input::Layers).to_owned(),
            platform: inputs.path(Input::Platform).to_owned(),
            exec_env: inputs.text(Input::ExecEnv).map(str::to_owned),
            group: toml_file::read(inputs.path(Input::Group)).map_err(BuildError::Group)?,
            plan: toml_file::read(inputs.path(Input::Plan)).map_err(BuildError::Plan)?,
            target: buildpack::target::complete(run_image_target, Path::new(buildpack::target::OS_RELEASE)),
            environment: inputs.environment().to_vec(),
        })
    }

    /// The build config directory, where the Platform API has one.
    pub(crate) fn operator_variables(&self) -> Option<&Path> {
        self.platform_api.has_build_config().then_some(self.build_config.as_path())
    }
}
