//! Bringing an image to an engine: one stream of config, layers and, at its end, the list that makes them an
//! image.
//!
//! A layer that lies on layers which the engine has in the same order need not be brought if the engine has
//! it there too; an empty file stands for it. Engines that keep images in another form want all layers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use docker_engine::{EngineError, LoadError};
use image::{Descriptor, Document, ImageConfig, Plan, Reference};
use layer::BundleWriter;
use serde_json::json;
use spec_model::DiffId;

use crate::archives::{Archives, NoArchives};
use crate::daemon::DaemonStore;
use crate::daemon::describe::identifier;
use crate::daemon::sink::SpoolSink;
use crate::{ImageWriter, LayerSink, StoreError, StoredImage, WrittenImage};

/// An image in the making.
#[derive(Debug)]
pub(super) struct DaemonWriter {
    store: DaemonStore,
    /// The image's name as the platform gave it.
    name: String,
    reference: Reference,
    base: StoredImage,
    previous: Option<StoredImage>,
}

impl DaemonWriter {
    pub(super) fn new(
        store: DaemonStore,
        (name, reference): (&str, Reference),
        base: StoredImage,
        previous: Option<StoredImage>,
    ) -> Self {
        Self { store, name: name.to_owned(), reference, base, previous }
    }

    /// How many of the lowest layers the engine has.
    fn known(&self, diff_ids: &[DiffId]) -> usize {
        if !self.store.engine.takes_partial_images() {
            return 0;
        }
        // An image without an identifier is in no engine.
        let images = [Some(&self.base), self.previous.as_ref()];
        let images = images.into_iter().flatten().filter(|image| !image.identifier.is_empty());
        images.map(|image| common(&image.config.rootfs.diff_ids, diff_ids)).max().unwrap_or_default()
    }

    /// Brings the image without its `known` lowest layers.
    fn load(&self, new: &NewImage<'_>, known: usize) -> Result<(), LoadError<StoreError>> {
        let known = &new.diff_ids.get(..known).unwrap_or_default();
        let brought: BTreeSet<DiffId> = new.diff_ids.iter().skip(known.len()).copied().collect();
        self.fetch(new, &brought).map_err(LoadError::Archive)?;
        self.store.engine.load(|output| {
            let mut bundle = BundleWriter::new(output);
            let failed = StoreError::files("bring", &self.name);
            let config = format!("{}.json", new.config.digest.hex());
            bundle.small_file(&config, &new.config.bytes).map_err(&failed)?;
            for diff_id in &brought {
                self.write_layer(&mut bundle, diff_id, new.archives)?;
            }
            let mut layers = Vec::new();
            for (number, diff_id) in new.diff_ids.iter().enumerate() {
                if number < known.len() {
                    let blank = format!("blank_{number}");
                    bundle.small_file(&blank, &[]).map_err(&failed)?;
                    layers.push(blank);
                } else {
                    layers.push(file_name(diff_id));
                }
            }
            let name = self.reference.to_string();
            let list = json!([{ "Config": config, "RepoTags": [name], "Layers": layers }]).to_string();
            bundle.small_file("manifest.json", list.as_bytes()).map_err(&failed)?;
            bundle.finish().map_err(&failed)
        })
    }

    /// Makes sure that all layers to be brought can be.
    fn fetch(&self, new: &NewImage<'_>, brought: &BTreeSet<DiffId>) -> Result<(), StoreError> {
        let at_hand = |diff_id: &&DiffId| {
            new.archives.size(diff_id).is_some() || self.store.spool.size(diff_id).is_some()
        };
        let mut missing: BTreeSet<DiffId> =
            brought.iter().filter(|diff_id| !at_hand(diff_id)).copied().collect();
        // An app image has the layers of its base too, but is larger.
        let has_all = |image: &&StoredImage| missing.iter().all(|diff_id| image.layer(diff_id).is_ok());
        let base_alone = Some(&self.base).filter(has_all);
        for image in base_alone.into_iter().chain(&self.previous).chain([&self.base]) {
            let wanted: BTreeSet<DiffId> =
                image.layers().map(|layer| layer.diff_id).filter(|diff_id| missing.remove(diff_id)).collect();
            if !wanted.is_empty() {
                self.store.fetch(image, &wanted)?;
            }
        }
        match missing.first() {
            Some(diff_id) => {
                Err(StoreError::NeverWritten { image: self.name.clone(), digest: diff_id.digest() })
            }
            None => Ok(()),
        }
    }

