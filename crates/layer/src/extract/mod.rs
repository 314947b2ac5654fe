//! From archives back to files.

mod contents;
mod destination;
mod error;
mod extraction;
mod find;
mod reader;
mod tree;
mod verified;

pub use destination::Destination;
pub use error::{ExtractError, Refusal};
pub use extraction::extract;
pub(crate) use extraction::name_of;
pub use find::{Found, find};
pub use reader::ArchiveFault;
pub(crate) use reader::{ArchiveReader, Member};
pub(crate) use tree::{Tree, TreeError, may_give};
pub use verified::{VerifyingReader, extract_verified};
