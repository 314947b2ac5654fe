//! Layers for stores that take archives: hashed first, made again for those that the store lacks.

use std::collections::BTreeMap;
use std::io::{self, Write};

use image::{Descriptor, media_type};
use image_store::{Archives, ImageWriter, StoreError};
use layer::{ArchiveSummary, Compressors, LayerSource, LayerSummary};
use spec_model::DiffId;

use crate::cache_fill::{CacheFill, Cached, Sink};
use crate::contents::{Content, Origin};
use crate::error::ExportError;
use crate::write::Outcome;

/// Hashes a layer and, from the same pass, writes it to the cache; unless the cache may have it, too.
pub(crate) fn hash(
    source: &LayerSource,
    previous: &[DiffId],
    image: &dyn ImageWriter,
    cache: Option<&CacheFill>,
) -> Result<Outcome, ExportError> {
    let (ArchiveSummary { diff_id, size }, cached) = if previous.is_empty() {
        hash_beside_cache(source, cache)?
    } else {
        let summary = source.write_uncompressed(&mut io::sink())?;
        (summary, cache.map_or(Cached::No, |cache| cache.keep_or_write(&summary.diff_id, source)))
    };
    let reused = previous.contains(&diff_id) && image.reuse(&diff_id)?.is_some();
    let descriptor = Descriptor::new(media_type::DOCKER_ARCHIVE.into(), size, diff_id.digest());
    Ok(Outcome { diff_id, descriptor, reused, cached })
}

fn hash_beside_cache(
    source: &LayerSource,
    cache: Option<&CacheFill>,
) -> Result<(ArchiveSummary, Cached), ExportError> {
    let copy = cache.and_then(|cache| Some((cache, cache.sink_beside_image(source.id())?)));
    let Some((cache, mut copy)) = copy else {
        return Ok((source.write_uncompressed(&mut io::sink())?, Cached::No));
    };
    let summary = match &mut copy {
        Sink::Archive(copy) => {
            let ArchiveSummary { diff_id, size } = source.write_uncompressed(copy)?;
            LayerSummary { diff_id, digest: diff_id.digest(), compressed_size: size, uncompressed_size: size }
        }
        Sink::Blob(copy) => source.write(copy, None, Compressors::default())?,
    };
    let cached = cache.finish(source.id(), copy, &summary);
    Ok((ArchiveSummary { diff_id: summary.diff_id, size: summary.uncompressed_size }, cached))
}

/// The layers that are on disk, by diffID, with the sizes that their archives had.
pub(crate) struct OnDisk<'a>(BTreeMap<DiffId, (&'a LayerSource, u64)>);

impl<'a> OnDisk<'a> {
    pub(crate) fn of(contents: &'a [Content], outcomes: &[Outcome]) -> Self {
        let layers = contents.iter().zip(outcomes).filter_map(|(content, outcome)| match &content.origin {
            Origin::Disk { source, .. } => Some((outcome.diff_id, (source, outcome.descriptor.size))),
            Origin::Previous(_) => None,
        });
        Self(layers.collect())
    }
}

impl Archives for OnDisk<'_> {
    fn size(&self, diff_id: &DiffId) -> Option<u64> {
        self.0.get(diff_id).map(|(_, size)| *size)
    }

    fn write(&self, diff_id: &DiffId, output: &mut (dyn Write + Send)) -> Result<(), StoreError> {
        let reread = |message: String| StoreError::Reread { message };
        let Some((source, _)) = self.0.get(diff_id) else {
            return Err(reread(format!("nothing on disk has the diffID {diff_id}")));
        };
        let summary = source.write_uncompressed(output).map_err(|error| reread(error.to_string()))?;
        if summary.diff_id != *diff_id {
            return Err(reread(format!("'{}' was changed while it was exported", source.id())));
        }
        Ok(())
    }
}
