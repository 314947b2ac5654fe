//! Snapshots: what changed in a root file system between two moments, as a layer; and layers back on root file
//! systems.
//!
//! - [`Root`] says what is watched.
//! - [`Root::state`] notes the state of each file; [`Root::difference`] writes what differs from it by now.
//! - [`apply`] brings a layer to a directory that stands for a root.
//!
//! Spec: OCI image-spec layer.md.

mod cursor;
mod difference;
mod error;
mod facts;
mod mounts;
mod plan;
mod root;
mod state;
mod walk;

use std::io::Read;
use std::path::Path;

pub use difference::Difference;
pub use error::SnapshotError;
pub use root::{NEVER_WATCHED, Root};
pub use state::State;

/// Applies a layer, plain or compressed with gzip, to the directory that stands for a root.
///
/// Files that are in the way are replaced, directories stay, and whiteouts hide only what was there before.
/// Links among the directories that lead to an entry are followed as if `root` were the system's root; nothing
/// outside of it is touched. As root, owners, devices and all attributes become as recorded.
///
/// # Errors
/// What was applied until then stays; the caller cleans up.
pub fn apply<R: Read>(layer: R, root: &Path) -> Result<(), SnapshotError> {
    layer::apply(layer, root).map_err(|source| SnapshotError::Apply { root: root.to_owned(), source })
}
