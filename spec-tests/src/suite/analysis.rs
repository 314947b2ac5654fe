//! What the analyzer finds out about images, and the run image that is chosen. Spec: platform.md § analyzer.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
