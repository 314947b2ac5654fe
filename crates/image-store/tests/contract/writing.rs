//! Writing images of a few layers.

use std::io::Write;

use image::{Descriptor, ImagePlan, NewLayer, Timestamp};
use image_store::{FinishedLayer, ImageStore, ImageWriter, Presence, StoredImage, WrittenImage, validate};
use test_kit::{ImageFixture, LayerFixture, sha256};

pub(crate) fn base() -> ImageFixture {
    ImageFixture::default().layer(&[("etc/x", "one")]).layer(&[("opt/y", "two")]).label("base", "yes")
}

pub(crate) fn layer(content: &str) -> LayerFixture {
    LayerFixture::of(&[("layers/", ""), ("layers/file", content)])
}

/// A layer that does not compress, stored as it is: so many bytes go over the wire.
pub(crate) fn large_layer(megabytes: usize) -> LayerFixture {
    let block: Vec<u8> = (0_u32..16 * 1024).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect();
    let archive = block.repeat(megabytes * 16);
    LayerFixture { blob: archive.clone(), archive }
}

pub(crate) fn finished(layer: &LayerFixture) -> FinishedLayer {
    FinishedLayer {
        diff_id: sha256(&layer.archive).parse().unwrap(),
        digest: sha256(&layer.blob).parse().unwrap(),
        size: layer.blob.len() as u64,
    }
}

/// Writes a layer, again as often as the store wants that.
pub(crate) fn write_layer(writer: &dyn ImageWriter, layer: &LayerFixture) -> NewLayer {
    let mut sink = writer.layer().unwrap();
    loop {
        let written = sink.write_all(&layer.blob).map_err(|error| error.to_string());
        let finished = written.and_then(|()| sink.finish(finished(layer)).map_err(|error| error.to_string()));
        match finished {
            Ok(descriptor) => return new_layer(descriptor, layer),
            Err(error) => assert!(sink.restart().unwrap(), "{error}"),
        }
    }
}

pub(crate) fn new_layer(descriptor: Descriptor, layer: &LayerFixture) -> NewLayer {
    NewLayer { descriptor, diff_id: finished(layer).diff_id, created_by: "test".to_owned() }
}

pub(crate) fn plan(layers: Vec<NewLayer>) -> ImagePlan {
    ImagePlan {
        layers,
        extended_config: None,
        labels: Vec::new(),
        env: Vec::new(),
        entrypoint: vec!["/cnb/process/web".to_owned()],
        working_dir: "/workspace".to_owned(),
        created: Timestamp::NORMALIZED,
        tells_history: true,
    }
}

/// The image of that name, which has to be there.
#[track_caller]
pub(crate) fn resolve(store: &dyn ImageStore, reference: &str) -> StoredImage {
    store.resolve(reference).unwrap().expect(reference)
}

/// The image of that name, whose documents and layers are all as promised.
#[track_caller]
pub(crate) fn valid(store: &dyn ImageStore, reference: &str) -> StoredImage {
    let image = resolve(store, reference);
    validate(store, &image, Presence::Complete).unwrap();
    image
}

/// Writes an image of new layers on top of a base.
pub(crate) fn write(
    store: &dyn ImageStore,
    reference: &str,
    base: &StoredImage,
    layers: &[LayerFixture],
    tags: &[String],
) -> WrittenImage {
    let writer = store.begin(reference, base, None).unwrap();
    let layers = layers.iter().map(|layer| write_layer(writer.as_ref(), layer)).collect();
    writer.commit(&plan(layers), tags).unwrap()
}
