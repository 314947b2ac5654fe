//! Which layers a repository has by the work of a writer and its sinks.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use spec_model::Digest;

/// The digests of layers that were uploaded to a repository or taken over. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Present(Arc<Mutex<BTreeSet<Digest>>>);

impl Present {
    pub(super) fn add(&self, digest: Digest) {
        self.lock().insert(digest);
    }

    pub(super) fn contains(&self, digest: &Digest) -> bool {
        self.lock().contains(digest)
    }

    pub(super) fn all(&self) -> BTreeSet<Digest> {
        self.lock().clone()
    }

    /// The registry has lost these.
    pub(super) fn forget(&self, lost: &BTreeSet<Digest>) {
        self.lock().retain(|digest| !lost.contains(digest));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Digest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
