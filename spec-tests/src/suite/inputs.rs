//! Flags, variables and defaults, generated from the table of the phases' inputs. Spec: platform.md § Usage.

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    Vec::new()
}
