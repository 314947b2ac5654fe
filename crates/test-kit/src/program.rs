//! Programs that tests need and machines may lack.
#![expect(clippy::missing_panics_doc, reason = "a helper that fails fails the test")]

use std::io::Write;

/// Whether a program is on the path. Its absence is told, and is an error where everything has to be tested.
#[must_use]
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|directory| directory.join(name).is_file());
    if !found {
        assert!(std::env::var_os("CI").is_none(), "{name} must be installed");
        // Past what the test harness captures: a test that passes shows nothing of that.
        let _ = writeln!(std::io::stderr(), "SKIPPED: a test that needs {name}, which is not installed");
    }
    found
}