    fn write_layer<W: Write + Send>(
        &self,
        bundle: &mut BundleWriter<W>,
        diff_id: &DiffId,
        archives: &dyn Archives,
    ) -> Result<(), StoreError> {
        let failed = StoreError::files("bring a layer of", &self.name);
        if let Some(size) = archives.size(diff_id) {
            let mut file = bundle.file(&file_name(diff_id), size).map_err(&failed)?;
            archives.write(diff_id, &mut file)?;
            return file.finish().map_err(&failed);
        }
        let never_written =
            || StoreError::NeverWritten { image: self.name.clone(), digest: diff_id.digest() };
        let size = self.store.spool.size(diff_id).ok_or_else(never_written)?;
        let mut layer = self.store.spool.open(diff_id).map_err(&failed)?.ok_or_else(never_written)?;
        let mut file = bundle.file(&file_name(diff_id), size).map_err(&failed)?;
        io::copy(&mut layer, &mut file).map_err(&failed)?;
        file.finish().map_err(&failed)
    }

    /// Names the image, if the engine has it: in most engines the digest of the config is the id.
    fn is_there(&self, new: &NewImage<'_>) -> bool {
        let (repository, tag) = repository_and_tag(&self.reference);
        let named = self.store.engine.tag(&new.config.digest.to_string(), &repository, tag);
        named.map_err(|error| log::debug!("Bringing the image: {error}")).is_ok()
    }

    /// Brings the image; whole, if the engine turns out not to have the layers that it should have.
    fn publish(&self, new: &NewImage<'_>) -> Result<(), StoreError> {
        if self.is_there(new) {
            return Ok(());
        }
        let known = self.known(&new.diff_ids);
        let brought = match self.load(new, known) {
            Err(LoadError::Engine(error @ (EngineError::Failed { .. } | EngineError::Refused { .. })))
                if known > 0 =>
            {
                log::debug!("Bringing the image with the layers of its base: {error}");
                self.load(new, 0)
            }
            result => result,
        };
        brought.map_err(|error| match error {
            LoadError::Engine(error) => error.into(),
            LoadError::Archive(error) => error,
        })
    }
}

/// What is brought.
struct NewImage<'a> {
    config: &'a Document,
    diff_ids: Vec<DiffId>,
    archives: &'a dyn Archives,
}

impl ImageWriter for DaemonWriter {
    fn layer(&self) -> Result<Box<dyn LayerSink>, StoreError> {
        Ok(Box::new(SpoolSink::create(&self.name, Arc::clone(&self.store.spool))?))
    }

    fn reuse(&self, diff_id: &DiffId) -> Result<Option<Descriptor>, StoreError> {
        let Some(previous) = &self.previous else { return Ok(None) };
        let layer = previous.layers().find(|layer| layer.diff_id == *diff_id);
        Ok(layer.map(|layer| layer.descriptor.clone()))
    }

    fn commit(&self, plan: &dyn Plan, tags: &[String]) -> Result<WrittenImage, StoreError> {
        self.commit_archives(plan, tags, &NoArchives)
    }

    fn commit_archives(
        &self,
        plan: &dyn Plan,
        tags: &[String],
        archives: &dyn Archives,
    ) -> Result<WrittenImage, StoreError> {
        let name = self.name.clone();
        let tags = tags.iter().map(|tag| Ok((tag, super::tagged(tag)?)));
        let tags = tags.collect::<Result<Vec<_>, StoreError>>()?;
        let documents = plan
            .apply(&self.base.manifest, &self.base.config, BTreeMap::new())
            .map_err(|source| StoreError::Print { image: name.clone(), source })?;
        let config = ImageConfig::parse(&documents.config.bytes)
            .map_err(StoreError::malformed(&name, "its new config".to_owned()))?;
        let new = NewImage { config: &documents.config, diff_ids: config.rootfs.diff_ids, archives };
        self.publish(&new)?;
        let id = self.store.engine.id(&self.reference.to_string())?;
        let mut names = vec![name];
        for (tag, reference) in tags {
            let (repository, tag_name) = repository_and_tag(&reference);
            self.store.engine.tag(&id, &repository, tag_name)?;
            names.push(tag.clone());
        }
        let id = identifier(&id).to_owned();
        Ok(WrittenImage {
            identifier: id.clone(),
            names,
            digest: None,
            image_id: Some(id),
            manifest_size: None,
        })
    }
}

fn repository_and_tag(reference: &Reference) -> (String, &str) {
    let repository = format!("{}/{}", reference.registry(), reference.repository());
    (repository, reference.tag().unwrap_or_default())
}

/// How many of the first items are the same.
fn common(one: &[DiffId], other: &[DiffId]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

fn file_name(diff_id: &DiffId) -> String {
    format!("{}.tar", diff_id.hex())
}
