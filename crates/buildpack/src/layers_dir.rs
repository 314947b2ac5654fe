//! A buildpack's directory below `<layers>`: which layers it holds, how each is used, what is stored for
//! the next build.
//!
//! What enters is `<layers>/<escaped buildpack id>`, what leaves is a [`LayersDir`] with its [`Layer`]s
//! sorted by name. A layer is a directory, a `<layer>.toml`, or both; `launch.toml`, `build.toml` and
//! `store.toml` tell of the buildpack as a whole and are no layers.
//! Spec: buildpack.md § Layer Types, § Layer Content Metadata.

mod layer;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use spec_model::BuildpackId;
use spec_model::launch::Store;
use toml_file::ReadError;

pub use self::layer::{Layer, LayerMetadataError};

/// The names whose files tell of the buildpack as a whole, so that no layer may have them.
/// Spec: buildpack.md § Phase #5: Build (Process).
pub const RESERVED_NAMES: [&str; 3] = ["build", "launch", "store"];

/// Why a buildpack's directory below `<layers>` cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LayersDirError {
    /// The directory cannot be listed; the error names it.
    #[error("failed to list the layers of buildpack '{buildpack}': {source}")]
    Unlistable {
        /// The buildpack.
        buildpack: BuildpackId,
        /// What the system said.
        source: io::Error,
    },
    /// `store.toml` is unreadable or malformed.
    #[error("failed to read what buildpack '{buildpack}' stored: {source}")]
    Store {
        /// The buildpack.
        buildpack: BuildpackId,
        /// The file and the place in it.
        source: ReadError,
    },
    /// A `<layer>.toml` stands for a name that no layer can have.
    #[error("{} of buildpack '{buildpack}' names no usable layer: {reason}", path.display())]
    UnusableName {
        /// The buildpack.
        buildpack: BuildpackId,
        /// The file.
        path: PathBuf,
        /// What is wrong with the name.
        reason: &'static str,
    },
}

/// A buildpack's directory below `<layers>`.
#[derive(Debug)]
pub struct LayersDir {
    buildpack: BuildpackId,
    path: PathBuf,
    layers: Vec<Layer>,
    store: Option<Store>,
}

impl LayersDir {
    /// The path of a buildpack's directory: `<layers>/<escaped id>`.
    #[must_use]
    pub fn path_below(layers: &Path, buildpack: &BuildpackId) -> PathBuf {
        layers.join(buildpack.escaped())
    }

    /// Reads `<layers>/<escaped id>`. A directory that does not exist has no layers.
    ///
    /// A malformed `<layer>.toml` is no error here: the layer tells of it, see [`Layer::metadata`].
    ///
    /// # Errors
    /// The directory cannot be listed, `store.toml` is malformed, or a `<layer>.toml` has a name that no
    /// layer can have.
    pub fn read(layers: &Path, buildpack: &BuildpackId) -> Result<Self, LayersDirError> {
        let path = Self::path_below(layers, buildpack);
        let names = layer_names(&path, buildpack)?;
        let store = toml_file::read_if_present(&path.join("store.toml"))
            .map_err(|source| LayersDirError::Store { buildpack: buildpack.clone(), source })?;
        let layers = names.into_iter().map(|name| Layer::read(&path, buildpack, name)).collect();
        Ok(Self { buildpack: buildpack.clone(), path, layers, store })
    }

    /// The directory, if no layer in it is malformed.
    ///
    /// # Errors
    /// The first malformed layer, by name.
    pub fn require_well_formed(mut self) -> Result<Self, LayerMetadataError> {
        let malformed = self.layers.extract_if(.., |layer| layer.metadata().is_err()).next();
        match malformed.and_then(Layer::into_error) {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    /// The buildpack's id.
    #[must_use]
    pub fn buildpack(&self) -> &BuildpackId {
        &self.buildpack
    }

    /// The directory itself, whether it exists or not.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the buildpack keeps for its next build, where it has a `store.toml`.
    #[must_use]
    pub fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// All layers, sorted by name, ignored and malformed ones too.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The layer of the given name.
    #[must_use]
    pub fn layer(&self, name: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.name() == name)
    }

    /// The layers that are part of the app image.
    pub fn launch_layers(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().filter(|layer| layer.types().launch)
    }

    /// The layers whose contents are kept for the next build.
    pub fn cached_layers(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().filter(|layer| layer.types().cache)
    }

    /// The layers that buildpacks behind this one see.
    pub fn build_layers(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().filter(|layer| layer.types().build)
    }

    /// The layers whose `<layer>.toml` cannot be used, each with the reason.
    pub fn malformed_layers(&self) -> impl Iterator<Item = (&Layer, &LayerMetadataError)> {
        self.layers.iter().filter_map(|layer| Some((layer, layer.metadata().err()?)))
    }
}

/// The names of the layers in a directory: those of its directories and of its `<layer>.toml` files.
fn layer_names(path: &Path, buildpack: &BuildpackId) -> Result<BTreeSet<String>, LayersDirError> {
    let unlistable = |source| LayersDirError::Unlistable { buildpack: buildpack.clone(), source };
    let entries = match fs_err::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(unlistable(error)),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry.map_err(unlistable)?;
        // A link to a directory is a layer only by its `<layer>.toml`, hence no look behind links.
        let name = if entry.file_type().map_err(unlistable)?.is_dir() {
            // Without types a layer counts for nothing, so an odd name needs no complaint here.
            entry.file_name().into_string().ok()
        } else {
            name_of_toml_file(&entry.file_name()).map_err(|reason| LayersDirError::UnusableName {
                buildpack: buildpack.clone(),
                path: entry.path(),
                reason,
            })?
        };
        names.extend(name.filter(|name| !RESERVED_NAMES.contains(&name.as_str())));
    }
    Ok(names)
}

/// The layer that a file is the `<layer>.toml` of, if it is one.
fn name_of_toml_file(file: &OsStr) -> Result<Option<String>, &'static str> {
    let Some(name) = file.as_bytes().strip_suffix(b".toml") else { return Ok(None) };
    match OsString::from(OsStr::from_bytes(name)).into_string().as_deref() {
        Err(_) => Err("a layer's name is UTF-8 text, because labels hold it; rename the layer"),
        Ok("") => Err("the name is empty; give the layer one"),
        Ok("." | "..") => Err("the name means another directory; rename the layer"),
        Ok(name) => Ok(Some(name.to_owned())),
    }
}
