//! Which group of buildpacks is detected. Spec: platform.md § detector, buildpack.md § Detection.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
