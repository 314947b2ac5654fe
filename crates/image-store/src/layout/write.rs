//! Writing an image into a layout directory: first the blobs, each under its name only when complete, then
//! the index, which makes them an image. Until then, an older image in the directory stays what it is, and
//! its blobs stay afterwards too: another build may be using them.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use image::{Descriptor, Document, ImageDocuments, ImageIndex, Plan, Reference};
use oci_spec::image::ANNOTATION_REF_NAME;
use spec_model::DiffId;

use crate::layout::blobs::Blobs;
use crate::layout::sink::{FileSink, Staged};
use crate::layout::staging::Staging;
use crate::layout::{LayoutStore, Place};
use crate::{ImageWriter, LayerSink, StoreError, StoredImage, WrittenImage};

const LAYOUT_FILE: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// An image in the making.
#[derive(Debug)]
pub(super) struct LayoutWriter {
    store: LayoutStore,
    place: Place,
    tag: String,
    base: StoredImage,
    previous: Option<StoredImage>,
    staging: Staging,
    staged: Staged,
    sinks: AtomicU64,
}

impl LayoutWriter {
    pub(super) fn begin(
        store: LayoutStore,
        reference: &Reference,
        base: StoredImage,
        previous: Option<StoredImage>,
    ) -> Result<Self, StoreError> {
        let place = store.place(&reference.to_string())?;
        let staging = Staging::create(place.dir()).map_err(StoreError::files("write", &place.name))?;
        Ok(Self {
            store,
            place,
            tag: reference.identifier().to_string(),
            base,
            previous,
            staging,
            staged: Staged::default(),
            sinks: AtomicU64::new(0),
        })
    }

    /// Puts the blobs of all layers in place. Layers of the base may be missing: the image is then as
    /// sparse as its base.
    fn place_layers(&self, plan: &dyn Plan, blobs: &Blobs) -> Result<(), StoreError> {
        let files = StoreError::files("write", &self.place.name);
        let base = Blobs::of(Path::new(&self.base.name));
        for layer in &self.base.manifest.layers {
            if !blobs.has(layer) && base.has(layer) {
                blobs.share(&base, &layer.digest, self.staging.path()).map_err(&files)?;
            }
        }
        for layer in plan.layers().iter().map(|layer| &layer.descriptor) {
            if blobs.has(layer) {
                continue;
            }
            if self.staged.contains(&layer.digest) {
                blobs.take(&self.staging.path().join(layer.digest.hex()), &layer.digest).map_err(&files)?;
                continue;
            }
            let previous = self.previous.as_ref().map(|previous| Blobs::of(Path::new(&previous.name)));
            let Some(previous) = previous.filter(|previous| previous.has(layer)) else {
                let (image, digest) = (self.place.name.clone(), layer.digest);
                return Err(StoreError::NeverWritten { image, digest });
            };
            blobs.share(&previous, &layer.digest, self.staging.path()).map_err(&files)?;
        }
        Ok(())
    }

    /// Makes the image under another name, from the blobs it already has.
    fn tag(&self, tag: &str, written: &Written<'_>) -> Result<String, StoreError> {
        let reference: Reference = tag.parse()?;
        let place = self.store.place(tag)?;
        if place == self.place {
            return Ok(place.name);
        }
        let files = StoreError::files("write", &place.name);
        let staging = Staging::create(place.dir()).map_err(&files)?;
        let (blobs, own) = (Blobs::of(place.dir()), Blobs::of(self.place.dir()));
        blobs.create_dir().map_err(&files)?;
        for layer in &written.layers {
            if !blobs.has(layer) && own.has(layer) {
                blobs.share(&own, &layer.digest, staging.path()).map_err(&files)?;
            }
        }
        let target =
            Target { place: &place, staging: staging.path(), tag: &reference.identifier().to_string() };
        target.finish(written)?;
        Ok(place.name)
    }
}

impl ImageWriter for LayoutWriter {
    fn layer(&self) -> Result<Box<dyn LayerSink>, StoreError> {
        let number = self.sinks.fetch_add(1, Ordering::Relaxed);
        let sink = FileSink::create(self.staging.path(), number, &self.place.name, self.staged.clone())?;
        Ok(Box::new(sink))
    }

    fn reuse(&self, diff_id: &DiffId) -> Result<Option<Descriptor>, StoreError> {
        let Some(previous) = &self.previous else { return Ok(None) };
        let Some(layer) = previous.layers().find(|layer| layer.diff_id == *diff_id) else { return Ok(None) };
        let is_there = Blobs::of(Path::new(&previous.name)).has(layer.descriptor);
        Ok(is_there.then(|| layer.descriptor.clone()))
    }

    fn commit(&self, plan: &dyn Plan, tags: &[String]) -> Result<WrittenImage, StoreError> {
        let blobs = Blobs::of(self.place.dir());
        blobs.create_dir().map_err(StoreError::files("write", &self.place.name))?;
        self.place_layers(plan, &blobs)?;
        let annotations = BTreeMap::from([(ANNOTATION_REF_NAME.to_owned(), self.tag.clone())]);
        let documents = plan
            .apply(&self.base.manifest, &self.base.config, annotations)
            .map_err(|source| StoreError::Print { image: self.place.name.clone(), source })?;
        let of_plan = plan.layers().iter().map(|layer| &layer.descriptor);
        let written = Written {
            documents: &documents,
            manifest: Descriptor::new(
                documents.media_type.clone(),
                documents.manifest.size(),
                documents.manifest.digest,
            ),
            layers: self.base.manifest.layers.iter().chain(of_plan).collect(),
        };
        Target { place: &self.place, staging: self.staging.path(), tag: &self.tag }.finish(&written)?;
        let mut names = vec![self.place.name.clone()];
        for tag in tags {
            names.push(self.tag(tag, &written)?);
        }
        Ok(WrittenImage {
            identifier: format!("{}@{}", self.place.name, documents.manifest.digest),
            names,
            digest: None,
            image_id: None,
            manifest_size: Some(documents.manifest.size()),
        })
    }
}

/// A new image, whose documents are still to be stored.
struct Written<'a> {
    documents: &'a ImageDocuments,
    manifest: Descriptor,
    layers: Vec<&'a Descriptor>,
}

/// An image's directory, whose layers are in place.
struct Target<'a> {
    place: &'a Place,
    staging: &'a Path,
    tag: &'a str,
}

impl Target<'_> {
    fn finish(&self, written: &Written<'_>) -> Result<(), StoreError> {
        let files = StoreError::files("write", &self.place.name);
        let blobs = Blobs::of(self.place.dir());
        for document in [&written.documents.config, &written.documents.manifest] {
            self.write(&blobs.path(&document.digest), &document.bytes).map_err(&files)?;
        }
        self.write(&self.place.dir().join("oci-layout"), LAYOUT_FILE.as_bytes()).map_err(&files)?;
        let annotations = BTreeMap::from([(ANNOTATION_REF_NAME.to_owned(), self.tag.to_owned())]);
        let manifest = Descriptor { annotations: Some(annotations), ..written.manifest.clone() };
        let index: Document = ImageIndex::of(manifest)
            .print()
            .map_err(|source| StoreError::Print { image: self.place.name.clone(), source })?;
        self.write(&self.place.dir().join("index.json"), &index.bytes).map_err(&files)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let staged = self.staging.join("document");
        fs_err::write(&staged, bytes)?;
        fs_err::rename(staged, path)
    }
}
