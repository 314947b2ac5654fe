//! The creator. Spec: platform.md § creator.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
