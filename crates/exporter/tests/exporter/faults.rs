//! What goes wrong, and what is left of the previous image then.

use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use test_kit::ImageFixture;

use crate::support::{Build, IMAGE, outcome};

#[test]
fn malformed_files_are_named_with_the_place() {
    for (file, code) in [
        ("layers/analyzed.toml", 3),
        ("layers/group.toml", 1),
        ("layers/config/metadata.toml", 62),
        ("layers/project-metadata.toml", 1),
        ("layers/acme_web/runtime.toml", 62),
        ("layers/acme_web/store.toml", 62),
    ] {
        let build = Build::new();
        build.scratch.write(file, "fine = true\nnot toml");
        let name = file.rsplit('/').next().unwrap();
        build.export(&[]).failed(code, &[name, "line 2"]);
        assert!(!build.scratch.has("layout/localhost/team"), "{file}");
    }
}

#[test]
fn missing_files_are_named() {
    for (file, code) in [
        ("layers/analyzed.toml", 3),
        ("layers/group.toml", 1),
        ("layers/config/metadata.toml", 62),
        ("launcher", 62),
    ] {
        let build = Build::new();
        fs_err::remove_file(build.path(file)).unwrap();
        build.export(&[]).failed(code, &[file.rsplit('/').next().unwrap()]);
    }
    let build = Build::new();
    fs_err::remove_dir_all(build.path("app")).unwrap();
    build.export(&[]).failed(62, &["app"]);
    let build = Build::new();
    fs_err::remove_dir_all(build.path("layout/localhost/run")).unwrap();
    build.export(&[]).failed(1, &["run image", "does not exist"]);
}

#[test]
fn analyzed_toml_has_to_name_a_run_image() {
    let build = Build::new();
    build.scratch.write("layers/analyzed.toml", "[run-image]\n");
    build.export(&[]).failed(3, &["analyzed.toml", "run-image.reference"]);
}

#[test]
fn a_run_image_without_layers_is_refused() {
    let build = Build::new();
    fs_err::remove_dir_all(build.path("layout/localhost/run/base")).unwrap();
    ImageFixture::default().write(&build.path("layout/localhost/run/base"));
    build.export(&[]).failed(1, &["localhost/run/base", "no layers"]);
}

#[test]
fn unsupported_buildpack_apis_are_named() {
    let build = Build::new();
    build
        .scratch
        .write("layers/group.toml", "[[group]]\nid = \"acme/web\"\nversion = \"1\"\napi = \"0.99\"\n");
    build.export(&[]).failed(12, &["acme/web@1", "0.99", "0.7 to 0.12"]);
}

#[test]
fn process_types_that_cannot_be_links_are_refused() {
    let build = Build::new();
    let process = "[[processes]]\ntype = \"../web\"\ncommand = [\"x\"]\n";
    build.scratch.write("layers/config/metadata.toml", process);
    build.export(&[]).failed(62, &["../web"]);
}

#[test]
fn odd_files_are_archived() {
    let build = Build::new();
    let app = build.path("app");
    rustix::fs::mkfifoat(rustix::fs::CWD, app.join("fifo"), rustix::fs::Mode::from(0o644)).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(app.join("socket")).unwrap();
    fs_err::write(app.join(std::ffi::OsStr::from_bytes(b"latin-\xe9")), "x").unwrap();
    fs_err::write(app.join("n".repeat(255)), "x").unwrap();
    build.export(&[]).succeeded();
    build.image();
}

#[test]
fn a_full_disk_leaves_the_old_image_and_no_leftovers() {
    let build = Build::new();
    build.export(&[]).succeeded();
    let (image, files) = (build.image(), files(&build));
    build.scratch.write("app/big", &"0123456789abcdef ".repeat(100_000).chars().rev().collect::<String>());
    fs_err::write(build.path("app/noise"), noise(400_000)).unwrap();
    let command = build.command(&[]);
    let mut limited = Command::new("sh");
    // A write beyond the limit fails as on a full disk, once the signal that goes with it is ignored.
    limited.arg("-c").arg("trap '' XFSZ; ulimit -f 100; exec \"$@\"").arg("sh");
    limited.arg(command.get_program()).args(command.get_args()).arg(IMAGE).env_clear();
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outcome(&mut limited).failed(62, &["layout"]);
    assert_eq!(build.image().identifier, image.identifier);
    assert_eq!(self::files(&build), files);
}

#[test]
fn a_killed_export_leaves_the_old_image_or_the_new_one() {
    let build = Build::new();
    build.export(&[]).succeeded();
    fs_err::write(build.path("app/noise"), noise(3_000_000)).unwrap();
    for round in 0..30 {
        build.scratch.write("app/server.js", &format!("serve({round})\n"));
        let mut child =
            build.command(&[]).arg(IMAGE).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Whenever it hits, what is asserted has to hold; the times only spread the hits.
        std::thread::sleep(Duration::from_millis(round * 4));
        child.kill().unwrap();
        child.wait().unwrap();
        build.image();
    }
    build.export(&[]).succeeded();
    build.image();
}

/// Bytes that do not compress.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// All files of the images.
fn files(build: &Build) -> Vec<std::path::PathBuf> {
    fn below(directory: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in fs_err::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { below(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    below(&build.path("layout"), &mut found);
    found.sort();
    found
}
