//! What a layer has made so far: its whiteouts spare that.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// A set of paths, each held as the first bytes of its hash, as layers have many and long ones.
#[derive(Debug, Default)]
pub(super) struct Made(HashSet<[u8; 16]>);

impl Made {
    /// Adds a path and all that lead to it.
    pub(super) fn insert(&mut self, path: &Path) {
        for path in path.ancestors() {
            if !self.0.insert(key(path)) {
                break;
            }
        }
    }

    /// Whether the layer has made this, or something below.
    pub(super) fn contains(&self, path: &Path) -> bool {
        self.0.contains(&key(path))
    }
}

fn key(path: &Path) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(path.as_os_str().as_bytes()).into();
    hash.first_chunk().copied().unwrap_or_default()
}
