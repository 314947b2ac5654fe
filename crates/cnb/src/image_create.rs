//! `cnb image create`: a base image of a root file system.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use image::{
    ContainerConfig, Descriptor, Document, ImageConfig, ImagePlan, Manifest, NewLayer, Platform, Timestamp,
    media_type::MediaType,
};
use image_store::{FinishedLayer, ImageStore, ImageWriter, StoredImage};
use layer::{Compressors, LayerSource};
use spec_model::labels::{DISTRO_NAME, DISTRO_VERSION};

use crate::arguments::{ImageName, Pair};
use crate::run::DEFAULT_PATH;
use crate::run::user::User;
use crate::{in_root, output};

/// Where a root file system says what distribution it is.
const OS_RELEASE: &str = "etc/os-release";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The root file system; becomes one layer, in which root owns everything
    #[arg(long, value_name = "DIR")]
    rootfs: PathBuf,

    #[command(flatten)]
    image: ImageName,

    /// The user whom processes run as: a name or id, and optionally a group
    #[arg(long, value_name = "USER[:GROUP]")]
    user: String,

    /// A variable to set; PATH has a default
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<Pair>,

    /// A label to set; the distribution's labels are taken from /etc/os-release
    #[arg(long, value_name = "NAME=VALUE")]
    label: Vec<Pair>,

    /// The processor architecture, by Go's names [default: this machine's]
    #[arg(long, value_name = "ARCH")]
    arch: Option<String>,
}

/// Makes the image and prints its name.
pub(crate) fn create(arguments: &Arguments) -> Result<()> {
    let reference = &arguments.image.reference;
    let rootfs = fs_err::canonicalize(&arguments.rootfs)?;
    let labels = labels(arguments, &rootfs)?;
    let store = arguments.image.store()?;
    let base = nothing(arguments)?;
    let writer = store.begin(reference, &base, None)?;
    let layer = write_layer(&rootfs, writer.as_ref())?;
    let plan = ImagePlan {
        layers: vec![layer],
        extended_config: None,
        labels,
        env: variables(arguments),
        entrypoint: Vec::new(),
        working_dir: String::new(),
        created: Timestamp::NORMALIZED,
        tells_history: true,
    };
    let written = writer.commit(&plan, &[])?;
    output::print(&format!("Created image {reference} ({})\n", written.identifier))?;
    Ok(())
}

/// An image without layers, for the new image's platform and user.
fn nothing(arguments: &Arguments) -> Result<StoredImage> {
    User::check(&arguments.user)?;
    let host = Platform::host();
    let config = ImageConfig {
        architecture: arguments.arch.clone().unwrap_or(host.architecture),
        os: host.os,
        config: ContainerConfig { user: arguments.user.clone(), ..ContainerConfig::default() },
        ..ImageConfig::default()
    };
    let config = Document::new(serde_json::to_vec(&config)?);
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MediaType::ImageManifest),
        config: Descriptor::new(MediaType::ImageConfig, config.size(), config.digest),
        layers: Vec::new(),
        annotations: BTreeMap::new(),
        subject: None,
        artifact_type: None,
    };
    let manifest = Document::new(serde_json::to_vec(&manifest)?);
    Ok(StoredImage::new("nothing", String::new(), manifest, config)?)
}

fn write_layer(rootfs: &Path, writer: &dyn ImageWriter) -> Result<NewLayer> {
    let mut sink = writer.layer()?;
    let source = LayerSource::root_file_system("root file system", rootfs);
    let summary = source.write(&mut sink, None, Compressors::default())?;
    let layer =
        FinishedLayer { diff_id: summary.diff_id, digest: summary.digest, size: summary.compressed_size };
    let created_by = "cnb image create".to_owned();
    Ok(NewLayer { descriptor: sink.finish(layer)?, diff_id: layer.diff_id, created_by })
}

fn variables(arguments: &Arguments) -> Vec<(String, String)> {
    let path = ("PATH".to_owned(), DEFAULT_PATH.to_owned());
    std::iter::once(path).chain(tuples(&arguments.env)).collect()
}

/// The labels for the distribution, and then those asked for, which win.
fn labels(arguments: &Arguments, rootfs: &Path) -> Result<Vec<(String, String)>> {
    let text = in_root::read_to_string(rootfs, OS_RELEASE).context("cannot tell the distribution")?;
    let distro = text.as_deref().and_then(image_store::distro).unwrap_or_default();
    let labels = [(DISTRO_NAME, distro.name), (DISTRO_VERSION, distro.version)];
    let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(labels.map(|(name, value)| (name.to_owned(), value)).chain(tuples(&arguments.label)).collect())
}

fn tuples(pairs: &[Pair]) -> impl Iterator<Item = (String, String)> {
    pairs.iter().map(|pair| (pair.name.clone(), pair.value.clone()))
}
