//! What the builder gives to buildpacks and takes from them. Spec: platform.md § builder, buildpack.md § Build.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
