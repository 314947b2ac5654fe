//! Running `bin/generate` of one image extension and reading what it leaves behind.
//!
//! Spec: `image_extension.md` § Generation, § Context Folders, § extend-config.toml.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use environment::EnvironmentError;
use spec_model::extend_config::ExtendConfig;
use spec_model::plan::BuildpackPlan;
use toml_file::{ReadError, WriteError};

use crate::command::{StartError, Surroundings};
use crate::descriptor::{Descriptor, UnsupportedApi};
use crate::dockerfile::{Dockerfile, DockerfileError, DockerfileKind};

/// The build arguments of the Dockerfiles, beside which it lies.
pub const EXTEND_CONFIG: &str = "extend-config.toml";

/// Build arguments that the lifecycle itself gives.
const RESERVED_ARGUMENTS: &[&str] = &["build_id", "user_id", "group_id"];

/// What an extension generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Where it lies: the output directory, or the extension's own `generate` directory.
    pub directory: PathBuf,
    /// The Dockerfiles, that for the run image first.
    pub dockerfiles: Vec<Dockerfile>,
}

/// Why an extension generated nothing that can be used.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// It declares a Buildpack API that is not supported.
    #[error(transparent)]
    Api(#[from] UnsupportedApi),
    /// Its environment could not be made.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// A directory that it works with could not be made; the error names it.
    #[error("failed to prepare generation: {0}")]
    Directory(#[source] io::Error),
    /// The buildpack plan could not be written.
    #[error(transparent)]
    Plan(#[from] WriteError),
    /// `bin/generate` did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// `bin/generate` failed.
    #[error("bin/generate failed with {0}")]
    Failed(ExitStatus),
    /// A Dockerfile does not meet the requirements.
    #[error(transparent)]
    Dockerfile(#[from] DockerfileError),
    /// `extend-config.toml` cannot be read.
    #[error(transparent)]
    ExtendConfig(#[from] Box<ReadError>),
    /// `extend-config.toml` sets an argument that the lifecycle gives.
    #[error("{}: key '{image}.args' sets '{name}', which the lifecycle itself gives; choose another name", path.display())]
    ReservedArgument {
        /// The file.
        path: PathBuf,
        /// `build` or `run`.
        image: &'static str,
        /// The argument.
        name: String,
    },
    /// There is a build context for both images and one for a single image.
    #[error("{} and {name} are both there; leave either 'context' or '{name}' out", shared.display())]
    Contexts {
        /// The context for both.
        shared: PathBuf,
        /// The other one's name.
        name: &'static str,
    },
}

impl GenerateError {
    /// Whether the extension's own executable failed, rather than what it left behind or what we did.
    #[must_use]
    pub fn is_extension_failure(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Failed(_))
    }
}

/// Runs `bin/generate` with `output` as its output directory, which is made, and reads what is there
/// afterwards. An extension without `bin/generate` brings its output along in its `generate` directory.
///
/// What `bin/generate` prints goes where our own streams go.
///
/// # Errors
/// The extension fails or leaves something behind that cannot be used.
pub fn generate(
    descriptor: &Descriptor,
    surroundings: &Surroundings<'_>,
    plan: &BuildpackPlan,
    output: &Path,
) -> Result<Generated, GenerateError> {
    fs_err::create_dir_all(output).map_err(GenerateError::Directory)?;
    if !descriptor.root.join("bin/generate").exists() {
        return read(&descriptor.root.join("generate"));
    }
    let directory = tempfile::Builder::new().prefix("plan.").tempdir().map_err(GenerateError::Directory)?;
    let plan_path = directory.path().join("plan.toml");
    toml_file::write(&plan_path, plan)?;
    let mut command = surroundings.command(descriptor, descriptor.api()?, "generate")?;
    command.arg(output).arg(surroundings.platform).arg(&plan_path);
    command.env("CNB_OUTPUT_DIR", output).env("CNB_BP_PLAN_PATH", &plan_path);
    let status = command.status().map_err(|error| StartError::explain(&command, error))?;
    if !status.success() {
        return Err(GenerateError::Failed(status));
    }
    read(output)
}

fn read(directory: &Path) -> Result<Generated, GenerateError> {
    check_extend_config(&directory.join(EXTEND_CONFIG))?;
    let mut dockerfiles = Vec::new();
    for kind in [DockerfileKind::Run, DockerfileKind::Build] {
        dockerfiles.extend(Dockerfile::read(kind, &directory.join(kind.file_name()))?);
    }
    let shared = directory.join("context");
    if shared.is_dir() {
        let other = ["context.build", "context.run"].into_iter().find(|name| directory.join(name).is_dir());
        if let Some(name) = other {
            return Err(GenerateError::Contexts { shared, name });
        }
    }
    Ok(Generated { directory: directory.to_owned(), dockerfiles })
}

fn check_extend_config(path: &Path) -> Result<(), GenerateError> {
    let config: ExtendConfig = toml_file::read_if_present(path).map_err(Box::new)?.unwrap_or_default();
    for (image, target) in [("build", &config.build), ("run", &config.run)] {
        let reserved = target.args.iter().find(|arg| RESERVED_ARGUMENTS.contains(&arg.name.as_str()));
        if let Some(arg) = reserved {
            return Err(GenerateError::ReservedArgument {
                path: path.to_owned(),
                image,
                name: arg.name.clone(),
            });
        }
    }
    Ok(())
}
