//! Layers that earlier builds made, below `<kaniko>/cache/layers`.
//!
//! Each result of a step is described by `<key>.json`, its layer is `<digest>.tar.gz` beside it. A result that
//! is too old, or whose layer is damaged, counts as absent.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use layer::{ArchiveError, Compressors, LayerSummary, compress};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use spec_model::{DiffId, Digest};

/// The layers of earlier builds.
#[derive(Debug)]
pub(crate) struct LayerCache {
    directory: PathBuf,
    ttl: Duration,
    now: Duration,
}

/// The result of a step, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// When it was made, in seconds since 1970.
    created: u64,
    outcome: Outcome,
}

/// What a step made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It changed no file.
    Nothing,
    Layer(CachedLayer),
}

impl Outcome {
    pub(crate) fn layer(self) -> Option<CachedLayer> {
        match self {
            Self::Nothing => None,
            Self::Layer(layer) => Some(layer),
        }
    }
}

/// A layer in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CachedLayer {
    pub(crate) diff_id: DiffId,
    pub(crate) digest: Digest,
    /// The number of compressed bytes.
    pub(crate) size: u64,
}

/// The suffix of descriptions.
const RECORD: &str = "json";
/// The suffix of layers.
const LAYER: &str = "gz";

impl LayerCache {
    /// The cache in a directory, which is made if need be.
    pub(crate) fn open(directory: PathBuf, ttl: Duration) -> io::Result<Self> {
        fs_err::create_dir_all(&directory)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { directory, ttl, now })
    }

    /// What the step of this key made, if it is known.
    pub(crate) fn find(&self, key: &str) -> Option<Outcome> {
        let record = self.record(&self.directory.join(key).with_extension(RECORD))?;
        if let Outcome::Layer(layer) = record.outcome
            && let Err(error) = self.verify(layer)
        {
            log::warn!("A cached layer cannot be used, so it is made again: {error}");
            return None;
        }
        Some(record.outcome)
    }

    /// Keeps what a step makes: the layer whose archive `make` writes, if `make` tells that it holds anything.
    pub(crate) fn keep(
        &self,
        key: &str,
        make: &mut dyn FnMut(&mut dyn Write) -> io::Result<bool>,
    ) -> Result<Outcome, ArchiveError> {
        let unwritable = ArchiveError::Compressed;
        let mut file = tempfile::NamedTempFile::new_in(&self.directory).map_err(unwritable)?;
        let mut holds_anything = false;
        let summary = compress(
            &mut |archive| {
                holds_anything = make(archive)?;
                Ok(())
            },
            file.as_file_mut(),
            Compressors::default(),
        )?;
        let LayerSummary { diff_id, digest, compressed_size: size, .. } = summary;
        let outcome = if holds_anything {
            file.persist(self.path(&digest)).map_err(|error| unwritable(error.error))?;
            Outcome::Layer(CachedLayer { diff_id, digest, size })
        } else {
            Outcome::Nothing
        };
        let record = Record { created: self.now.as_secs(), outcome };
        let text = serde_json::to_vec(&record).map_err(|error| unwritable(error.into()))?;
        let path = self.directory.join(key).with_extension(RECORD);
        toml_file::replace(&path, &text).map_err(unwritable)?;
        Ok(outcome)
    }

    /// Where a layer lies.
    pub(crate) fn path(&self, digest: &Digest) -> PathBuf {
        self.directory.join(format!("{}.tar.{LAYER}", digest.hex()))
    }

    /// Removes what is too old. What cannot be removed does no harm.
    pub(crate) fn prune(&self) {
        let Ok(entries) = fs_err::read_dir(&self.directory) else { return };
        let paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        let has_suffix = |path: &&PathBuf, suffix: &str| path.extension() == Some(OsStr::new(suffix));
        let mut used = HashSet::new();
        for path in paths.iter().filter(|path| has_suffix(path, RECORD)) {
            match self.record(path) {
                Some(record) => used.extend(record.outcome.layer().map(|layer| self.path(&layer.digest))),
                None => drop(fs_err::remove_file(path)),
            }
        }
        for path in paths.iter().filter(|path| has_suffix(path, LAYER) && !used.contains(*path)) {
            drop(fs_err::remove_file(path));
        }
    }

    /// Reads a description; none if it is absent, malformed or too old.
    fn record(&self, path: &Path) -> Option<Record> {
        let record: Record = serde_json::from_slice(&fs_err::read(path).ok()?).ok()?;
        let age = self.now.as_secs().saturating_sub(record.created);
        (age < self.ttl.as_secs()).then_some(record)
    }

    fn verify(&self, layer: CachedLayer) -> io::Result<()> {
        let path = self.path(&layer.digest);
        let mut hash = Sha256::new();
        let mut file = fs_err::File::open(&path)?;
        io::copy(&mut file, &mut HashWriter(&mut hash))?;
        let found = Digest::from_sha256(hash.finalize().into());
        if found == layer.digest {
            return Ok(());
        }
        Err(io::Error::other(format!("'{}' has the digest {found}", path.display())))
    }
}

struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use super::{CachedLayer, LayerCache, Outcome};

    const DAY: Duration = Duration::from_hours(24);

    fn keep(cache: &LayerCache, key: &str, text: &str) -> Option<CachedLayer> {
        let mut make =
            |archive: &mut dyn Write| archive.write_all(text.as_bytes()).map(|()| !text.is_empty());
        cache.keep(key, &mut make).unwrap().layer()
    }

    #[test]
    fn what_was_kept_is_found_until_it_is_too_old() {
        let directory = tempfile::tempdir().unwrap();
        let mut cache = LayerCache::open(directory.path().join("layers"), DAY).unwrap();
        assert_eq!(cache.find("a"), None);
        let layer = keep(&cache, "a", "archive").unwrap();
        assert_eq!(keep(&cache, "nothing", ""), None);
        assert_eq!(cache.find("a"), Some(Outcome::Layer(layer)));
        assert_eq!((cache.find("nothing"), cache.find("b")), (Some(Outcome::Nothing), None));
        cache.now += DAY.saturating_sub(Duration::from_secs(1));
        assert!(cache.find("a").is_some());
        cache.prune();
        cache.now += Duration::from_secs(2);
        assert_eq!(cache.find("a"), None);
        keep(&cache, "new", "archive");
        cache.prune();
        assert!(cache.find("new").is_some(), "a layer that a newer result has too stays");
        assert_eq!(fs_err::read_dir(&cache.directory).unwrap().count(), 2);
    }

    #[test]
    fn damage_is_a_miss() {
        let directory = tempfile::tempdir().unwrap();
        let cache = LayerCache::open(directory.path().to_owned(), DAY).unwrap();
        let layer = keep(&cache, "a", "archive").unwrap();
        fs_err::write(cache.path(&layer.digest), "other").unwrap();
        assert_eq!(cache.find("a"), None);
        fs_err::remove_file(cache.path(&layer.digest)).unwrap();
        assert_eq!(cache.find("a"), None);
        fs_err::write(directory.path().join("b.json"), "{").unwrap();
        assert_eq!(cache.find("b"), None);
        assert_eq!(LayerCache::open(directory.path().to_owned(), Duration::ZERO).unwrap().find("a"), None);
    }

    #[test]
    fn a_failure_keeps_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let cache = LayerCache::open(directory.path().to_owned(), DAY).unwrap();
        assert!(cache.keep("a", &mut |_| Err(std::io::Error::other("no"))).is_err());
        assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 0);
    }
}
