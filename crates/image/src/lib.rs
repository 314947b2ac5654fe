//! Image references and documents, without any I/O.
//!
//! - [`Reference`] – an image's name: registry, repository, and tag or digest;
//! - [`ImageConfig`], [`Manifest`], [`ImageIndex`] – the documents an image is made of;
//! - [`ImagePlan`] – what a new image adds to its base, and [`RebasePlan`] – what an image keeps on another
//!   base, [`ExtensionPlan`] – what image extensions make of one; [`Plan::apply`] turns plan and base into the exact bytes of the new image's documents;
//! - [`run_image`] – which of the run images that a platform offers is used.

mod config;
mod container_config;
mod document;
mod extension;
mod manifest;
mod plan;
mod rebase;
mod reference;
mod registry_name;
pub mod run_image;
mod timestamp;

pub use config::{History, ImageConfig, RootFs};
pub use container_config::{ContainerConfig, Healthcheck};
pub use document::{Document, MalformedDocument};
pub use extension::ExtensionPlan;
pub use manifest::{Descriptor, ImageIndex, Manifest, Platform, media_type};
pub use plan::{ImageDocuments, ImagePlan, NewLayer, Plan};
pub use rebase::RebasePlan;
pub use reference::{
    Identifier, InvalidReference, NamedByDigest, Reference, SeveralRegistries, ensure_one_registry,
    ensure_tags, name_without_digest,
};
pub use timestamp::{Timestamp, TimestampOutOfRange};
