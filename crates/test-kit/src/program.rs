//! Programs that tests need and machines may lack.
#![expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// The shared libraries of a program, with the paths that the dynamic linker takes; none if it is static.
#[must_use]
pub fn libraries(program: &Path) -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let paths = text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    paths.map(PathBuf::from).collect()
}
