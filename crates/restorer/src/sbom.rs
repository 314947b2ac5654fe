//! Restoring the SBOM files of layers.
//!
//! Those of the app image lie in `<layers>/sbom/launch`, where the analyzer has put them; those of the cache
//! are extracted to `<layers>/sbom/cache`. Each goes beside its layer if that layer's metadata was restored;
//! then `<layers>/sbom` is removed. Nothing of it is needed to build, so damage is a warning.
//! Spec: buildpack.md § Layer Types, platform.md § restorer.

use std::io;
use std::path::{Path, PathBuf};

use buildpack::sbom::SbomFormat;
use cache::Cache;
use layer::{Destination, ExtractError, extract_verified};
use spec_model::DiffId;
use spec_model::lifecycle_metadata::CacheMetadata;

use crate::error::{RestoreError, in_one_line};
use crate::layers::RestoredLayer;

/// Restores the SBOM files of `restored` layers.
pub(crate) fn restore(
    layers: &Path,
    cache: Option<&dyn Cache>,
    cached: &CacheMetadata,
    restored: &[RestoredLayer<'_>],
) -> Result<(), RestoreError> {
    let directory = layers.join("sbom");
    if let Some(cache) = cache.filter(|_| !cached.sbom.sha.is_empty()) {
        log::info!("Restoring data for SBOM from cache");
        extract(&directory, cache, &cached.sbom.sha)?;
    }
    for layer in restored {
        distribute(&directory, layer).map_err(RestoreError::Sbom)?;
    }
    remove(&directory).map_err(RestoreError::Sbom)
}

fn extract(directory: &Path, cache: &dyn Cache, sha: &str) -> Result<(), RestoreError> {
    let fault = match sha.parse::<DiffId>().map(|diff_id| (cache.open_layer(&diff_id), diff_id)) {
        Err(error) => in_one_line(&error),
        Ok((Err(error), _)) => in_one_line(&error),
        Ok((Ok(archive), diff_id)) => {
            match extract_verified(archive, &diff_id, &Destination::below(directory)) {
                Ok(()) => return Ok(()),
                Err(ExtractError::Unwritable { path, source }) => {
                    let message = format!("cannot write '{}': {source}", path.display());
                    return Err(RestoreError::Sbom(io::Error::new(source.kind(), message)));
                }
                Err(error) => in_one_line(&error),
            }
        }
    };
    log::warn!("Not restoring SBOM files from the cache: {fault}");
    remove(&directory.join("cache")).map_err(RestoreError::Sbom)
}

/// Moves a layer's SBOM files beside it.
fn distribute(directory: &Path, layer: &RestoredLayer<'_>) -> io::Result<()> {
    for kind in ["cache", "launch"] {
        let place: PathBuf = [kind, &layer.buildpack.escaped(), layer.layer.name()].iter().collect();
        for format in SbomFormat::ALL {
            let file = place.join(format.file_name());
            if is_file_in(directory, &file) {
                fs_err::rename(directory.join(file), layer.layer.sbom_path(format))?;
            }
        }
    }
    Ok(())
}

/// Whether there is a file without any link on the way to it: links from a cache or an image may lead
/// anywhere.
fn is_file_in(directory: &Path, file: &Path) -> bool {
    let path = directory.join(file);
    let real = fs_err::canonicalize(directory).map(|directory| directory.join(file));
    path.is_file() && real.is_ok_and(|real| fs_err::canonicalize(&path).is_ok_and(|path| path == real))
}

fn remove(directory: &Path) -> io::Result<()> {
    match fs_err::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
