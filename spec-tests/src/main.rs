//! A conformance suite for lifecycles. `spec-tests --help` tells how to run it, docs/conformance.md what it tells.

use std::process::ExitCode;

fn main() -> ExitCode {
    spec_tests::main()
}
