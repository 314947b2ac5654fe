//! What is allowed only if experimental features are. Spec: platform.md § Experimental Features.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
