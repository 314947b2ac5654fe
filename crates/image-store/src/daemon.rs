//! Images in a container engine, mostly Docker's daemon.
//!
//! An engine describes its images, but keeps no manifests of them; its layers are archives without
//! compression. It gives and takes images as a whole: reading one layer means to fetch the image, so what
//! was fetched is kept in a temporary directory. A new image is brought in one stream, without those of its
//! lowest layers that the engine has already.

mod describe;
mod sink;
mod spool;
mod write;

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use docker_engine::Engine;
use image::{Platform, Reference};
use spec_model::DiffId;

use crate::daemon::spool::Spool;
use crate::daemon::write::DaemonWriter;
use crate::{ImageStore, ImageWriter, LayerForm, StoreError, StoredImage};

/// Images in a container engine.
#[derive(Debug, Clone)]
pub struct DaemonStore {
    engine: Engine,
    /// The platform whose images are taken, where an engine has them for several.
    platform: Platform,
    spool: Arc<Spool>,
}

impl DaemonStore {
    /// The images of an engine.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { engine, platform: Platform::host(), spool: Arc::default() }
    }

    /// The platform as the engine's API has it.
    fn platform(&self) -> Result<String, StoreError> {
        serde_json::to_string(&self.platform)
            .map_err(|source| StoreError::Print { image: "the platform".to_owned(), source })
    }

    /// Brings layers of an image here.
    fn fetch(&self, image: &StoredImage, wanted: &BTreeSet<DiffId>) -> Result<(), StoreError> {
        let platform = self.platform()?;
        self.spool.fetch(image, wanted, || Ok(self.engine.save(&image.identifier, Some(&platform))?))
    }
}

impl ImageStore for DaemonStore {
    fn for_platform(&self, platform: Platform) -> Box<dyn ImageStore> {
        Box::new(Self { platform, ..self.clone() })
    }

    fn name(&self, reference: &str) -> Result<String, StoreError> {
        if !is_id(reference) {
            reference.parse::<Reference>()?;
        }
        Ok(reference.to_owned())
    }

    fn resolve(&self, reference: &str) -> Result<Option<StoredImage>, StoreError> {
        let name = self.name(reference)?;
        // The id is the image's, whatever platforms it is for.
        let Some(whole) = self.engine.inspect(&name, None)? else { return Ok(None) };
        let platform = self.platform()?;
        let (inspect, platform) = match self.engine.inspect(&name, Some(&platform))? {
            Some(inspect) => (inspect, Some(platform)),
            None => (whole.clone(), None),
        };
        let history = self.engine.history(&name, platform.as_deref())?;
        describe::describe(&name, &whole.id, inspect, history).map(Some)
    }

    fn check_read(&self, reference: &str) -> Result<(), StoreError> {
        let name = self.name(reference)?;
        match self.engine.inspect(&name, None)? {
            Some(_) => Ok(()),
            None => Err(StoreError::NotFound { image: name }),
        }
    }

    fn check_write(&self, reference: &str) -> Result<(), StoreError> {
        tagged(reference)?;
        Ok(self.engine.check()?)
    }

    fn open_layer(&self, image: &StoredImage, diff_id: &DiffId) -> Result<Box<dyn Read + Send>, StoreError> {
        let layer = image.layer(diff_id)?;
        if self.spool.size(diff_id).is_none() {
            self.fetch(image, &BTreeSet::from([*diff_id]))?;
        }
        let missing = || StoreError::MissingLayer { image: image.name.clone(), digest: layer.digest };
        let file = self.spool.open(diff_id).map_err(StoreError::files("read a layer of", &image.name))?;
        Ok(Box::new(file.ok_or_else(missing)?))
    }

    fn brought_layer(&self, diff_id: &DiffId) -> Option<Box<dyn Read + Send>> {
        let file = self.spool.open(diff_id).ok()??;
        Some(Box::new(file))
    }

    fn has_layers_at_hand(&self) -> bool {
        false
    }

    fn layer_form(&self) -> LayerForm {
        LayerForm::Archive
    }

    fn begin(
        &self,
        reference: &str,
        base: &StoredImage,
        previous: Option<&StoredImage>,
    ) -> Result<Box<dyn ImageWriter>, StoreError> {
        let name = tagged(reference)?;
        Ok(Box::new(DaemonWriter::new(self.clone(), (reference, name), base.clone(), previous.cloned())))
    }
}

/// Whether a text is the id of an image: its digits, as `analyzed.toml` has them, perhaps not all of them.
fn is_id(reference: &str) -> bool {
    let (prefixed, digits) = match reference.strip_prefix("sha256:") {
        Some(digits) => (true, digits),
        None => (false, reference),
    };
    let is_long = digits.len() == 64 || (prefixed && digits.len() >= 7);
    is_long && digits.len() <= 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A name that an engine can give to an image.
fn tagged(reference: &str) -> Result<Reference, StoreError> {
    if is_id(reference) {
        return Err(StoreError::NoTag { image: reference.to_owned() });
    }
    let name: Reference = reference.parse()?;
    if name.tag().is_none() {
        return Err(StoreError::NoTag { image: reference.to_owned() });
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::{is_id, tagged};

    #[test]
    fn ids_are_told_from_names() {
        let digits = "0123456789abcdef".repeat(4);
        for id in [digits.clone(), format!("sha256:{digits}"), format!("sha256:{}", &digits[..12])] {
            assert!(is_id(&id), "{id}");
            assert!(tagged(&id).unwrap_err().to_string().contains(&id));
        }
        for name in [&digits[..12], "app", "sha256:v1", &digits.to_uppercase(), &format!("{digits}0"), ""] {
            assert!(!is_id(name), "{name}");
        }
        assert!(tagged(&format!("app@sha256:{digits}")).is_err());
        assert_eq!(tagged("app").unwrap().to_string(), "index.docker.io/library/app:latest");
    }
}
