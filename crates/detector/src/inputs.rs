//! What detection works on: paths and values as the platform gave them, and the files they name.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use platform_api::Input;
use spec_model::PlatformApi;
use spec_model::analyzed::Analyzed;
use spec_model::order::{Order, System, SystemFile};

use crate::DetectError;

/// As many `bin/detect` run at the same time, whatever the number of cores: most wait for the disk.
const PARALLELISM: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// The inputs of the detector. All paths are absolute. Spec: platform.md § detector (Inputs).
#[derive(Debug, Clone)]
pub struct DetectorInputs {
    /// The Platform API that the platform speaks.
    pub platform_api: PlatformApi,
    /// The app directory.
    pub app: PathBuf,
    /// The platform directory.
    pub platform: PathBuf,
    /// The directory of buildpacks.
    pub buildpacks: PathBuf,
    /// The directory of image extensions.
    pub extensions: PathBuf,
    /// The build config directory, where the Platform API has one.
    pub build_config: Option<PathBuf>,
    /// The execution environment.
    pub exec_env: String,
    /// `order.toml`, read.
    pub order: PathBuf,
    /// `system.toml`, read if it is there.
    pub system: PathBuf,
    /// `run.toml`, read if it is there and extensions take part.
    pub run: PathBuf,
    /// `analyzed.toml`, read if it is there, written if extensions take part.
    pub analyzed: PathBuf,
    /// `group.toml`, written.
    pub group: PathBuf,
    /// `plan.toml`, written.
    pub plan: PathBuf,
    /// The directory for what extensions generate.
    pub generated: PathBuf,
    /// Where the build image tells its distribution; `/etc/os-release` but in tests.
    pub os_release: PathBuf,
    /// The variables the lifecycle was started with.
    pub environment: Vec<(OsString, OsString)>,
    /// How many `bin/detect` may run at the same time.
    pub parallelism: NonZeroUsize,
}

impl DetectorInputs {
    /// Takes what the detector needs from the inputs of a phase.
    #[must_use]
    pub fn new(inputs: &phase_shell::Inputs) -> Self {
        let platform_api = inputs.platform_api();
        let path = |input| inputs.path(input).to_owned();
        Self {
            platform_api,
            app: path(Input::App),
            platform: path(Input::Platform),
            buildpacks: path(Input::Buildpacks),
            extensions: path(Input::Extensions),
            build_config: platform_api.has_build_config().then(|| path(Input::BuildConfig)),
            exec_env: inputs.text(Input::ExecEnv).unwrap_or_default().to_owned(),
            order: path(Input::Order),
            system: path(Input::System),
            run: path(Input::Run),
            analyzed: path(Input::Analyzed),
            group: path(Input::Group),
            plan: path(Input::Plan),
            generated: path(Input::Generated),
            os_release: buildpack::target::OS_RELEASE.into(),
            environment: inputs.environment().to_vec(),
            parallelism: PARALLELISM,
        }
    }
}

/// What the files say that are read before detection.
#[derive(Debug, Default)]
pub(crate) struct InputFiles {
    pub(crate) order: Order,
    pub(crate) system: System,
    pub(crate) analyzed: Analyzed,
}

impl InputFiles {
    /// Reads the files. Of a Platform API that has no extensions or no system buildpacks, those are left out.
    ///
    /// # Errors
    /// `order.toml` is missing, or one of the files cannot be read or is malformed.
    pub(crate) fn read(inputs: &DetectorInputs) -> Result<Self, DetectError> {
        if !inputs.app.is_dir() {
            return Err(DetectError::NoApp { path: inputs.app.clone() });
        }
        let api = inputs.platform_api;
        let mut order: Order =
            toml_file::read(&inputs.order).map_err(|source| DetectError::read("the order", source))?;
        if !api.has_image_extensions() && !order.extensions.is_empty() {
            log::warn!("Ignoring [[order-extensions]]: Platform API {api} knows no image extensions");
            order.extensions.clear();
        }
        let system = if api.has_system_buildpacks() {
            let file: Option<SystemFile> = toml_file::read_if_present(&inputs.system)
                .map_err(|source| DetectError::read("the system buildpacks", source))?;
            file.unwrap_or_default().system
        } else {
            System::default()
        };
        let analyzed = toml_file::read_if_present(&inputs.analyzed)
            .map_err(|source| DetectError::read("what is known of the images", source))?;
        if analyzed.is_none() && api.has_targets() {
            log::warn!(
                "{} does not exist, so the run image's target is unknown; taking the build image's",
                inputs.analyzed.display()
            );
        }
        Ok(Self { order, system, analyzed: analyzed.unwrap_or_default() })
    }
}
