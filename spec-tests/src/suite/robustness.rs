//! What must hold when something goes wrong: faults, kills and hostile input.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
