//! What the tests of the cache share.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Once;

use cache::{Cache, CacheLayer, CacheLayerSink, CacheWriter};
use sha2::{Digest as _, Sha256};
use spec_model::DiffId;
use spec_model::lifecycle_metadata::{BuildpackLayer, BuildpackLayers, CacheMetadata};

pub(crate) const METADATA_FILE: &str = "io.buildpacks.lifecycle.cache.metadata";

pub(crate) fn diff_id(contents: &str) -> DiffId {
    DiffId::from_sha256(Sha256::digest(contents).into())
}

/// The file of a layer with the given contents.
pub(crate) fn blob(cache: &Path, contents: &str) -> PathBuf {
    cache.join("committed").join(format!("{}.tar", diff_id(contents)))
}

/// Metadata of one buildpack with a layer for each of the contents, named by them.
pub(crate) fn metadata_of(contents: &[&str]) -> CacheMetadata {
    let layer = |contents: &&str| BuildpackLayer {
        sha: diff_id(contents).to_string(),
        cache: true,
        ..Default::default()
    };
    let layers = contents.iter().map(|contents| ((*contents).to_owned(), layer(contents))).collect();
    let entry =
        BuildpackLayers { key: "acme/web".parse().unwrap(), version: "1".to_owned(), layers, store: None };
    CacheMetadata { buildpacks: vec![entry], ..CacheMetadata::default() }
}

/// A place for a layer's archive.
pub(crate) fn archive(writer: &dyn CacheWriter) -> Box<dyn CacheLayerSink> {
    match writer.layer().unwrap() {
        CacheLayer::Archive(sink) => sink,
        CacheLayer::Blob(_) => panic!("directories keep archives"),
    }
}

/// Replaces the cache by layers with the given contents.
pub(crate) fn commit(cache: &dyn Cache, contents: &[&str]) {
    let writer = cache.begin().unwrap();
    for contents in contents {
        let mut sink = archive(writer.as_ref());
        sink.write_all(contents.as_bytes()).unwrap();
        sink.finish(&diff_id(contents)).unwrap();
    }
    writer.commit(&metadata_of(contents)).unwrap();
}

/// The bytes found for a layer with the given contents.
pub(crate) fn read(cache: &dyn Cache, contents: &str) -> String {
    let mut text = String::new();
    cache.open_layer(&diff_id(contents)).unwrap().read_to_string(&mut text).unwrap();
    text
}

struct Recorder;

thread_local! {
    static WARNINGS: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl log::Log for Recorder {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.level() == log::Level::Warn {
            WARNINGS.with_borrow_mut(|warnings| warnings.push(record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// What `action` warns of on this thread.
pub(crate) fn warnings(action: impl FnOnce()) -> Vec<String> {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&Recorder).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    WARNINGS.take();
    action();
    WARNINGS.take()
}
