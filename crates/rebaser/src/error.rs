//! Why a rebase failed.

use image::run_image::NoRunImage;
use image::{InvalidReference, NamedByDigest, SeveralRegistries};
use image_store::StoreError;
use platform_api::{ExitCode, PhaseError};
use spec_model::labels::{LIFECYCLE_METADATA, MalformedLabel};
use spec_model::metadata::NotJson;
use toml_file::WriteError;

use crate::checks::{Concern, Incompatible};

/// Why a rebase failed.
#[derive(Debug, thiserror::Error)]
pub enum RebaseError {
    /// An image reference cannot be used.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
    /// The references lie in several registries.
    #[error(transparent)]
    SeveralRegistries(#[from] SeveralRegistries),
    /// The rebased image is to be written under a digest.
    #[error(transparent)]
    NamedByDigest(#[from] NamedByDigest),
    /// The run image was named twice.
    #[error("-run-image and the deprecated -image were both given; leave -image out")]
    TwoRunImages,
    /// The store of images cannot be opened.
    #[error(transparent)]
    Store(StoreError),
    /// The app image cannot be read.
    #[error("failed to read the app image: {0}")]
    AppImage(#[source] StoreError),
    /// The app image does not exist.
    #[error("app image '{image}' was not found")]
    NoAppImage {
        /// The image.
        image: String,
    },
    /// The image was not made by a lifecycle.
    #[error("image '{image}' is no app image: it has no label {LIFECYCLE_METADATA}")]
    NotAnAppImage {
        /// The image.
        image: String,
    },
    /// The app image's metadata is malformed.
    #[error("app image '{image}' cannot be understood: {source}")]
    Metadata {
        /// The image.
        image: String,
        /// What is wrong with it.
        source: MalformedLabel,
    },
    /// Nobody names a run image.
    #[error("app image '{image}' does not name its run image in the label {LIFECYCLE_METADATA}")]
    NoRunImageNamed {
        /// The app image.
        image: String,
    },
    /// None of the run images that the app image names can be read.
    #[error("failed to choose a run image for app image '{image}': {source}")]
    NoRunImageChosen {
        /// The app image.
        image: String,
        /// Why not.
        source: NoRunImage,
    },
    /// The run image cannot be read.
    #[error("failed to read the run image: {0}")]
    RunImage(#[source] StoreError),
    /// The run image does not exist.
    #[error("run image '{image}' was not found")]
    NoRunImage {
        /// The image.
        image: String,
    },
    /// The run image is empty; nothing would tell its layers from the app image's own.
    #[error("run image '{image}' has no layers")]
    NoLayers {
        /// The image.
        image: String,
    },
    /// The rebase is unsafe.
    #[error("app image '{image}' is not rebased, because {}", list(concerns))]
    Unsafe {
        /// The app image.
        image: String,
        /// Why.
        concerns: Vec<Concern>,
    },
    /// The app does not run on the run image.
    #[error(transparent)]
    Incompatible(#[from] Incompatible),
    /// The app image's metadata and its layers contradict each other.
    #[error(
        "app image '{image}' has no layer '{layer}', which its label {LIFECYCLE_METADATA} names as the top layer \
         of its run image"
    )]
    NoTopLayer {
        /// The app image.
        image: String,
        /// The diffID.
        layer: String,
    },
    /// The metadata cannot be printed.
    #[error("failed to make label {LIFECYCLE_METADATA} for app image '{image}': {source}")]
    Label {
        /// The app image.
        image: String,
        /// Why not.
        source: NotJson,
    },
    /// The rebased image cannot be written.
    #[error("failed to write the rebased image: {0}")]
    Write(#[source] StoreError),
    /// The report cannot be written; the image has been.
    #[error("the image was rebased, but its report not written: {0}")]
    Report(#[source] WriteError),
}

fn list(concerns: &[Concern]) -> String {
    concerns.iter().map(Concern::to_string).collect::<Vec<_>>().join("; and because ")
}

impl PhaseError for RebaseError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Reference(_) | Self::SeveralRegistries(_) | Self::NamedByDigest(_) | Self::TwoRunImages => {
                ExitCode::InvalidArguments
            }
            Self::Store(_) | Self::RunImage(_) | Self::NoRunImage { .. } => ExitCode::Failed,
            Self::AppImage(_)
            | Self::NoAppImage { .. }
            | Self::NotAnAppImage { .. }
            | Self::Metadata { .. }
            | Self::NoRunImageNamed { .. }
            | Self::NoRunImageChosen { .. }
            | Self::NoLayers { .. }
            | Self::Unsafe { .. }
            | Self::Incompatible(_)
            | Self::NoTopLayer { .. }
            | Self::Label { .. }
            | Self::Write(_)
            | Self::Report(_) => ExitCode::Rebase,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NamedByDigest(_) => Some("name the image to rebase with -previous-image".to_owned()),
            Self::NoRunImageNamed { .. } => Some("name it with -run-image (CNB_RUN_IMAGE)".to_owned()),
            Self::NoRunImageChosen { .. } => {
                Some("name one that can be read with -run-image (CNB_RUN_IMAGE)".to_owned())
            }
            Self::Unsafe { concerns, .. } => Some(way_out(concerns)),
            Self::Incompatible(_) => {
                Some("use a run image of the same stack with -run-image, or build the app anew".to_owned())
            }
            _ => None,
        }
    }
}

/// Spec: platform.md § rebaser, `<force>`.
fn way_out(concerns: &[Concern]) -> String {
    let is_name = |concern: &Concern| matches!(concern, Concern::UnknownRunImage { .. });
    let other = if concerns.iter().any(is_name) {
        "choose one of the recorded names with -run-image or leave it out"
    } else {
        "build the app anew on that run image"
    };
    let recorded = if concerns.iter().any(is_name) { ", which then becomes the recorded name" } else { "" };
    format!(
        "{other}; if you know that the app runs on that run image{recorded}, allow it with -force \
         (CNB_FORCE_REBASE=true), from Platform API 0.12 on"
    )
}
