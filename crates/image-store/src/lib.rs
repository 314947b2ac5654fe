//! Where images are read from and written to.
//!
//! [`ImageStore`] is all that phases know of it; [`LayoutStore`] keeps images in OCI layout form below a
//! directory, [`RegistryStore`] in registries, [`DaemonStore`] in a container engine. A store only says
//! what exists and moves bytes: what an image is made of is decided by an [`image::Plan`]. [`validate`]
//! recomputes everything that an image's documents promise, [`target_data`] tells what an image is for.

mod access;
mod archives;
mod daemon;
mod error;
mod layout;
mod os_release;
mod registry;
mod stored_image;
mod target_data;
mod validate;
mod verified;

use std::io::{Read, Write};

use image::{Descriptor, Plan, Platform};
use spec_model::report::ImageReport;
use spec_model::{DiffId, Digest};

pub use access::{AccessError, ImageAccess};
pub use archives::{Archives, LayerForm, NoArchives};
pub use daemon::DaemonStore;
pub use error::StoreError;
pub use layout::LayoutStore;
pub use os_release::distro;
pub use registry::RegistryStore;
pub use stored_image::{StoredImage, StoredLayer};
pub use target_data::{declared_target_data, host_target_data, target_data};
pub use validate::{InvalidImage, Presence, validate};

/// A place that holds images.
///
/// A `reference` is an image's name as the platform gives it, or what identifies an image of this store in
/// `analyzed.toml` ([`StoredImage::identifier`]).
pub trait ImageStore: Send + Sync {
    /// The same images, but those for `platform` where several are offered, instead of those for the host.
    fn for_platform(&self, platform: Platform) -> Box<dyn ImageStore>;

    /// The image's name as this store reports it; a layout directory names images by path.
    ///
    /// # Errors
    /// The text names no image.
    fn name(&self, reference: &str) -> Result<String, StoreError>;

    /// Finds an image; `None` when there is no such image. Of several platforms' images the one for the
    /// host is taken.
    ///
    /// # Errors
    /// The image's documents cannot be read or contradict each other.
    fn resolve(&self, reference: &str) -> Result<Option<StoredImage>, StoreError>;

    /// Checks that an image can be read. Registries can tell that rights suffice without having the image;
    /// that is enough. Spec: platform.md § analyzer, read access.
    ///
    /// # Errors
    /// It cannot.
    fn check_read(&self, reference: &str) -> Result<(), StoreError>;

    /// Checks that an image of this name can be written, whether it exists or not.
    ///
    /// # Errors
    /// It cannot.
    fn check_write(&self, reference: &str) -> Result<(), StoreError>;

    /// Opens a layer as it is stored, that is compressed as a rule. At the end of the stream its digest is
    /// verified; bytes that don't match it end in an error of kind [`std::io::ErrorKind::InvalidData`].
    ///
    /// # Errors
    /// The image has no such layer, or the store lacks it.
    fn open_layer(&self, image: &StoredImage, diff_id: &DiffId) -> Result<Box<dyn Read + Send>, StoreError>;

    /// Opens the archive of a layer that had to be brought here before. `None` when there is none; nothing is
    /// brought here for it.
    fn brought_layer(&self, _diff_id: &DiffId) -> Option<Box<dyn Read + Send>> {
        None
    }

    /// Whether layers can be looked into without bringing them here first.
    fn has_layers_at_hand(&self) -> bool;

    /// The form in which the store takes new layers. One that takes archives takes compressed layers too,
    /// which then wait in temporary files.
    fn layer_form(&self) -> LayerForm {
        LayerForm::Compressed
    }

    /// Starts an image named `reference` on top of `base`. Layers may be taken over from `previous`.
    ///
    /// # Errors
    /// The image cannot be written.
    fn begin(
        &self,
        reference: &str,
        base: &StoredImage,
        previous: Option<&StoredImage>,
    ) -> Result<Box<dyn ImageWriter>, StoreError>;
}

/// An image in the making. Dropped without [`ImageWriter::commit`], it leaves an image of that name as it
/// was.
pub trait ImageWriter: Send + Sync {
    /// A place for one new layer. Several may be open at a time, in different threads.
    ///
    /// # Errors
    /// The store refuses.
    fn layer(&self) -> Result<Box<dyn LayerSink>, StoreError>;

