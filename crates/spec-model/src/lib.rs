//! Every file and label of the Cloud Native Buildpacks specification as types.
//!
//! This crate parses and prints; it opens no files. A key of a TOML file or a JSON label is named here
//! and nowhere else. The types keep what buildpacks and platforms wrote: arbitrary metadata passes
//! through with dates, nesting and order intact.
//!
//! | file or label | type |
//! |---|---|
//! | `analyzed.toml` | [`analyzed::Analyzed`] |
//! | `group.toml` | [`group::Group`] |
//! | `order.toml`, `system.toml` | [`order::Order`], [`order::SystemFile`] |
//! | build plan, `plan.toml`, buildpack plan | [`plan::BuildPlan`], [`plan::Plan`], [`plan::BuildpackPlan`] |
//! | `buildpack.toml`, `extension.toml` | [`descriptor::BuildpackToml`], [`descriptor::ExtensionToml`] |
//! | `extend-config.toml` | [`extend_config::ExtendConfig`] |
//! | `launch.toml`, `build.toml`, `store.toml` | [`launch::LaunchToml`], [`launch::BuildToml`], [`launch::Store`] |
//! | `<layer>.toml`, exec.d output | [`launch::LayerContentMetadata`], [`launch::ExecDOutput`] |
//! | `metadata.toml`, its label | [`build_metadata::BuildMetadata`] |
//! | `metadata.toml` as the launcher reads it | [`launch_metadata::LaunchMetadata`] |
//! | `project-metadata.toml`, its label | [`project_metadata::ProjectMetadata`] |
//! | `report.toml` | [`report::Report`] |
//! | `run.toml`, `stack.toml` | [`run::RunFile`], [`run::StackFile`] |
//! | label `io.buildpacks.lifecycle.metadata` | [`lifecycle_metadata::LifecycleMetadata`] |
//! | a cache's metadata | [`lifecycle_metadata::CacheMetadata`] |

pub mod analyzed;
mod api_version;
pub mod build_metadata;
mod buildpack_api;
mod buildpack_id;
pub mod descriptor;
mod digest;
pub mod extend_config;
pub mod group;
pub mod json;
pub mod labels;
pub mod launch;
pub mod launch_metadata;
pub mod lifecycle_metadata;
pub mod metadata;
pub mod order;
pub mod plan;
mod platform_api;
pub mod project_metadata;
pub mod report;
pub mod run;
pub mod target;
pub mod text;

pub use api_version::UnusableApiVersion;
pub use buildpack_api::BuildpackApi;
pub use buildpack_id::{BuildpackId, MalformedBuildpackId};
pub use digest::{DiffId, Digest, MalformedDigest};
pub use platform_api::PlatformApi;
