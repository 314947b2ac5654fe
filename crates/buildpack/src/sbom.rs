//! The SBOM files that buildpacks write beside their layers: `<layer>.sbom.<ext>`, and `launch.sbom.<ext>`
//! and `build.sbom.<ext>` for what belongs to no layer.
//!
//! What enters is the directory of a buildpack after its build, what leaves is a list of files with what
//! each belongs to. Spec: buildpack.md § Software-Bill-of-Materials.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use spec_model::BuildpackId;

use crate::layers_dir::LayersDir;

/// A format of SBOM files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SbomFormat {
    /// `CycloneDX`, as JSON.
    CycloneDx,
    /// SPDX, as JSON.
    Spdx,
    /// Syft, as JSON.
    Syft,
}

impl SbomFormat {
    /// All formats, by file name.
    pub const ALL: [Self; 3] = [Self::CycloneDx, Self::Spdx, Self::Syft];

    /// The format's media type, as buildpacks declare it in `sbom-formats`.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::CycloneDx => "application/vnd.cyclonedx+json",
            Self::Spdx => "application/spdx+json",
            Self::Syft => "application/vnd.syft+json",
        }
    }

    /// The name of a file of this format below `<layers>/sbom`; behind a layer's name and a dot also the
    /// name that buildpacks give it.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::CycloneDx => "sbom.cdx.json",
            Self::Spdx => "sbom.spdx.json",
            Self::Syft => "sbom.syft.json",
        }
    }

    /// Whether a buildpack declares the format; parameters of the media type don't count.
    fn is_declared(self, declared: &[String]) -> bool {
        declared.iter().any(|media_type| {
            let name = media_type.split(';').next().unwrap_or_default();
            name.trim().eq_ignore_ascii_case(self.media_type())
        })
    }
}

/// What the contents that an SBOM file describes are used for: a directory below `<layers>/sbom`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SbomUse {
    /// They are part of the build environment only.
    Build,
    /// They are kept for the next build.
    Cache,
    /// They are part of the app image.
    Launch,
}

impl SbomUse {
    /// The directory below `<layers>/sbom`.
    #[must_use]
    pub const fn directory(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Cache => "cache",
            Self::Launch => "launch",
        }
    }
}

/// An SBOM file of a buildpack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SbomFile {
    /// The buildpack that wrote it.
    pub buildpack: BuildpackId,
    /// The layer it describes; none for what belongs to no layer.
    pub layer: Option<String>,
    /// What that is used for. A file of a launch layer that is cached too appears twice.
    pub used_for: SbomUse,
    /// The file's format.
    pub format: SbomFormat,
    /// The file.
    pub path: PathBuf,
}

/// An SBOM file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SbomFault {
    /// The directory cannot be listed; the error names it.
    #[error("failed to look for SBOM files: {0}")]
    Unlistable(#[source] io::Error),
    /// The file's extension stands for no format.
    #[error(
        "{}: unknown SBOM format; the name must end in .sbom.cdx.json, .sbom.spdx.json or .sbom.syft.json",
        path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The buildpack does not declare the format.
    #[error(
        "{}: the format {} is not declared; add it to 'sbom-formats' in buildpack.toml, which has [{}]",
        path.display(), format.media_type(), declared.join(", ")
    )]
    Undeclared {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: SbomFormat,
        /// What the buildpack declares.
        declared: Vec<String>,
    },
    /// There is something else than a file.
    #[error("{}: not a regular file, but named as an SBOM file is", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
}

impl SbomFile {
    /// Where the file's copy belongs: `<layers>/sbom/<use>/<escaped id>/[<layer>/]sbom.<ext>`.
    /// Spec: platform.md § Software-Bill-of-Materials.
    #[must_use]
    pub fn destination(&self, layers: &Path) -> PathBuf {
        let mut path = layers.join("sbom").join(self.used_for.directory()).join(self.buildpack.escaped());
        path.extend(&self.layer);
        path.join(self.format.file_name())
    }

    /// Copies the file to its [destination](Self::destination). Only the contents count, not the mode.
    ///
    /// # Errors
    /// It cannot be read, or the disk refuses; the error names the path.
    pub fn copy_to(&self, layers: &Path) -> io::Result<()> {
        let destination = self.destination(layers);
        if let Some(directory) = destination.parent() {
            fs_err::create_dir_all(directory)?;
        }
        let mut source = fs_err::File::open(&self.path)?;
        io::copy(&mut source, &mut fs_err::File::create(&destination)?)?;
        Ok(())
    }
}

/// The SBOM files of a buildpack, sorted by name. Files of layers that are not declared don't count.
///
/// # Errors
/// A file has a format that is unknown or that the buildpack does not declare.
pub fn find(layers: &LayersDir, declared: &[String]) -> Result<Vec<SbomFile>, SbomFault> {
    let mut files = Vec::new();
    for name in file_names(layers.path()).map_err(SbomFault::Unlistable)? {
        let path = layers.path().join(&name);
        let Some((layer, extension)) = name.strip_suffix(".json").and_then(|stem| stem.rsplit_once(".sbom."))
        else {
            continue;
        };
        let uses = uses(layers, layer);
        if uses.is_empty() {
            continue;
        }
        let format = SbomFormat::ALL.into_iter().find(|format| is_format(*format, extension));
        let Some(format) = format else { return Err(SbomFault::UnknownFormat { path }) };
        if !format.is_declared(declared) {
            return Err(SbomFault::Undeclared { path, format, declared: declared.to_vec() });
        }
        if !path.is_file() {
            return Err(SbomFault::NotAFile { path });
        }
        files.extend(uses.into_iter().map(|(layer, used_for)| SbomFile {
            buildpack: layers.buildpack().clone(),
            layer,
            used_for,
            format,
            path: path.clone(),
        }));
    }
    Ok(files)
}

fn is_format(format: SbomFormat, extension: &str) -> bool {
    format.file_name().strip_prefix("sbom.").and_then(|name| name.strip_suffix(".json")) == Some(extension)
}

/// What the file `<name>.sbom.<ext>` is good for, with the layer it belongs to.
fn uses(layers: &LayersDir, name: &str) -> Vec<(Option<String>, SbomUse)> {
    match name {
        "launch" => return vec![(None, SbomUse::Launch)],
        "build" => return vec![(None, SbomUse::Build)],
        _ => {}
    }
    let Some(layer) = layers.layer(name).filter(|layer| layer.is_declared()) else { return Vec::new() };
    let types = layer.types();
    let used_for = if types.launch { SbomUse::Launch } else { SbomUse::Build };
    let cached = types.cache.then_some(SbomUse::Cache);
    [Some(used_for), cached].into_iter().flatten().map(|used_for| (Some(name.to_owned()), used_for)).collect()
}

/// The names in a directory that are text; sorted, so that errors and copies come in a fixed order.
fn file_names(directory: &Path) -> io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs_err::read_dir(directory)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    Ok(names)
}
