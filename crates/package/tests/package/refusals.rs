//! What is not packed.

use crate::packed::{NAMES, Packed, complaint, stand_in};

#[test]
fn executables_for_another_processor() {
    let packed = Packed::prepare();
    let path = packed.path("x86_64-unknown-linux-gnu/builder");
    fs_err::write(&path, stand_in("builder", 183)).unwrap();
    let complaint = complaint(&packed.command().output().unwrap());
    let expected = format!("'{}' is no executable for x86_64-unknown-linux-gnu", path.display());
    assert!(complaint.contains(&expected), "{complaint}");
}

#[test]
fn executables_that_are_missing_or_unknown() {
    let packed = Packed::prepare();
    let path = packed.path("aarch64-unknown-linux-gnu/launcher");
    fs_err::remove_file(&path).unwrap();
    let missing = complaint(&packed.command().output().unwrap());
    assert!(missing.contains(path.to_str().unwrap()), "{missing}");

    let packed = Packed::prepare();
    for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
        fs_err::copy(packed.path(target).join("launcher"), packed.path(target).join("stranger")).unwrap();
    }
    let unknown = complaint(&packed.command_for(&["launcher", "stranger"]).output().unwrap());
    assert!(unknown.contains("stranger"), "{unknown}");
}

#[test]
fn targets_without_packages() {
    let packed = Packed::prepare();
    for (executables, expected) in [
        ("riscv64gc-unknown-linux-gnu=/", "riscv64gc-unknown-linux-gnu"),
        ("x86_64-apple-darwin=/", "Linux only"),
        ("/", "TARGET=DIR"),
    ] {
        let mut command = packed.command_for(&NAMES);
        let output = command.args(["--executables", executables]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let complaint = complaint(&output);
        assert!(complaint.contains(expected), "{complaint}");
    }
}
