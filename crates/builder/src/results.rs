//! The files that the build leaves for the exporter: SBOM files and `metadata.toml`.
//!
//! Spec: platform.md § metadata.toml, § exporter (SBOM).

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use buildpack::sbom::{SbomFile, SbomUse};
use spec_model::PlatformApi;
use spec_model::build_metadata::{BomEntry, BuildMetadata};

use crate::BuildError;

/// What buildpacks tell of the contents of image and build environment.
#[derive(Debug, Default)]
pub(crate) struct BillsOfMaterials {
    pub(crate) files: Vec<SbomFile>,
    pub(crate) launch: Vec<BomEntry>,
    pub(crate) build: Vec<BomEntry>,
}

/// Removes the SBOM files of an earlier build.
pub(crate) fn remove_old_sboms(layers: &Path) -> Result<(), BuildError> {
    match fs_err::remove_dir_all(layers.join("sbom")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BuildError::Sbom(error)),
        _ => Ok(()),
    }
}

impl BillsOfMaterials {
    /// Gathers everything in `<layers>/sbom`. What leaves are the entries that belong in `metadata.toml`,
    /// none for newer platforms.
    pub(crate) fn write(self, layers: &Path, api: PlatformApi) -> Result<Vec<BomEntry>, BuildError> {
        if api.has_sbom_files() {
            for file in &self.files {
                file.copy_to(layers).map_err(BuildError::Sbom)?;
            }
        }
        let sbom = layers.join("sbom");
        if api.writes_legacy_bom_files() {
            for (used_for, entries) in [(SbomUse::Launch, &self.launch), (SbomUse::Build, &self.build)] {
                let text = BomEntry::print_legacy(entries).map_err(BuildError::LegacyBom)?;
                let path = sbom.join(used_for.directory()).join("sbom.legacy.json");
                toml_file::replace(&path, text.as_bytes()).map_err(BuildError::Sbom)?;
            }
        }
        settle_modes(&sbom).map_err(BuildError::Sbom)?;
        Ok(if api.has_legacy_bom() { self.launch } else { Vec::new() })
    }
}

/// Writes `<layers>/config/metadata.toml`.
pub(crate) fn write_metadata(layers: &Path, metadata: &BuildMetadata) -> Result<(), BuildError> {
    let config = layers.join("config");
    let path = config.join("metadata.toml");
    let text = metadata.print().map_err(|source| BuildError::Metadata { path: path.clone(), source })?;
    toml_file::replace(&path, text.as_bytes())
        .and_then(|()| settle_modes(&config))
        .map_err(BuildError::MetadataFile)
}

/// Gives all in a directory that becomes a layer the usual modes, whatever the umask: modes are part of a
/// layer's digest.
fn settle_modes(directory: &Path) -> io::Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    for entry in walkdir::WalkDir::new(directory) {
        let entry = entry?;
        let mode = if entry.file_type().is_dir() { 0o755 } else { 0o644 };
        match fs_err::set_permissions(entry.path(), PermissionsExt::from_mode(mode)) {
            // The platform may have made the directory as another user; then its mode is the platform's too.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => log::debug!("{error}"),
            done => done?,
        }
    }
    Ok(())
}
