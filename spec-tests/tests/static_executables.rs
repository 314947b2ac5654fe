//! The executables run in a container that holds nothing else: no libraries, no files, no devices.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking and tells of a skip"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

const EXECUTABLES: [&str; 9] =
    ["analyzer", "detector", "restorer", "extender", "builder", "exporter", "creator", "rebaser", "launcher"];

/// What all executables may have together, in bytes: builders and lifecycle images hold them all.
const BUDGET: u64 = 27_000_000;

/// The directory of static executables; `make test` builds it. Without it there is nothing to test, which
/// is an error where everything has to be tested.
fn lifecycle() -> Option<PathBuf> {
    let directory = std::env::var_os("LIFECYCLE_DIR").map(PathBuf::from);
    if directory.is_none() {
        assert!(std::env::var_os("CI").is_none(), "LIFECYCLE_DIR must name the executables");
        eprintln!("SKIPPED: LIFECYCLE_DIR does not name the static executables; run `make test`");
    }
    directory
}

/// The type of the program header that names a dynamic linker.
const INTERPRETER: u32 = 3;

/// Runs an executable as the only file of its root, as an ordinary user may do in a user namespace.
fn run_alone(executable: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let root = tempfile::tempdir().expect("a directory");
    fs_err::copy(executable, root.path().join("phase")).expect("a copy");
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--root"]).arg(root.path()).arg("/phase").args(arguments);
    let output = command.env_clear().envs(variables.iter().copied()).env("PATH", "/usr/bin:/bin").output();
    let output = output.expect("unshare, of util-linux, runs");
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

#[test]
fn each_starts_alone() {
    let Some(lifecycle) = lifecycle() else { return };
    for name in EXECUTABLES {
        // Without CNB_PLATFORM_API each gets as far as saying so.
        let (code, text) = run_alone(&lifecycle.join(name), &[], &[]);
        assert_eq!(code, Some(11), "{name}: {text}");
        assert!(text.contains("CNB_PLATFORM_API"), "{name}: {text}");
    }
}

#[test]
fn each_phase_tells_its_version_and_its_inputs_alone() {
    let Some(lifecycle) = lifecycle() else { return };
    for name in EXECUTABLES.iter().filter(|name| **name != "launcher") {
        let (code, text) = run_alone(&lifecycle.join(name), &["-version"], &[]);
        assert_eq!(code, Some(0), "{name}: {text}");
        assert!(text.starts_with(env!("CARGO_PKG_VERSION")), "{name}: {text}");
        let (code, text) = run_alone(&lifecycle.join(name), &["-help"], &[("CNB_PLATFORM_API", "0.15")]);
        assert_eq!(code, Some(0), "{name}: {text}");
        assert!(text.contains("CNB_LOG_LEVEL"), "{name}: {text}");
    }
}

#[test]
fn none_needs_an_interpreter() {
    let Some(lifecycle) = lifecycle() else { return };
    for name in EXECUTABLES {
        let bytes = fs_err::read(lifecycle.join(name)).expect("an executable");
        let programs = program_headers(&bytes);
        assert!(!programs.contains(&INTERPRETER), "{name} is dynamic");
    }
}

#[test]
fn together_they_are_small_and_the_readme_tells_how_small() {
    let Some(lifecycle) = lifecycle() else { return };
    if !std::env::var("LIFECYCLE_TARGET").is_ok_and(|target| target.ends_with("-musl")) {
        assert!(std::env::var_os("CI").is_none(), "the executables must be linked with musl");
        eprintln!("SKIPPED: the executables are not weighed, because they are not linked with musl");
        return;
    }
    let size = |name: &str| fs_err::metadata(lifecycle.join(name)).expect("an executable").len();
    let sizes: Vec<_> = EXECUTABLES.iter().map(|name| (*name, size(name))).collect();
    let together = sizes.iter().map(|(_, size)| size).sum();
    assert!(together <= BUDGET, "{together} bytes of {BUDGET}: {sizes:?}");

    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = fs_err::read_to_string(readme).expect("a text");
    for (before, size) in [("The launcher has ", size("launcher")), ("together ", together)] {
        let told = megabytes_after(&readme, before).expect("a figure");
        // Compilers differ a little.
        assert!(told.abs_diff(size) <= size / 20, "README.md says '{before}' {told}, not {size}: {sizes:?}");
    }
}

/// The bytes that a text like `23.4 MB` behind `before` stands for.
fn megabytes_after(text: &str, before: &str) -> Option<u64> {
    text.split(before).skip(1).find_map(|rest| {
        let (whole, part) = rest.split_once(" MB")?.0.split_once('.')?;
        let hundredths: u64 = format!("{whole}{part:0<2}").parse().ok()?;
        Some(hundredths * 10_000)
    })
}

/// The types of the program headers of a 64-bit little-endian ELF file.
fn program_headers(elf: &[u8]) -> Vec<u32> {
    let number = |at: usize, bytes: usize| {
        elf[at..at + bytes].iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    assert_eq!(&elf[..5], b"\x7fELF\x02");
    let (offset, size, count) = (number(0x20, 8), number(0x36, 2), number(0x38, 2));
    (0..count).map(|index| u32::try_from(number(offset + index * size, 4)).expect("four bytes")).collect()
}
