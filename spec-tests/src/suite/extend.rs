//! The extender. Spec: platform.md § extender.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
