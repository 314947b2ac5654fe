//! The rebaser. Spec: platform.md § rebaser.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
