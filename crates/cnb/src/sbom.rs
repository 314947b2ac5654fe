//! `cnb sbom download`: the SBOM files of an image.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use image_store::ImageStore;
use layer::Destination;
use spec_model::labels::LIFECYCLE_METADATA;
use spec_model::lifecycle_metadata::LifecycleMetadata;

use crate::arguments::ImageName;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    image: ImageName,

    /// Where the files are written
    #[arg(long, value_name = "DIR", default_value = ".")]
    output_dir: PathBuf,
}

/// Extracts the image's layer of SBOM files below the output directory.
/// Spec: buildpack.md § Software-Bill-of-Materials.
pub(crate) fn download(arguments: &Arguments) -> Result<()> {
    let (store, image) = arguments.image.find()?;
    let reference = &arguments.image.reference;
    let Some(label) = image.config.label(LIFECYCLE_METADATA) else {
        bail!("image '{reference}' has no SBOM: buildpacks did not build it");
    };
    let metadata = LifecycleMetadata::from_label(label)
        .with_context(|| format!("the metadata of image '{reference}' is unusable"))?;
    let Some(sbom) = metadata.sbom.filter(|layer| !layer.sha.is_empty()) else {
        bail!("image '{reference}' has no SBOM: none of its buildpacks wrote one");
    };
    let Some(diff_id) = sbom.diff_id() else {
        bail!("the metadata of image '{reference}' names its SBOM layer '{}', which is no digest", sbom.sha);
    };
    let layer = store.open_layer(&image, &diff_id)?;
    layer::extract_verified(layer, &diff_id, &Destination::in_root(&arguments.output_dir, "/"))
        .with_context(|| format!("failed to extract the SBOM of image '{reference}'"))?;
    output::print(&format!("Wrote the SBOM of {reference} to {}\n", arguments.output_dir.display()))?;
    Ok(())
}
