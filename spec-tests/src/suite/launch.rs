//! What the launcher starts, and how. Spec: platform.md § launcher, buildpack.md § Launch.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
