//! Writing an image into a registry: first all blobs, then the manifest under each name.
//!
//! Until the manifest is there, an older image of the name stays what it is. A registry that has lost a blob
//! by then says so; what can be brought again without its maker is, once.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use image::{Descriptor, ImageDocuments, Plan, Reference};
use registry::{Access, Client, RegistryError, Repository};
use spec_model::{DiffId, Digest};

use crate::registry::present::Present;
use crate::registry::sink::UploadSink;
use crate::registry::transfer::{put, take_over};
use crate::{ImageWriter, LayerSink, StoreError, StoredImage, WrittenImage};

/// How many blobs are brought at a time.
const AT_A_TIME: usize = 4;

/// An image in the making.
#[derive(Debug)]
pub(super) struct RegistryWriter {
    client: Client,
    /// The image's name as the platform gave it.
    name: String,
    reference: Reference,
    repository: Repository,
    base: StoredImage,
    previous: Option<StoredImage>,
    present: Present,
}

impl RegistryWriter {
    pub(super) fn new(
        client: Client,
        name: &str,
        base: StoredImage,
        previous: Option<StoredImage>,
    ) -> Result<Self, StoreError> {
        let reference: Reference = name.parse()?;
        let repository = client.repository(&reference, Access::Push);
        let (name, present) = (name.to_owned(), Present::default());
        Ok(Self { client, name, reference, repository, base, previous, present })
    }

    /// Where an image's layers are.
    fn home(&self, image: &StoredImage) -> Result<Repository, StoreError> {
        Ok(self.client.repository(&image.identifier.parse()?, Access::Pull))
    }

    /// The layers of the base that the repository may lack.
    fn missing_of_base(&self) -> Result<Vec<&Descriptor>, StoreError> {
        let mut known = self.present.all();
        if let Some(previous) = &self.previous
            && self.home(previous)?.full_name() == self.repository.full_name()
        {
            known.extend(previous.manifest.layers.iter().map(|layer| layer.digest));
        }
        let layers = self.base.manifest.layers.iter();
        // A layer with addresses of its own is not the registry's to keep.
        let kept = layers.filter(|layer| layer.urls.as_ref().is_none_or(Vec::is_empty));
        Ok(kept.filter(|layer| known.insert(layer.digest)).collect())
    }

    /// Brings blobs of an image into a repository, several at a time.
    fn bring(&self, blobs: &[&Descriptor], image: &StoredImage, to: &Repository) -> Result<(), StoreError> {
        if blobs.is_empty() {
            return Ok(());
        }
        let from = self.home(image)?;
        let bring = |blob: &Descriptor| match take_over(&from, to, blob) {
            Ok(true) => Ok(()),
            Ok(false) => Err(StoreError::MissingLayer { image: image.name.clone(), digest: blob.digest }),
            Err(error) => Err(error),
        };
        for blobs in blobs.chunks(AT_A_TIME) {
            thread::scope(|scope| {
                let threads: Vec<_> = blobs.iter().map(|blob| scope.spawn(|| bring(blob))).collect();
                let panicked = || StoreError::NotFound { image: image.name.clone() };
                let joined = threads.into_iter().map(|thread| thread.join().map_err(|_| panicked())?);
                joined.collect::<Result<Vec<()>, StoreError>>()
            })?;
        }
        Ok(())
    }

    /// Makes sure that every new layer was written, or that the previous image has it.
    fn ensure_present(&self, layers: &[&Descriptor]) -> Result<(), StoreError> {
        for layer in layers.iter().filter(|layer| !self.present.contains(&layer.digest)) {
            let previous = self.previous.iter();
            let mut previous =
                previous.filter(|image| image.manifest.layers.iter().any(|old| old.digest == layer.digest));
            let is_taken_over = match previous.next() {
                Some(previous) => take_over(&self.home(previous)?, &self.repository, layer)?,
                None => false,
            };
            if !is_taken_over {
                return Err(StoreError::NeverWritten { image: self.name.clone(), digest: layer.digest });
            }
            self.present.add(layer.digest);
        }
        Ok(())
    }

