//! What the phase works with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use buildpack::dockerfile::DockerfileKind;
use phase_shell::Inputs;
use platform_api::Input;
use spec_model::PlatformApi;
use spec_model::analyzed::Analyzed;
use spec_model::group::Group;

use crate::{ExtendError, duration};

/// Where platforms mount the base images and the cache. The path is fixed. Spec: platform.md § extender.
const KANIKO: &str = "/kaniko";

/// The inputs of the phase. All paths are absolute.
#[derive(Debug, Clone)]
pub struct ExtenderInputs {
    /// The Platform API that the platform speaks.
    pub platform_api: PlatformApi,
    /// The image that is extended.
    pub kind: DockerfileKind,
    /// The file system that is extended, the base image's: `/`, but in tests.
    pub root: PathBuf,
    /// The app directory.
    pub app: PathBuf,
    /// The layers directory.
    pub layers: PathBuf,
    /// The platform directory.
    pub platform: PathBuf,
    /// The directory of Dockerfiles.
    pub generated: PathBuf,
    /// The directory of the extended run image.
    pub extended: PathBuf,
    /// The directory of base images and cached layers.
    pub kaniko: PathBuf,
    /// How long a cached layer may be used.
    pub cache_ttl: Duration,
    /// The buildpacks and extensions that passed detection.
    pub group: Group,
    /// What identifies the base image in `analyzed.toml`.
    pub base_image: String,
}

impl ExtenderInputs {
    /// Takes the phase's inputs and reads `group.toml` and `analyzed.toml`.
    pub(crate) fn read(inputs: &Inputs) -> Result<Self, ExtendError> {
        let kind = match inputs.text(Input::ExtendKind) {
            Some("build") | None => DockerfileKind::Build,
            Some("run") => DockerfileKind::Run,
            Some(other) => return Err(ExtendError::Kind { given: other.to_owned() }),
        };
        let ttl = inputs.text(Input::KanikoCacheTtl).unwrap_or_default();
        let cache_ttl =
            duration::parse(ttl).ok_or_else(|| ExtendError::CacheTtl { given: ttl.to_owned() })?;
        let analyzed: Analyzed =
            toml_file::read(inputs.path(Input::Analyzed)).map_err(ExtendError::Analyzed)?;
        let base_image = match kind {
            DockerfileKind::Build => analyzed.build_image.map(|image| image.reference),
            DockerfileKind::Run => analyzed.run_image.map(|image| image.reference),
        };
        Ok(Self {
            platform_api: inputs.platform_api(),
            kind,
            root: PathBuf::from("/"),
            app: inputs.path(Input::App).to_owned(),
            layers: inputs.path(Input::Layers).to_owned(),
            platform: inputs.path(Input::Platform).to_owned(),
            generated: inputs.path(Input::Generated).to_owned(),
            extended: inputs.path(Input::Extended).to_owned(),
            kaniko: PathBuf::from(KANIKO),
            cache_ttl,
            group: toml_file::read(inputs.path(Input::Group)).map_err(ExtendError::Group)?,
            base_image: base_image.unwrap_or_default(),
        })
    }

    /// What is no part of the image: directories that platforms mount or that phases share. Paths as seen in
    /// the root.
    pub(crate) fn ignored(&self) -> Vec<PathBuf> {
        let given = [&self.app, &self.layers, &self.platform, &self.generated, &self.extended, &self.kaniko];
        let given = given.into_iter().map(|path| self.in_root(path));
        snapshot::NEVER_WATCHED.iter().map(PathBuf::from).chain(given).collect()
    }

    /// A path of this machine as it is seen in the root.
    fn in_root(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).map_or_else(|_| path.to_owned(), |path| Path::new("/").join(path))
    }
}
