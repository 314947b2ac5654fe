//! The image that platforms run phases from when they don't trust the builder.
//!
//! Two layers: what a container needs besides the lifecycle, and the lifecycle. Clients take the last one to be
//! the lifecycle.

use std::path::Path;

use anyhow::Result;
use image::media_type::MediaType;
use image::{ContainerConfig, Descriptor, ImageConfig, ImagePlan, Manifest, NewLayer, Platform, Timestamp};
use image_store::{FinishedLayer, ImageStore, ImageWriter, LayoutStore, StoredImage};
use layer::{Assembled, Compressors, LayerSource};

use crate::contents::Contents;
use crate::descriptor;

/// Where the phases run; platforms mount a volume there.
const LAYERS: &str = "/layers";

/// Where phases look for certificates first.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Where credential helpers may be.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const PASSWD: &str =
    "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nnogroup:x:65534:\n";

/// Writes the image for one architecture into a layout store.
pub(crate) fn write(
    contents: &Contents,
    ca_certificates: Option<&Path>,
    scratch: &Path,
    store: &LayoutStore,
) -> Result<StoredImage> {
    let platform = Platform {
        architecture: contents.target.architecture().to_owned(),
        os: "linux".to_owned(),
        ..Platform::default()
    };
    let reference = format!("lifecycle/{}", platform.architecture);
    let writer = store.begin(&reference, &nothing(&platform)?, None)?;
    let surroundings = LayerSource::assembled("surroundings", surroundings(ca_certificates, scratch)?);
    let mut entries = vec![Assembled::directory("/cnb")];
    entries.extend(contents.below("/cnb/lifecycle"));
    let lifecycle = LayerSource::assembled("lifecycle", entries);
    let plan = ImagePlan {
        layers: vec![
            add(&surroundings, "Surroundings of the lifecycle", writer.as_ref())?,
            add(&lifecycle, "Lifecycle", writer.as_ref())?,
        ],
        extended_config: None,
        labels: descriptor::labels()?,
        env: vec![("PATH".to_owned(), PATH.to_owned())],
        entrypoint: Vec::new(),
        working_dir: LAYERS.to_owned(),
        created: Timestamp::NORMALIZED,
        tells_history: true,
    };
    let written = writer.commit(&plan, &[])?;
    let image = store.for_platform(platform).resolve(&reference)?;
    image.ok_or_else(|| anyhow::anyhow!("the image {} is gone", written.identifier))
}

/// An image without layers for a platform. Phases start as root and give that up themselves.
fn nothing(platform: &Platform) -> Result<StoredImage> {
    let config = ImageConfig {
        architecture: platform.architecture.clone(),
        os: platform.os.clone(),
        config: ContainerConfig { user: "0".to_owned(), ..ContainerConfig::default() },
        ..ImageConfig::default()
    };
    let (_, manifest, config) = Manifest::scratch(&config)?;
    Ok(StoredImage::new("nothing", String::new(), manifest, config)?)
}

fn surroundings(ca_certificates: Option<&Path>, scratch: &Path) -> Result<Vec<Assembled>> {
    let (passwd, group) = (scratch.join("passwd"), scratch.join("group"));
    fs_err::write(&passwd, PASSWD)?;
    fs_err::write(&group, GROUP)?;
    let mut entries = vec![
        Assembled::directory("/etc"),
        Assembled::file("/etc/group", group),
        Assembled::file("/etc/passwd", passwd),
    ];
    if let Some(certificates) = ca_certificates {
        entries.extend([
            Assembled::directory("/etc/ssl"),
            Assembled::directory("/etc/ssl/certs"),
            Assembled::file(CERTIFICATES, certificates),
        ]);
    }
    entries.extend([
        Assembled::directory(LAYERS),
        Assembled::directory("/root"),
        Assembled::temporary_directory("/tmp"),
    ]);
    Ok(entries)
}

fn add(source: &LayerSource, created_by: &str, writer: &dyn ImageWriter) -> Result<NewLayer> {
    let mut sink = writer.layer()?;
    let summary = source.write(&mut sink, None, Compressors::default())?;
    let layer =
        FinishedLayer { diff_id: summary.diff_id, digest: summary.digest, size: summary.compressed_size };
    // All of the image is of OCI's form, so that every tool can turn it into Docker's.
    let descriptor = Descriptor { media_type: MediaType::ImageLayerGzip, ..sink.finish(layer)? };
    Ok(NewLayer { descriptor, diff_id: layer.diff_id, created_by: created_by.to_owned() })
}
