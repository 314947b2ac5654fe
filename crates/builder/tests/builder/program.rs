//! The phase as an executable: streams, exit statuses, files that only the shell reads.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::{buildpack, detected, tree};

fn run(mut command: Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn executable() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_builder"))
}

#[test]
fn the_output_of_buildpacks_passes_through_unchanged() {
    let script = "printf 'to \\001out'; printf 'to err' >&2; exit 7";
    let scratch = detected(&[buildpack("a/b", "0.12", script)]);
    scratch.write("layers/analyzed.toml", "");
    let (code, out, err) = run(scratch.phase(executable(), "0.15"));
    assert_eq!((code, out.as_str()), (51, "to \u{1}out"));
    assert!(
        err.starts_with("to err") && err.contains("a/b@1.0.0") && err.contains("exit status: 7"),
        "{err}"
    );
}

#[test]
fn the_target_comes_from_analyzed_toml() {
    let script = "echo $CNB_TARGET_OS/$CNB_TARGET_ARCH $CNB_TARGET_DISTRO_NAME $CNB_EXEC_ENV";
    let scratch = detected(&[buildpack("a", "0.12", script)]);
    let target = "[run-image.target]\nos = 'linux'\narch = 'mips'\ndistro = { name = 'tiny', version = '7' }";
    scratch.write("layers/analyzed.toml", target);
    let mut command = scratch.phase(executable(), "0.15");
    command.env("CNB_EXEC_ENV", "test");
    assert_eq!(run(command), (0, "linux/mips tiny test\n".to_owned(), String::new()));
}

#[test]
fn missing_and_malformed_inputs_are_named() {
    let cases = [
        ("group.toml", "", "detector writes this file"),
        ("plan.toml", "", "detector writes this file"),
        ("group.toml", "[[group]]\nid = 'a b'", "group.toml: line 2"),
        ("plan.toml", "entries = 1", "plan.toml: line 1"),
        ("analyzed.toml", "[[", "analyzed.toml: line 1"),
    ];
    for (file, contents, words) in cases {
        let scratch = detected(&[buildpack("a", "0.12", "touch ran")]);
        if contents.is_empty() {
            fs_err::remove_file(scratch.path("layers").join(file)).unwrap();
        } else {
            scratch.write(&format!("layers/{file}"), contents);
        }
        let (code, _, err) = run(scratch.phase(executable(), "0.15"));
        assert!(code == 1 && err.contains(words) && err.contains(file), "{file} {contents}: {code} {err}");
        assert!(!scratch.has("app/ran"));
    }
}

#[test]
fn what_becomes_a_layer_has_the_same_modes_whatever_the_umask() {
    let script = "echo '{}' > \"$1/launch.sbom.cdx.json\"";
    let declared = "sbom-formats = ['application/vnd.cyclonedx+json']";
    let mut trees = Vec::new();
    for mask in ["022", "077"] {
        let scratch = detected(&[buildpack("a", "0.12", script).key(declared)]);
        // The executable is started by a shell of the same user and environment.
        let phase = scratch.phase(executable(), "0.15");
        let mut shell = scratch.phase(Path::new("/bin/sh"), "0.15");
        shell.arg("-c").arg(format!("umask {mask}; exec \"$0\"")).arg(phase.get_program());
        assert_eq!(run(shell).0, 0);
        trees.push(["sbom", "config"].map(|name| tree(&scratch.path("layers").join(name))));
    }
    assert_eq!(trees[0], trees[1]);
    assert!(trees[0][1].contains(&"644 metadata.toml".to_owned()), "{trees:?}");
}

#[test]
fn a_config_directory_of_another_user_is_good_enough() {
    let scratch = detected(&[buildpack("a", "0.12", "")]);
    fs_err::create_dir(scratch.path("layers/config")).unwrap();
    // As root, the directory is root's and the phase runs as somebody else; otherwise this is the plain case.
    let (code, _, err) = run(scratch.phase(executable(), "0.15"));
    assert_eq!(code, 0, "{err}");
    assert_eq!(scratch.read("layers/config/metadata.toml").lines().next(), Some("processes = []"));
}
