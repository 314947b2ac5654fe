//! What the lifecycle says of itself: `lifecycle.toml` in the tarball, labels on the image.
//!
//! Clients pick the newest API version that they share with it from here, and use features by its version.

use anyhow::Result;
use serde::Serialize;
use spec_model::{BuildpackApi, PlatformApi, json, text};

/// The version of all that is packaged.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

const SBOM_FORMATS: [&str; 3] =
    ["application/vnd.cyclonedx+json", "application/spdx+json", "application/vnd.syft+json"];

/// `lifecycle.toml`.
#[derive(Debug, Serialize)]
struct Descriptor {
    /// The oldest API versions, for clients that know of no others.
    api: OldestApis,
    apis: Apis,
    lifecycle: Lifecycle,
}

#[derive(Debug, Serialize)]
struct OldestApis {
    buildpack: &'static str,
    platform: &'static str,
}

#[derive(Debug, Serialize)]
struct Apis {
    buildpack: ApiVersions,
    platform: ApiVersions,
}

#[derive(Debug, Serialize)]
struct ApiVersions {
    deprecated: Vec<&'static str>,
    supported: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Lifecycle {
    version: &'static str,
    sbom_formats: [&'static str; 3],
}

/// The label of builders, as far as clients read it from a lifecycle's image.
#[derive(Debug, Serialize)]
struct BuilderMetadata {
    lifecycle: LifecycleVersion,
    api: OldestApis,
}

#[derive(Debug, Serialize)]
struct LifecycleVersion {
    version: &'static str,
}

impl Apis {
    /// No supported version is deprecated.
    fn supported() -> Self {
        let versions = |supported| ApiVersions { deprecated: Vec::new(), supported };
        Self {
            buildpack: versions(BuildpackApi::ALL.iter().map(|api| api.as_str()).collect()),
            platform: versions(PlatformApi::ALL.iter().map(|api| api.as_str()).collect()),
        }
    }

    fn oldest(&self) -> OldestApis {
        let oldest = |versions: &ApiVersions| versions.supported.first().copied().unwrap_or_default();
        OldestApis { buildpack: oldest(&self.buildpack), platform: oldest(&self.platform) }
    }
}

/// The text of `lifecycle.toml`.
pub(crate) fn toml() -> Result<String> {
    let apis = Apis::supported();
    let lifecycle = Lifecycle { version: VERSION, sbom_formats: SBOM_FORMATS };
    Ok(text::print(&Descriptor { api: apis.oldest(), apis, lifecycle })?)
}

/// The labels of the image.
pub(crate) fn labels() -> Result<Vec<(String, String)>> {
    let apis = Apis::supported();
    let builder = BuilderMetadata { lifecycle: LifecycleVersion { version: VERSION }, api: apis.oldest() };
    let labels = [
        ("io.buildpacks.builder.metadata", json::to_string(&builder)?),
        ("io.buildpacks.lifecycle.apis", json::to_string(&apis)?),
        ("io.buildpacks.lifecycle.version", VERSION.to_owned()),
    ];
    Ok(labels.map(|(name, value)| (name.to_owned(), value)).into())
}