    /// Takes a layer over from the previous image. `None` when there is no previous image, when it is not
    /// made of such a layer, or when the store lacks the layer: then it has to be written.
    ///
    /// # Errors
    /// The store cannot tell.
    fn reuse(&self, diff_id: &DiffId) -> Result<Option<Descriptor>, StoreError>;

    /// Whether [`ImageWriter::adopt`] can take over layers of an image of that name.
    fn adopts_from(&self, _image: &str) -> bool {
        false
    }

    /// Takes over a layer that was written to another image of the store. `Ok(false)` when that is not
    /// possible.
    ///
    /// # Errors
    /// The store cannot tell.
    fn adopt(&self, _image: &str, _layer: &Descriptor) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Makes the image, whole or not at all, under its name and then under each of `tags`. Called at the end;
    /// after [`StoreError::Lost`] once more, when the lost layers are written again.
    ///
    /// # Errors
    /// The store refuses, or the plan has a layer that was neither written nor taken over.
    fn commit(&self, plan: &dyn Plan, tags: &[String]) -> Result<WrittenImage, StoreError>;

    /// The same for a store that takes archives: layers that were neither written nor taken over come from
    /// `archives`, if the store lacks them.
    ///
    /// # Errors
    /// As [`ImageWriter::commit`]; or an archive cannot be made.
    fn commit_archives(
        &self,
        plan: &dyn Plan,
        tags: &[String],
        _archives: &dyn Archives,
    ) -> Result<WrittenImage, StoreError> {
        self.commit(plan, tags)
    }
}

/// Receives one layer's compressed bytes. Dropped unfinished, it leaves nothing.
pub trait LayerSink: Write + Send {
    /// Ends the layer; its descriptor goes into the plan.
    ///
    /// # Errors
    /// The store refuses, or `layer` is not what was received.
    fn finish(&mut self, layer: FinishedLayer) -> Result<Descriptor, StoreError>;

    /// After a failure to write or finish: makes the sink ready for the same bytes, from the first on.
    /// `Ok(false)` when the sink had no part in the failure or could only fail again.
    ///
    /// # Errors
    /// The store gives up; this is the failure's cause.
    fn restart(&mut self) -> Result<bool, StoreError> {
        Ok(false)
    }
}

/// What is known of a layer after it went through a [`LayerSink`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinishedLayer {
    /// The digest of its tar archive.
    pub diff_id: DiffId,
    /// The digest of the compressed bytes.
    pub digest: Digest,
    /// The number of compressed bytes.
    pub size: u64,
}

/// An image that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenImage {
    /// What identifies it, in the form that `analyzed.toml` records.
    pub identifier: String,
    /// The names it has, as [`ImageStore::name`] gives them: its own first, then those of the tags.
    pub names: Vec<String>,
    /// The digest of the manifest, if the store is a registry. Spec: platform.md § report.toml.
    pub digest: Option<Digest>,
    /// The image's id, if the store is a daemon. Spec: platform.md § report.toml.
    pub image_id: Option<String>,
    /// The size of the manifest in bytes, if there is one.
    pub manifest_size: Option<u64>,
}

impl WrittenImage {
    /// What `report.toml` says of it.
    #[must_use]
    pub fn report(&self) -> ImageReport {
        ImageReport {
            tags: self.names.clone(),
            image_id: self.image_id.clone().unwrap_or_default(),
            digest: self.digest.map(|digest| digest.to_string()).unwrap_or_default(),
            manifest_size: self.manifest_size.unwrap_or_default(),
        }
    }

    /// Tells users of it.
    pub fn log(&self) {
        // An id is known by its first digits.
        let id = self.image_id.as_deref().map(|id| id.get(..12).unwrap_or(id));
        log::info!("*** Images ({}):", id.unwrap_or(&self.identifier));
        for name in &self.names {
            log::info!("      {name}");
        }
        if let Some(size) = self.manifest_size {
            log::debug!("*** Manifest size: {size}");
        }
    }
}
