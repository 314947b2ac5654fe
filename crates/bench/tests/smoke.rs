//! The whole program on a small tree, with executables that pretend, and with the real ones if `LIFECYCLE_DIR` names them.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A directory that the user can enter who phases run as.
fn open_directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs_err::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

/// Whether a container engine can be started.
fn has_engine() -> bool {
    test_kit::has_program("dockerd") && nix::unistd::geteuid().is_root()
}

/// Executables that end well and do nothing.
fn pretenders(directory: &Path, names: &[&str]) {
    fs_err::create_dir(directory).unwrap();
    for name in names {
        let path = directory.join(name);
        fs_err::write(&path, "#!/bin/sh\necho \"$0 $*\"\n").unwrap();
        fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn bench(directory: &Path, lifecycle: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench"))
        .args([
            "--generated-files",
            "30",
            "--giant-layer",
            "100000",
            "--root",
            "2000000",
            "--runs",
            "2",
            "--starts",
            "6",
            "--json",
        ])
        .arg(directory.join("figures.json"))
        .arg("--directory")
        .arg(directory.join("work"))
        .arg("--lifecycle")
        .arg(lifecycle)
        .args(arguments)
        .output()
        .unwrap()
}

/// The figures of a run that succeeded.
fn figures(directory: &Path, output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&fs_err::read(directory.join("figures.json")).unwrap()).unwrap()
}

#[test]
fn sides_are_measured_and_what_is_missing_is_said() {
    let directory = open_directory();
    let (ours, other) = (directory.path().join("ours"), directory.path().join("other"));
    pretenders(&ours, &["analyzer", "exporter", "launcher"]);
    pretenders(&other, &["analyzer", "launcher"]);
    let arguments = ["--against", other.to_str().unwrap(), "--filter", "cold export"];
    // Those of layouts; and of registries and engines, if there are any.
    let registry = if test_kit::has_program("docker-registry") { 3 } else { 0 };
    let expected = 2 + registry + usize::from(has_engine());
    let output = bench(directory.path(), &ours, &arguments);
    let figures = figures(directory.path(), &output);
    let cases = figures["cases"].as_array().unwrap();
    assert_eq!(cases.len(), expected);
    assert_eq!(cases[0]["sides"].as_array().unwrap().len(), 1);
    assert_eq!(cases[0]["sides"][0]["runs"].as_array().unwrap().len(), 2);
    assert!(cases[0]["sides"][0]["runs"][0]["wall_seconds"].as_f64().unwrap() > 0.0);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("\"cold export\" is not run for against: no exporter"), "{said}");
    assert!(said.contains("GENERATED"), "{said}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("cold export with cache") && table.contains("peak ≤ 64 MiB: met"), "{table}");
}

#[test]
fn a_restorer_that_restores_nothing_has_no_figures() {
    let directory = open_directory();
    let ours = directory.path().join("ours");
    pretenders(&ours, &["analyzer", "exporter", "launcher", "restorer"]);
    let output = bench(directory.path(), &ours, &["--filter", "restore from cache"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("brought back 0 of"), "{said}");
    // The layers that were out of the way are found again.
    let output = bench(directory.path(), &ours, &["--filter", "start by"]);
    assert_eq!(figures(directory.path(), &output)["cases"].as_array().unwrap().len(), 1);
    let again = String::from_utf8(output.stderr).unwrap();
    assert!(!again.contains("making the npm tree") && again.contains("tree: 31 files"), "{again}");
}

#[test]
fn executables_that_are_not_there_are_no_result() {
    let directory = open_directory();
    let output = bench(directory.path(), &directory.path().join("none"), &[]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("none"));
}

#[test]
fn all_cases_run_with_real_executables() {
    let Some(lifecycle) = std::env::var_os("LIFECYCLE_DIR") else { return };
    let directory = open_directory();
    let output = bench(directory.path(), Path::new(&lifecycle), &[]);
    let figures = figures(directory.path(), &output);
    let cases = figures["cases"].as_array().unwrap();
    let registry = test_kit::has_program("docker-registry");
    let engine = if has_engine() { 3 } else { 0 };
    let extended = if nix::unistd::geteuid().is_root() { 2 } else { 0 };
    assert_eq!(cases.len(), engine + extended + if registry { 18 } else { 11 });
    for case in cases {
        let of_registry = case["name"].as_str().unwrap().starts_with("registry: ");
        let requests = case["sides"][0]["traffic"]["requests"].as_u64();
        assert_eq!(requests.is_some_and(|requests| requests > 0), of_registry, "{case}");
    }
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(!registry || table.contains("requests ≤ 12: met; no layer bytes: met"), "{table}");
}

#[test]
fn a_rebaser_that_rebases_nothing_has_no_figures() {
    if !test_kit::has_program("docker-registry") {
        return;
    }
    let directory = open_directory();
    let ours = directory.path().join("ours");
    pretenders(&ours, &["analyzer", "exporter", "launcher", "rebaser"]);
    let output = bench(directory.path(), &ours, &["--filter", "rebase"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the rebaser left the app image as it was"), "{said}");
}

#[test]
fn the_giant_layer_is_there_when_wanted_and_gone_after() {
    if !test_kit::has_program("docker-registry") {
        return;
    }
    let directory = open_directory();
    let ours = directory.path().join("ours");
    pretenders(&ours, &["analyzer", "launcher"]);
    let layer = directory.path().join("work/layers/bench_small/giant");
    let exporter = format!("#!/bin/sh\nexec test \"$(wc -c < '{}/noise')\" -eq 100000\n", layer.display());
    fs_err::write(ours.join("exporter"), exporter).unwrap();
    fs_err::set_permissions(ours.join("exporter"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = bench(directory.path(), &ours, &["--filter", "giant"]);
    assert_eq!(figures(directory.path(), &output)["cases"].as_array().unwrap().len(), 1);
    assert!(!layer.exists() && !layer.with_extension("toml").exists());
}

#[test]
fn a_directory_serves_one_bench_at_a_time() {
    let directory = open_directory();
    fs_err::create_dir(directory.path().join("work")).unwrap();
    let lock = std::fs::File::create_new(directory.path().join("work/lock")).unwrap();
    lock.lock().unwrap();
    let output = bench(directory.path(), directory.path(), &[]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("another bench works in"), "{said}");
}
