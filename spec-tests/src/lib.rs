//! The conformance suite: what the specification demands of a lifecycle, clause by clause, and black-box tests of it.
//!
//! [`clauses`] is the table of what is demanded, with the tests that pin it. The tests themselves, and checks of the
//! workspace, are in `tests/`.

pub mod clauses;
