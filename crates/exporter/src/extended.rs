//! The extended run image: what image extensions made of the run image.
//!
//! The extender leaves it in OCI layout form, without the layers of the run image; the app image takes those
//! from the run image itself. What the extensions added becomes layers of the app image, and the extended
//! image's config that of the app image, with the label that tells whether it can be rebased.
//! Spec: platform.md § exporter (The app image), § extender (Outputs).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use image::ContainerConfig;
use image_store::{ImageStore, LayoutStore, StoreError, StoredImage};
use layer::LayerSource;
use spec_model::DiffId;

use crate::contents::{Content, Origin, Place};
use crate::inputs::ExporterInputs;

/// Why an extended run image cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExtendedError {
    /// There is none.
    #[error("analyzed.toml asks for an extended run image, but there is none in '{}'", dir.display())]
    Missing {
        /// Where it should be.
        dir: PathBuf,
    },
    /// There is more than one.
    #[error("'{}' holds {count} entries instead of the one extended run image", dir.display())]
    Several {
        /// Where it should be.
        dir: PathBuf,
        /// The number of entries.
        count: usize,
    },
    /// The directory cannot be read.
    #[error("cannot look for the extended run image: {0}")]
    Unreadable(#[source] std::io::Error),
    /// The directory has a name that cannot be the name of an image.
    #[error("the extended run image '{}' cannot be used: its name is not UTF-8", path.display())]
    Name {
        /// The directory.
        path: PathBuf,
    },
    /// The directory holds no image.
    #[error("'{}' is no image in OCI layout form: it has no index.json", path.display())]
    NoLayout {
        /// The directory.
        path: PathBuf,
    },
    /// The image's documents cannot be used, or it lacks a layer that extensions made.
    #[error("the extended run image cannot be used: {0}")]
    Image(#[from] StoreError),
    /// The image extends another one.
    #[error("the extended run image '{}' is not based on run image '{run_image}'", path.display())]
    OtherBase {
        /// The extended image.
        path: PathBuf,
        /// The run image.
        run_image: String,
    },
}

/// What extensions made of the run image.
#[derive(Debug)]
pub(crate) struct Extended {
    /// How a container is run from it.
    pub(crate) config: ContainerConfig,
    layers: Vec<ExtensionLayer>,
}

/// A layer that an extension added.
#[derive(Debug)]
struct ExtensionLayer {
    source: LayerSource,
    created_by: String,
}

impl Extended {
    /// Reads the image, if the analyzed run image is to be extended.
    ///
    /// # Errors
    /// It is missing or cannot be used.
    pub(crate) fn read(
        inputs: &ExporterInputs,
        run_image: &StoredImage,
    ) -> Result<Option<Self>, ExtendedError> {
        if !inputs.extends_run_image() {
            return Ok(None);
        }
        let path = only_entry(&inputs.extended.join("run"))?;
        log::info!("Using the extended run image '{}'", path.display());
        let store = LayoutStore::new(&path)?;
        // A slash at the end keeps a name with a digest in it from being taken for that digest's image.
        let name = path.to_str().ok_or_else(|| ExtendedError::Name { path: path.clone() })?;
        let found = store.resolve(&format!("{name}/"))?;
        let image = found.ok_or_else(|| ExtendedError::NoLayout { path: path.clone() })?;
        if !image.config.rootfs.diff_ids.starts_with(&run_image.config.rootfs.diff_ids) {
            return Err(ExtendedError::OtherBase { path, run_image: run_image.name.clone() });
        }
        let layers = layers(&store, &path, &image, run_image.layers().len())?;
        Ok(Some(Self { config: image.config.config, layers }))
    }

    /// The layers as those of the app image. `previous` are the layers that may be there already.
    pub(crate) fn contents(&self, previous: &[DiffId]) -> impl Iterator<Item = Content> {
        self.layers.iter().map(|layer| Content {
            place: Place::Extension,
            id: layer.source.id().to_owned(),
            created_by: layer.created_by.clone(),
            origin: Origin::Disk { source: layer.source.clone(), previous: previous.to_owned() },
            cached: false,
        })
    }
}

/// The extender names the image by its digest, which nobody else is told.
fn only_entry(dir: &Path) -> Result<PathBuf, ExtendedError> {
    let entries = match fs_err::read_dir(dir) {
        Ok(entries) => entries.collect::<Result<Vec<_>, _>>().map_err(ExtendedError::Unreadable)?,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(ExtendedError::Unreadable(error)),
    };
    match entries.as_slice() {
        [] => Err(ExtendedError::Missing { dir: dir.to_owned() }),
        [entry] => Ok(entry.path()),
        several => Err(ExtendedError::Several { dir: dir.to_owned(), count: several.len() }),
    }
}

/// The layers on top of those of the base.
fn layers(
    store: &LayoutStore,
    path: &Path,
    image: &StoredImage,
    base_layers: usize,
) -> Result<Vec<ExtensionLayer>, ExtendedError> {
    let mut history = image.config.history.iter().filter(|entry| !entry.empty_layer).skip(base_layers);
    let layers = (1..).zip(image.layers().skip(base_layers)).map(|(number, layer)| {
        // An image that lacks a layer is found out before anything is written.
        drop(store.open_layer(image, &layer.diff_id)?);
        let created_by = history.next().map(|entry| entry.created_by.clone()).unwrap_or_default();
        let blob = path.join("blobs/sha256").join(layer.descriptor.digest.hex());
        let id = format!("{}:extended-{number}", extension(&created_by));
        Ok(ExtensionLayer { source: LayerSource::copy(id, &blob, layer.diff_id), created_by })
    });
    layers.collect()
}

/// The extension that the history names: `Layer: '<instruction>', Created by extension: <id>`.
fn extension(created_by: &str) -> &str {
    created_by.rsplit_once("Created by extension: ").map_or("extension", |(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::extension;

    #[test]
    fn extensions_are_known_by_the_history() {
        for (created_by, expected) in [
            ("Layer: 'RUN apt', Created by extension: acme/ext@1", "acme/ext@1"),
            ("Layer: 'Created by extension: x', Created by extension: y", "y"),
            ("RUN apt", "extension"),
            ("", "extension"),
        ] {
            assert_eq!(extension(created_by), expected, "{created_by}");
        }
    }
}
