//! Images in registries.
//!
//! An image is read with a few requests; its layers only when somebody opens them. A new image's layers go
//! to the registry while they are made. Layers that the registry has in another repository are mounted,
//! those of other registries copied from stream to stream. The manifest comes last and makes it an image.

mod present;
mod read;
mod sink;
mod transfer;
mod write;

use std::io::Read;

use image::{Platform, Reference};
use registry::{Access, Client, Repository};
use spec_model::DiffId;

use crate::registry::write::RegistryWriter;
use crate::verified::Verified;
use crate::{ImageStore, ImageWriter, StoreError, StoredImage};

/// Images in registries.
#[derive(Debug, Clone)]
pub struct RegistryStore {
    client: Client,
    platform: Platform,
}

impl RegistryStore {
    /// The registries that a client talks to.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, platform: Platform::host() }
    }

    /// Removes an image from its repository, by digest. Many registries don't allow it.
    ///
    /// # Errors
    /// The registry refuses.
    pub fn delete(&self, image: &StoredImage) -> Result<(), StoreError> {
        let reference: Reference = image.identifier.parse()?;
        Ok(self
            .repository(&reference, Access::Delete)
            .delete_manifest(&reference.identifier().to_string())?)
    }

    fn repository(&self, reference: &Reference, access: Access) -> Repository {
        self.client.repository(reference, access)
    }
}

impl ImageStore for RegistryStore {
    fn for_platform(&self, platform: Platform) -> Box<dyn ImageStore> {
        Box::new(Self { platform, ..self.clone() })
    }

    fn name(&self, reference: &str) -> Result<String, StoreError> {
        reference.parse::<Reference>()?;
        Ok(reference.to_owned())
    }

    fn resolve(&self, reference: &str) -> Result<Option<StoredImage>, StoreError> {
        let reference: Reference = reference.parse()?;
        read::resolve(&self.repository(&reference, Access::Pull), &reference, &self.platform)
    }

    fn check_read(&self, reference: &str) -> Result<(), StoreError> {
        let reference: Reference = reference.parse()?;
        let identifier = reference.identifier().to_string();
        // An image that the registry does not have can be read as far as rights go; the run image to take is
        // chosen by this.
        self.repository(&reference, Access::Pull).has_manifest(&identifier, &read::MANIFESTS)?;
        Ok(())
    }

    fn check_write(&self, reference: &str) -> Result<(), StoreError> {
        let reference: Reference = reference.parse()?;
        // Dropped, the upload is given up at once.
        self.repository(&reference, Access::Push).upload().map(drop)?;
        Ok(())
    }

    fn open_layer(&self, image: &StoredImage, diff_id: &DiffId) -> Result<Box<dyn Read + Send>, StoreError> {
        let layer = image.layer(diff_id)?;
        let reference: Reference = image.identifier.parse()?;
        let repository = self.repository(&reference, Access::Pull);
        let Some(blob) = repository.blob(&layer.digest, layer.size)? else {
            return Err(StoreError::MissingLayer { image: image.name.clone(), digest: layer.digest });
        };
        let name = format!("layer {} of image '{}'", layer.digest, image.name);
        Ok(Box::new(Verified::new(blob, name, layer.digest)))
    }

    fn has_layers_at_hand(&self) -> bool {
        false
    }

    fn begin(
        &self,
        reference: &str,
        base: &StoredImage,
        previous: Option<&StoredImage>,
    ) -> Result<Box<dyn ImageWriter>, StoreError> {
        let writer = RegistryWriter::new(self.client.clone(), reference, base.clone(), previous.cloned())?;
        Ok(Box::new(writer))
    }
}
