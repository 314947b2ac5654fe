//! This workspace's own executables keep all clauses, but for the deviations that are listed.

use std::path::Path;
use std::process::Command;

#[test]
fn this_lifecycle_conforms() {
    let Some(lifecycle) = std::env::var_os("LIFECYCLE_DIR") else {
        assert!(std::env::var_os("CI").is_none(), "LIFECYCLE_DIR must name the executables");
        eprintln!("SKIPPED: LIFECYCLE_DIR does not name the executables; run `make test`");
        return;
    };
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("deviations/ours.toml");
    let mut suite = Command::new(env!("CARGO_BIN_EXE_spec-tests"));
    suite.arg("--lifecycle").arg(lifecycle).arg("--known").arg(known);
    // Elsewhere there may be no registry, no engine, and no root: what is skipped is told.
    if std::env::var_os("CI").is_some() {
        suite.arg("--strict");
    }
    let output = suite.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    for line in text.lines().filter(|line| line.starts_with("SKIPPED")) {
        eprintln!("{line}");
    }
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
