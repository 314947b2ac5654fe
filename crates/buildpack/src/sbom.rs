//! The SBOM files that buildpacks write beside their layers: `<layer>.sbom.<ext>`, and `launch.sbom.<ext>`
//! and `build.sbom.<ext>` for what belongs to no layer.
//!
//! Spec: buildpack.md § Software-Bill-of-Materials.

/// A format of SBOM files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SbomFormat {
    /// CycloneDX JSON.
    CycloneDx,
    /// SPDX JSON.
    Spdx,
    /// Syft JSON.
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
}
