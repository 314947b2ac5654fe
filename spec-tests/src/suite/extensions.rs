//! Image extensions in detection. Spec: platform.md § detector, `image_extension.md`.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
