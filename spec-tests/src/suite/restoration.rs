//! What the restorer brings back, and what is kept for it. Spec: platform.md § restorer.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
