//! What the tests of the executable share.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use tempfile::TempDir;

/// The executable under test.
pub(crate) const CNB: &str = env!("CARGO_BIN_EXE_cnb");

/// An ordinary user, who owns nothing.
const ORDINARY: u32 = 12_345;

/// Programs that the root file systems of tests have.
const PROGRAMS: [&str; 6] = ["sh", "cat", "id", "ls", "readlink", "sleep"];

/// A layout directory, a place for temporary files, and room for what a test needs.
pub(crate) struct Workspace {
    root: TempDir,
}

/// How containers are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// By root, with what the kernel offers.
    Root,
    /// By root, with an OCI runtime that is installed.
    Runtime,
    /// By an ordinary user.
    User,
}

impl Mode {
    /// All that this machine and user allow. What they don't is told, and is an error in CI.
    pub(crate) fn all() -> Vec<Self> {
        let is_root = nix::unistd::geteuid().is_root();
        let mut modes = Vec::new();
        let mut add = |mode, allowed: bool| {
            if allowed {
                modes.push(mode);
            } else {
                assert!(std::env::var_os("CI").is_none(), "cannot test containers run by {mode:?} here");
                eprintln!("SKIPPED: containers run by {mode:?}, which this machine does not allow");
            }
        };
        if is_root {
            add(Self::Root, Command::new("unshare").args(["--mount", "true"]).status().unwrap().success());
        }
        let mut probe = Command::new("unshare");
        as_ordinary_user(&mut probe);
        add(Self::User, probe.args(["--user", "--map-root-user", "true"]).status().unwrap().success());
        // Not asked for, so not missed where it isn't.
        if is_root && ["runc", "crun"].iter().any(|name| which(name).is_some()) {
            modes.push(Self::Runtime);
        }
        modes
    }
}

impl Workspace {
    pub(crate) fn new() -> Self {
        heed_interrupts();
        let root = tempfile::tempdir().unwrap();
        let everybody = PermissionsExt::from_mode(0o755);
        fs_err::set_permissions(root.path(), everybody).unwrap();
        let workspace = Self { root };
        fs_err::create_dir(workspace.path("tmp")).unwrap();
        fs_err::set_permissions(workspace.path("tmp"), PermissionsExt::from_mode(0o1777)).unwrap();
        workspace
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn layout_dir(&self) -> PathBuf {
        self.path("layout")
    }

    /// Where the image of a reference like `localhost/name` is.
    pub(crate) fn image_dir(&self, reference: &str) -> PathBuf {
        self.layout_dir().join(reference).join("latest")
    }

    /// `cnb SUBCOMMAND… --layout-dir DIR`, without the variables of the tests' own environment.
    pub(crate) fn cnb(&self, subcommand: &[&str]) -> Command {
        let mut command = Command::new(CNB);
        command.args(subcommand).arg("--layout-dir").arg(self.layout_dir());
        command.env_clear().env("TMPDIR", self.path("tmp"));
        command
    }

    /// `cnb run --layout-dir DIR`, as the mode has it.
    pub(crate) fn run(&self, mode: Mode) -> Command {
        let mut command = self.cnb(&["run"]);
        match mode {
            Mode::Runtime => _ = command.env("PATH", std::env::var_os("PATH").unwrap()),
            Mode::User if nix::unistd::geteuid().is_root() => {
                // The build directory may be closed to others.
                let copy = self.path("cnb");
                if !copy.exists() {
                    // By another program: a file that this one has open for writing, maybe in a child that
                    // another thread starts meanwhile, cannot be executed.
                    assert!(Command::new("cp").arg(CNB).arg(&copy).status().unwrap().success());
                }
                let arguments: Vec<_> = command.get_args().map(std::ffi::OsStr::to_owned).collect();
                command = Command::new(copy);
                command.args(arguments).env_clear().env("TMPDIR", self.path("tmp"));
                as_ordinary_user(&mut command);
            }
            Mode::Root | Mode::User => {}
        }
        command
    }

    /// As [`Self::run`], started by a shell that has done something before.
    pub(crate) fn run_after(&self, mode: Mode, script: &str) -> Command {
        let run = self.run(mode);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("{script}; exec \"$@\""), "sh"]);
        command.arg(run.get_program()).args(run.get_args());
        command.env_clear().envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if mode == Mode::User {
            as_ordinary_user(&mut command);
        }
        command
    }

    /// Whether nothing is left of what was unpacked.
    pub(crate) fn is_clean(&self) -> bool {
        fs_err::read_dir(self.path("tmp")).unwrap().next().is_none()
    }

    /// A root file system with a shell and a few programs, copied from this machine.
    pub(crate) fn shell_rootfs(&self) -> PathBuf {
        let rootfs = self.path("rootfs");
        for directory in ["bin", "etc", "tmp"] {
            fs_err::create_dir_all(rootfs.join(directory)).unwrap();
        }
        for name in PROGRAMS {
            let program = which(name).unwrap();
            fs_err::copy(&program, rootfs.join("bin").join(name)).unwrap();
            for library in test_kit::libraries(&program) {
                let copy = rootfs.join(library.strip_prefix("/").unwrap());
                fs_err::create_dir_all(copy.parent().unwrap()).unwrap();
                fs_err::copy(library, copy).unwrap();
            }
        }
        let passwd = "root:x:0:0:root:/root:/bin/sh\ncnb:x:1000:1001::/home/cnb:/bin/sh\n";
        fs_err::write(rootfs.join("etc/passwd"), passwd).unwrap();
        rootfs
    }

    /// Makes the image `localhost/shell` of [`Self::shell_rootfs`], whose processes run as a user.
    pub(crate) fn shell_image(&self, user: &str) {
        let mut command = self.cnb(&["image", "create"]);
        command.arg("--rootfs").arg(self.shell_rootfs()).args(["--user", user]);
        let output = command.arg("localhost/shell").output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

/// Lets an ordinary user run a command, unless one runs these tests.
pub(crate) fn as_ordinary_user(command: &mut Command) {
    if nix::unistd::geteuid().is_root() {
        command.uid(ORDINARY).gid(ORDINARY);
    }
}

/// The archive of a root file system's layer.
pub(crate) fn archive(rootfs: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    layer::LayerSource::root_file_system("base", rootfs).write_uncompressed(&mut bytes).unwrap();
    bytes
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap();
    let found =
        std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file());
    found.map(|file| fs_err::canonicalize(file).unwrap())
}

/// Heeds SIGINT, and so do the programs started from here, even if the tests run in the background of a shell,
/// which ignores it there.
fn heed_interrupts() {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action is no function that could do wrong, and there is no other handler.
    #[expect(unsafe_code, reason = "the only way to undo what the shell did")]
    unsafe { sigaction(Signal::SIGINT, &default) }.unwrap();
}
