//! An image's directories, and the launcher run on them.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The directories of an image: `layers` and `app`.
pub(crate) struct Image {
    root: TempDir,
}

impl Image {
    /// An image whose `metadata.toml` has the given text behind one buildpack, `test/bp` of API 0.12.
    pub(crate) fn new(metadata: &str) -> Self {
        let buildpack = "[[buildpacks]]\nid = 'test/bp'\nversion = '1'\napi = '0.12'\n";
        let image = Self::bare();
        image.write("layers/config/metadata.toml", format!("{buildpack}{metadata}"));
        image
    }

    /// An image with an app directory and nothing else.
    pub(crate) fn bare() -> Self {
        let image = Self { root: tempfile::tempdir().unwrap() };
        fs_err::create_dir_all(image.path("app")).unwrap();
        image
    }

    /// The absolute path of something in the image.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(relative)
    }

    /// Writes a file and the directories above it.
    pub(crate) fn write(&self, relative: impl AsRef<Path>, contents: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, contents).unwrap();
    }

    /// Writes an executable file.
    pub(crate) fn write_executable(&self, relative: impl AsRef<Path>, contents: impl AsRef<[u8]>) {
        self.write(relative.as_ref(), contents);
        let mode = std::fs::Permissions::from_mode(0o755);
        fs_err::set_permissions(self.path(relative), mode).unwrap();
    }

    /// The launcher by the name of a process, with nothing but what an image sets in its environment.
    pub(crate) fn launcher(&self, name: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_launcher"));
        command
            .arg0(name)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("CNB_PLATFORM_API", "0.15")
            .env("CNB_LAYERS_DIR", self.path("layers"))
            .env("CNB_APP_DIR", self.path("app"))
            .stdin(Stdio::null());
        command
    }

    /// Starts process `web` with the given arguments.
    pub(crate) fn web(&self, arguments: &[&str]) -> Output {
        self.launcher("/cnb/process/web").args(arguments).output().unwrap()
    }
}

/// Standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a launch that succeeded printed.
#[track_caller]
pub(crate) fn printed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    stdout(output)
}

/// Checks how a launch failed: exit status, and parts of what it says.
#[track_caller]
pub(crate) fn assert_fails(output: &Output, code: i32, parts: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for part in ["ERROR: launcher: "].iter().chain(parts) {
        assert!(message.contains(part), "'{part}' is not in: {message}");
    }
}
