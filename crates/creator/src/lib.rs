//! All phases of a build in one process, for platforms that trust the buildpacks they run.
//!
//! Each phase is the one its own executable runs, with the same inputs, and hands over to the next by the
//! same files. So the image is the same too. Spec: platform.md § creator.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use image_store::ImageAccess;
use phase_shell::{Inputs, heading};
use platform_api::{ExitCode, Input, PhaseError};
use spec_model::group::{Group, GroupElement};
use toml_file::ReadError;

/// Why a build failed: the phase that did, and its reason.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Analysis failed.
    #[error(transparent)]
    Analyze(#[from] analyzer::AnalyzeError),
    /// Detection failed.
    #[error(transparent)]
    Detect(#[from] detector::DetectError),
    /// The group that detection wrote cannot be read back.
    #[error(transparent)]
    Group(#[from] ReadError),
    /// The detected group has image extensions.
    #[error("the detected group has image extensions ({0}), which the creator cannot apply")]
    Extensions(String),
    /// Restoration failed.
    #[error(transparent)]
    Restore(#[from] restorer::RestoreError),
    /// The build failed.
    #[error(transparent)]
    Build(#[from] builder::BuildError),
    /// The export failed.
    #[error(transparent)]
    Export(#[from] exporter::ExportError),
}

impl PhaseError for CreateError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Analyze(error) => error.exit_code(),
            Self::Detect(error) => error.exit_code(),
            Self::Group(_) | Self::Extensions(_) => ExitCode::Detect,
            Self::Restore(error) => error.exit_code(),
            Self::Build(error) => error.exit_code(),
            Self::Export(error) => error.exit_code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Analyze(error) => error.hint(),
            Self::Detect(error) => error.hint(),
            Self::Group(_) => None,
            Self::Extensions(_) => {
                Some("run analyzer, detector, restorer, extender, builder and exporter instead".into())
            }
            Self::Restore(error) => error.hint(),
            Self::Build(error) => error.hint(),
            Self::Export(error) => error.hint(),
        }
    }
}

/// Runs the phases in order.
///
/// # Errors
/// The first phase that fails ends the build with its status.
pub fn run(inputs: &Inputs, access: &ImageAccess) -> Result<(), CreateError> {
    heading("ANALYZING");
    analyzer::run(inputs, access)?;

    heading("DETECTING");
    detector::run(inputs)?;
    refuse_extensions(inputs)?;

    if !inputs.switch(Input::SkipRestore) || inputs.platform_api().restores_store_when_skipping() {
        heading("RESTORING");
        restorer::run(inputs, access)?;
    }

    heading("BUILDING");
    build(inputs, access)?;

    heading("EXPORTING");
    exporter::run(inputs, access)?;
    Ok(())
}

/// How long connections to a container engine may be idle. Some engines, and proxies before them, cut those
/// that are for longer, and a user without rights to the socket cannot make new ones.
const IDLE: Duration = Duration::from_secs(2);

/// Runs the buildpacks, however long that takes, and keeps connections meanwhile.
fn build(inputs: &Inputs, access: &ImageAccess) -> Result<(), builder::BuildError> {
    let Some(engine) = access.engine() else { return builder::run(inputs) };
    thread::scope(|scope| {
        let (running, end) = channel::<()>();
        scope.spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = end.recv_timeout(IDLE) {
                // What fails here is told by the phase that needs it.
                let _ = engine.keep_connections();
            }
        });
        let built = builder::run(inputs);
        drop(running);
        built
    })
}

/// Extensions change the base image below the running process, for which the creator has no rights.
fn refuse_extensions(inputs: &Inputs) -> Result<(), CreateError> {
    let group: Group = toml_file::read(inputs.path(Input::Group))?;
    if group.extensions.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = group.extensions.iter().map(GroupElement::full_name).collect();
    Err(CreateError::Extensions(names.join(", ")))
}
