//! Layers: from directories and files to a tar archive with its diffID, digest and compressed bytes in one
//! pass, and from archives back to files, safely.
//!
//! Nothing outside of this crate knows tar or gzip.
//!
//! - [`LayerSource`] says what a layer holds; it hashes and writes it.
//! - [`slices::split`] divides an app directory into layers.
//! - [`extract_verified`] and [`extract()`] bring a layer back, to one [`Destination`] and nowhere else;
//!   [`find`] only looks into it.

mod apply;
mod archive;
mod assembled;
mod attributes;
mod best_effort;
mod block;
mod bundle;
mod change;
mod compress;
mod copy;
mod decompress;
mod error;
mod extract;
pub mod glob;
mod gzip;
mod header;
mod pipeline;
mod process_types;
mod root_file_system;
pub mod slices;
mod source;
mod walk;

pub use apply::apply;
pub use assembled::Assembled;
pub use attributes::{Attributes, read_attributes};
pub use best_effort::BestEffort;
pub use bundle::{BundleFile, BundleReader, BundleWriter};
pub use change::{Change, ChangeWriter, WHITEOUT_PREFIX};
pub use compress::compress;
pub use decompress::{CompressionError, Decompressed, decompress};
pub use error::{ArchiveError, LayerError};
pub use extract::{
    ArchiveFault, Destination, ExtractError, Found, Refusal, VerifyingReader, extract, extract_verified, find,
};
pub use header::{Kind, Owner, Timestamp};
pub use pipeline::{ArchiveSummary, Compressors, LayerSummary};
pub use process_types::{BadProcessType, ProcessType};
pub use source::LayerSource;
