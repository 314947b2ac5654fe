//! The target data of an image: operating system, architecture and distribution.
//!
//! Spec: platform.md § Target Data, § analyzed.toml.

use image::{ImageConfig, Platform};
use spec_model::labels::{DISTRO_NAME, DISTRO_VERSION, STACK_ID, TARGET_ID};
use spec_model::target::{Distro, TargetData};

use crate::{ImageStore, StoredImage, os_release};

/// The stack whose images are older than the labels for distributions.
const BIONIC: &str = "io.buildpacks.stacks.bionic";

/// The target data of an image, from its config and labels. The distribution of a Linux image without
/// labels is inferred: from its stack where that is the one known stack, else from `/etc/os-release` in its
/// layers, if they are at hand. Layers that cannot be read leave the distribution unknown; so does a registry,
/// from which they would all have to be downloaded: the detector then goes by the build image's file.
#[must_use]
pub fn target_data(store: &dyn ImageStore, image: &StoredImage) -> TargetData {
    let declared = declared_target_data(&image.config);
    let distro = declared.distro.or_else(|| inferred_distro(store, image));
    TargetData { distro, ..declared }
}

/// The target data that an image's config and labels declare; nothing is inferred from its contents.
#[must_use]
pub fn declared_target_data(config: &ImageConfig) -> TargetData {
    TargetData {
        id: config.label(TARGET_ID).unwrap_or_default().to_owned(),
        os: config.os.clone(),
        arch: config.architecture.clone(),
        arch_variant: config.variant.clone(),
        distro: labelled_distro(config),
    }
}

/// The target data of an image that does not exist yet: that of the host.
#[must_use]
pub fn host_target_data() -> TargetData {
    let host = Platform::host();
    TargetData { os: host.os, arch: host.architecture, ..TargetData::default() }
}

fn labelled_distro(config: &ImageConfig) -> Option<Distro> {
    let (name, version) = (config.label(DISTRO_NAME), config.label(DISTRO_VERSION));
    let text = |label: Option<&str>| label.unwrap_or_default().to_owned();
    (name.is_some() || version.is_some()).then(|| Distro { name: text(name), version: text(version) })
}

fn inferred_distro(store: &dyn ImageStore, image: &StoredImage) -> Option<Distro> {
    if image.config.os != "linux" {
        return None;
    }
    if image.config.label(STACK_ID) == Some(BIONIC) {
        return Some(Distro { name: "ubuntu".to_owned(), version: "18.04".to_owned() });
    }
    if !store.has_layers_at_hand() {
        return None;
    }
    match os_release::find(store, image) {
        Ok(text) => text.as_deref().and_then(os_release::distro),
        Err(error) => {
            log::debug!("The distribution of image '{}' stays unknown: {error}", image.name);
            None
        }
    }
}
