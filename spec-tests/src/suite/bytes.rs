//! Bytes that make layers and images the same as those that lifecycles have made so far.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
