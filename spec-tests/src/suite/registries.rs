//! How phases talk to registries. Spec: platform.md § Registry Authentication.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