    /// Puts the manifest. What the registry has lost of the base or the config is brought again.
    fn publish(&self, documents: &ImageDocuments, layers: &[&Descriptor]) -> Result<Digest, StoreError> {
        match put_manifest(&self.repository, &self.reference, documents) {
            Ok(digest) => Ok(digest),
            Err(error) if error.misses_blobs() => {
                log::warn!("The registry has lost what it was given; giving it again: {error}");
                self.repair(&error, documents, layers)?;
                Ok(put_manifest(&self.repository, &self.reference, documents)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn repair(
        &self,
        error: &RegistryError,
        documents: &ImageDocuments,
        layers: &[&Descriptor],
    ) -> Result<(), StoreError> {
        let mut lost: BTreeSet<Digest> = error.missing_blobs().collect();
        if lost.is_empty() {
            lost = self.missing_of(documents, layers)?;
        }
        if lost.contains(&documents.config.digest) {
            put(&self.repository, &documents.config)?;
        }
        let of_base: Vec<_> =
            self.base.manifest.layers.iter().filter(|layer| lost.contains(&layer.digest)).collect();
        self.bring(&of_base, &self.base, &self.repository)?;
        let of_plan: Vec<_> =
            layers.iter().map(|layer| layer.digest).filter(|digest| lost.contains(digest)).collect();
        if of_plan.is_empty() {
            return Ok(());
        }
        self.present.forget(&lost);
        Err(StoreError::Lost { image: self.name.clone(), layers: of_plan })
    }

    /// The blobs that the repository lacks, for registries that miss some without naming them.
    fn missing_of(
        &self,
        documents: &ImageDocuments,
        layers: &[&Descriptor],
    ) -> Result<BTreeSet<Digest>, StoreError> {
        let layers = self.base.manifest.layers.iter().chain(layers.iter().copied());
        let mut missing = BTreeSet::new();
        for digest in layers.map(|layer| layer.digest).chain([documents.config.digest]) {
            if !self.repository.has_blob(&digest)? {
                missing.insert(digest);
            }
        }
        Ok(missing)
    }

    /// Makes the image under another name.
    fn tag(
        &self,
        tag: &str,
        documents: &ImageDocuments,
        layers: &[&Descriptor],
    ) -> Result<String, StoreError> {
        let reference: Reference = tag.parse()?;
        let repository = self.client.repository(&reference, Access::Push);
        if repository.full_name() != self.repository.full_name() {
            for layer in layers.iter().filter(|layer| layer.urls.as_ref().is_none_or(Vec::is_empty)) {
                if !take_over(&self.repository, &repository, layer)? {
                    let (image, digest) = (self.name.clone(), layer.digest);
                    return Err(StoreError::MissingLayer { image, digest });
                }
            }
            put(&repository, &documents.config)?;
        }
        put_manifest(&repository, &reference, documents)?;
        Ok(tag.to_owned())
    }
}

impl ImageWriter for RegistryWriter {
    fn layer(&self) -> Result<Box<dyn LayerSink>, StoreError> {
        Ok(Box::new(UploadSink::new(self.name.clone(), self.repository.upload()?, self.present.clone())))
    }

    fn reuse(&self, diff_id: &DiffId) -> Result<Option<Descriptor>, StoreError> {
        let Some(previous) = &self.previous else { return Ok(None) };
        let Some(layer) = previous.layers().find(|layer| layer.diff_id == *diff_id) else { return Ok(None) };
        let descriptor = layer.descriptor;
        if !self.present.contains(&descriptor.digest) {
            if !take_over(&self.home(previous)?, &self.repository, descriptor)? {
                return Ok(None);
            }
            self.present.add(descriptor.digest);
        }
        Ok(Some(descriptor.clone()))
    }

    fn adopts_from(&self, image: &str) -> bool {
        image.parse().is_ok_and(|image: Reference| image.registry() == self.reference.registry())
    }

    fn adopt(&self, image: &str, layer: &Descriptor) -> Result<bool, StoreError> {
        let from = self.client.repository(&image.parse()?, Access::Pull);
        let adopted = take_over(&from, &self.repository, layer)?;
        if adopted {
            self.present.add(layer.digest);
        }
        Ok(adopted)
    }

    fn commit(&self, plan: &dyn Plan, tags: &[String]) -> Result<WrittenImage, StoreError> {
        let name = self.name.clone();
        let documents = plan
            .apply(&self.base.manifest, &self.base.config, BTreeMap::new())
            .map_err(|source| StoreError::Print { image: name.clone(), source })?;
        self.bring(&self.missing_of_base()?, &self.base, &self.repository)?;
        put(&self.repository, &documents.config)?;
        let of_plan: Vec<_> = plan.layers().iter().map(|layer| &layer.descriptor).collect();
        self.ensure_present(&of_plan)?;
        let digest = self.publish(&documents, &of_plan)?;
        let all: Vec<_> = self.base.manifest.layers.iter().chain(of_plan).collect();
        let mut names = vec![name];
        for tag in tags {
            names.push(self.tag(tag, &documents, &all)?);
        }
        Ok(WrittenImage {
            identifier: format!("{}@{digest}", self.repository.full_name()),
            names,
            digest: Some(digest),
            image_id: None,
            manifest_size: Some(documents.manifest.size()),
        })
    }
}

fn put_manifest(
    repository: &Repository,
    reference: &Reference,
    documents: &ImageDocuments,
) -> Result<Digest, RegistryError> {
    let identifier = reference.identifier().to_string();
    let media_type = documents.media_type.to_string();
    let put = || repository.put_manifest(&identifier, &media_type, &documents.manifest.bytes);
    let mut answer = put()?;
    if answer.digest != documents.manifest.digest {
        // It was damaged on its way, or the registry has made another of it.
        answer = put()?;
    }
    if answer.digest != documents.manifest.digest {
        let registry = repository.registry();
        log::warn!("Registry '{registry}' has made another manifest of it: {}", answer.digest);
    }
    Ok(answer.digest)
}
