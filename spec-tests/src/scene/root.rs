//! The root directory of a scene.
#![expect(clippy::expect_used, reason = "a set-up that fails ends the test")]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::container::Mount;
use crate::scene::{Scene, USER};
use crate::store::is_root;

/// Directories of a container, and whether they are the build image's user's.
const DIRECTORIES: [(&str, bool); 14] = [
    ("/cache", true),
    ("/cnb/build-config/env", false),
    ("/cnb/buildpacks", false),
    ("/cnb/extensions", false),
    ("/cnb/lifecycle", false),
    ("/dev", false),
    ("/etc", false),
    ("/home/user", true),
    ("/launch-cache", true),
    ("/layers", true),
    ("/layout-repo", true),
    ("/platform/env", false),
    ("/proc", false),
    ("/workspace", true),
];

/// The host's programs, by which buildpacks run.
const PROGRAMS: [&str; 5] = ["/usr", "/bin", "/sbin", "/lib", "/lib64"];

impl Scene<'_> {
    /// Makes the directories that each container has.
    pub(super) fn lay_out(&self) {
        fs_err::set_permissions(self.path("/"), PermissionsExt::from_mode(0o755)).expect("a root directory");
        for (directory, of_user) in DIRECTORIES {
            self.make_directory(directory);
            if of_user {
                self.give(directory, USER, USER);
            }
        }
        self.make_directory("/tmp");
        fs_err::set_permissions(self.path("/tmp"), PermissionsExt::from_mode(0o1777))
            .expect("a directory /tmp");
        for program in PROGRAMS {
            match fs_err::read_link(program) {
                Ok(target) => symlink(target, self.path(program)).expect("a link to programs"),
                Err(_) if Path::new(program).is_dir() => self.make_directory(program),
                Err(_) => {}
            }
        }
        self.write(
            "/etc/passwd",
            format!("root:x:0:0::/root:/bin/sh\nuser:x:{USER}:{USER}::/home/user:/bin/sh\n"),
        );
        self.write("/etc/group", format!("root:x:0:\nuser:x:{USER}:\n"));
        self.write("/etc/hosts", "127.0.0.1 localhost\n");
    }

    /// What is mounted in each container.
    pub(super) fn mounts(&self) -> Vec<Mount> {
        let is_directory =
            |path: &&&str| Path::new(path).symlink_metadata().is_ok_and(|found| found.is_dir());
        let bind =
            |source: &str, read_only| Mount::Bind { source: source.into(), target: source.into(), read_only };
        let mut mounts: Vec<_> =
            PROGRAMS.iter().filter(is_directory).map(|source| bind(source, true)).collect();
        mounts.extend([bind("/dev", false), bind("/proc", false)]);
        let source = self.stage.lifecycle.clone();
        mounts.push(Mount::Bind { source, target: "/cnb/lifecycle".into(), read_only: true });
        mounts
    }

    /// Where a path of the container is on the host.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    /// Makes a user the owner of something.
    pub(crate) fn give(&self, path: &str, user: u32, group: u32) {
        // For any other user than root there is but the one that the suite runs as.
        if is_root() {
            std::os::unix::fs::lchown(self.path(path), Some(user), Some(group)).expect("an owner");
        }
    }
}
