//! The directories that the phases of one build share, in a temporary place.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a helper that fails fails the test")]

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ScriptedBuildpack;

/// The user that phases run as when the tests run as root, which phases refuse.
const NOBODY: u32 = 65534;

/// A temporary directory with `app`, `layers`, `platform`, `buildpacks`, `build-config` and `tmp` in it; gone
/// when dropped.
#[derive(Debug)]
pub struct Scratch {
    directory: tempfile::TempDir,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Scratch {
    /// Makes the directories, all but `app`, `layers` and `tmp` without contents of use.
    #[must_use]
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["app", "layers", "platform", "buildpacks", "build-config", "tmp"] {
            fs_err::create_dir(directory.path().join(name)).unwrap();
        }
        Self { directory }
    }

    /// The path of something below the scratch directory, whether it exists or not.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Whether something exists, be it a dangling link.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    /// Writes a file, with the directories above it.
    pub fn write(&self, name: &str, contents: &str) {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, contents).unwrap();
    }

    /// The text of a file.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap()
    }

    /// Installs buildpacks and makes them the detected group, `layers/group.toml`, with an empty plan.
    pub fn detected(&self, buildpacks: &[ScriptedBuildpack]) {
        let mut group = String::new();
        for buildpack in buildpacks {
            buildpack.install(&self.path("buildpacks"));
            group.push_str(&buildpack.group_entry());
        }
        self.write("layers/group.toml", &group);
        self.write("layers/plan.toml", "");
    }

    /// A command that runs a phase's executable on the scratch directories: environment cleared but for
    /// `PATH`, `TMPDIR` and the Platform API, never as root.
    #[must_use]
    pub fn phase(&self, executable: &Path, platform_api: &str) -> Command {
        // Build directories may be out of reach for another user. Another process makes the copy, so that no
        // child of this one holds it open when it is to be run.
        let copy = self.path("tmp").join(executable.file_name().unwrap());
        assert!(Command::new("cp").arg(executable).arg(&copy).status().unwrap().success());
        let mut command = Command::new(copy);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("TMPDIR", self.path("tmp"))
            .env("CNB_PLATFORM_API", platform_api)
            .env("CNB_APP_DIR", self.path("app"))
            .env("CNB_LAYERS_DIR", self.path("layers"))
            .env("CNB_PLATFORM_DIR", self.path("platform"))
            .env("CNB_BUILDPACKS_DIR", self.path("buildpacks"))
            .env("CNB_BUILD_CONFIG_DIR", self.path("build-config"))
            .current_dir(self.directory.path());
        if rustix::process::geteuid().is_root() {
            hand_over(self.directory.path());
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

/// Lets every user do anything in a directory.
fn hand_over(directory: &Path) {
    let metadata = fs_err::symlink_metadata(directory).unwrap();
    if metadata.is_symlink() {
        return;
    }
    let mode = metadata.permissions().mode();
    let opened = if metadata.is_dir() { 0o777 } else { mode | 0o666 };
    fs_err::set_permissions(directory, PermissionsExt::from_mode(opened)).unwrap();
    if metadata.is_dir() {
        for entry in fs_err::read_dir(directory).unwrap() {
            hand_over(&entry.unwrap().path());
        }
    }
}
