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
pub use find::{Found, find};
pub use reader::ArchiveFault;
pub use verified::{VerifyingReader, extract_verified};
