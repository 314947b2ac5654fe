//! One layer of a buildpack: its directory, its `<layer>.toml`, its SBOM files.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use spec_model::BuildpackId;
use spec_model::launch::{LayerContentMetadata, LayerTypes};
use toml::Value;
use toml_file::{ReadError, WriteError};

use crate::sbom::SbomFormat;

/// Why a `<layer>.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LayerMetadataError {
    /// The file is unreadable, no TOML, or has a value of a wrong type.
    #[error(transparent)]
    Malformed(ReadError),
    /// The flags stand where they mean nothing.
    #[error(
        "{}: 'launch', 'build' and 'cache' mean nothing at the top of the file; put them into the table [types]",
        path.display()
    )]
    MisplacedTypes {
        /// The file.
        path: PathBuf,
    },
}

/// A layer of a buildpack.
#[derive(Debug)]
pub struct Layer {
    name: String,
    path: PathBuf,
    identifier: String,
    /// None where there is no `<layer>.toml`.
    metadata: Result<Option<LayerContentMetadata>, LayerMetadataError>,
}

/// What a layer without `<layer>.toml` tells.
static NOTHING_TOLD: LazyLock<LayerContentMetadata> = LazyLock::new(LayerContentMetadata::default);

impl Layer {
    /// Reads the layer `name` of the buildpack's directory. A layer without `<layer>.toml` has no types.
    #[must_use]
    pub fn read(buildpack_dir: &Path, buildpack: &BuildpackId, name: String) -> Self {
        let identifier = format!("{buildpack}:{name}");
        let metadata = read_metadata(buildpack_dir.join(format!("{name}.toml")));
        Self { path: buildpack_dir.join(&name), identifier, name, metadata }
    }

    /// The layer's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The layer's directory, whether it exists or not.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `<buildpack id>:<layer name>`, as users and labels know the layer.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The path of the layer's `<layer>.toml`, whether it exists or not.
    #[must_use]
    pub fn toml_path(&self) -> PathBuf {
        self.beside("toml")
    }

    /// The path of the layer's SBOM file in a format, whether it exists or not.
    #[must_use]
    pub fn sbom_path(&self, format: SbomFormat) -> PathBuf {
        self.beside(format.file_name())
    }

    /// The SBOM files that the layer has.
    pub fn sbom_files(&self) -> impl Iterator<Item = (SbomFormat, PathBuf)> {
        SbomFormat::ALL
            .into_iter()
            .map(|format| (format, self.sbom_path(format)))
            .filter(|(_, path)| path.is_file())
    }

    /// Whether there is a directory, or a link to one, with the layer's contents.
    #[must_use]
    pub fn has_contents(&self) -> bool {
        self.path.exists()
    }

    /// What the layer's `<layer>.toml` tells; without the file, the default.
    ///
    /// # Errors
    /// The file is unreadable, malformed, or has its flags in the wrong place.
    pub fn metadata(&self) -> Result<&LayerContentMetadata, &LayerMetadataError> {
        self.metadata.as_ref().map(|metadata| metadata.as_ref().unwrap_or(&NOTHING_TOLD))
    }

    /// Whether the buildpack declared the layer: whether there is a `<layer>.toml`, usable or not.
    #[must_use]
    pub fn is_declared(&self) -> bool {
        !matches!(self.metadata, Ok(None))
    }

    /// What is wrong with the layer's `<layer>.toml`, if anything.
    pub(super) fn into_error(self) -> Option<LayerMetadataError> {
        self.metadata.err()
    }

    /// How the layer is used. A layer that is malformed or has no types is not used at all.
    #[must_use]
    pub fn types(&self) -> LayerTypes {
        self.metadata().ok().and_then(|metadata| metadata.types).unwrap_or_default()
    }

    /// Writes `<layer>.toml` without types, as before a build: the buildpack sets them again to keep the
    /// layer.
    ///
    /// # Errors
    /// The metadata cannot be printed or the disk refuses; the old file is then untouched.
    /// Spec: buildpack.md § Layer Types.
    pub fn write_restored_metadata(&self, metadata: Option<Value>) -> Result<(), WriteError> {
        toml_file::write(&self.toml_path(), &LayerContentMetadata::new(None, metadata))
    }

    /// Renames the layer's directory, if there is one, to `<layer>.ignore`, so that buildpacks behind this
    /// one do not come to depend on it. What an earlier build set aside under that name goes.
    ///
    /// # Errors
    /// The disk refuses, or `<layer>.ignore` is a layer that the buildpack declared.
    /// Spec: buildpack.md § Ignored Layers.
    pub fn set_aside(&self) -> io::Result<()> {
        let aside = self.beside("ignore");
        if self.path.symlink_metadata().is_ok() && !self.beside("ignore.toml").exists() {
            unless_absent(remove_tree(&aside))?;
        }
        unless_absent(fs_err::rename(&self.path, &aside))
    }

    /// Removes the layer's directory and its `<layer>.toml`, as far as they exist.
    ///
    /// # Errors
    /// The disk refuses; the error names the path.
    pub fn remove(&self) -> io::Result<()> {
        unless_absent(remove_tree(&self.path))?;
        unless_absent(fs_err::remove_file(self.toml_path()))
    }

    fn beside(&self, extension: &str) -> PathBuf {
        self.path.with_file_name(format!("{}.{extension}", self.name))
    }
}

fn read_metadata(path: PathBuf) -> Result<Option<LayerContentMetadata>, LayerMetadataError> {
    let metadata = toml_file::read_if_present::<LayerContentMetadata>(&path);
    let metadata = metadata.map_err(LayerMetadataError::Malformed)?;
    if metadata.as_ref().is_some_and(LayerContentMetadata::has_misplaced_types) {
        return Err(LayerMetadataError::MisplacedTypes { path });
    }
    Ok(metadata)
}

/// Removes a directory with all in it, or a link without what is behind it.
fn remove_tree(path: &Path) -> io::Result<()> {
    if fs_err::symlink_metadata(path)?.is_dir() {
        fs_err::remove_dir_all(path)
    } else {
        fs_err::remove_file(path)
    }
}

fn unless_absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
