//! Who phases run as, what they do to volumes, and what they say of volumes that are not theirs.
//! Spec: platform.md § Build Image, § Security Considerations.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and tells of a skip"
)]

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_kit::{ImageFixture, Scratch, ScriptedBuildpack};

/// The user that phases are to run as; nobody has this id.
const USER: u32 = 4321;

const BUILD: &str = "
mkdir \"$CNB_LAYERS_DIR/deps\"
printf '[types]\\nlaunch = true\\ncache = true\\n' > \"$CNB_LAYERS_DIR/deps.toml\"
id -u > \"$CNB_LAYERS_DIR/deps/user\"
";

/// A platform's volumes: root's, and for others only to read.
struct Platform {
    lifecycle: PathBuf,
    scratch: Scratch,
}

/// How a phase is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    Root,
    User,
}

impl Platform {
    fn new() -> Option<Self> {
        let Some(lifecycle) = std::env::var_os("LIFECYCLE_DIR").map(PathBuf::from) else {
            assert!(std::env::var_os("CI").is_none(), "LIFECYCLE_DIR must name the executables");
            eprintln!("SKIPPED: LIFECYCLE_DIR does not name the static executables; run `make test`");
            return None;
        };
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: who phases run as is tested by root only");
            return None;
        }
        let scratch = Scratch::new();
        scratch.detected(&[ScriptedBuildpack::new("acme/web", "0.10").build(BUILD)]);
        scratch.write("order.toml", "[[order]]\n[[order.group]]\nid = 'acme/web'\nversion = '1.0.0'\n");
        scratch.write("run.toml", "[[images]]\nimage = 'r.example/run:1'\n");
        scratch.write("app/server", "serve\n");
        for name in ["cache", "layout/r.example/run/1"] {
            fs_err::create_dir_all(scratch.path(name)).unwrap();
        }
        let base = ImageFixture::default().layer(&[("etc/os", "base")]);
        base.label("io.buildpacks.base.distro.name", "tests").write(&scratch.path("layout/r.example/run/1"));
        let platform = Self { lifecycle, scratch };
        platform.mode("", 0o755);
        for name in ["tmp", "layout"] {
            platform.give(name, USER);
        }
        Some(platform)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    fn mode(&self, name: &str, mode: u32) {
        fs_err::set_permissions(self.path(name), PermissionsExt::from_mode(mode)).unwrap();
    }

    /// Makes a user the owner of all that is in a directory.
    fn give(&self, name: &str, user: u32) {
        visit(&self.path(name), &|path| chown(path, Some(user), Some(user)).unwrap());
    }

    fn owner(&self, name: &str) -> (u32, u32) {
        let metadata = fs_err::metadata(self.path(name)).unwrap();
        (metadata.uid(), metadata.gid())
    }

    /// Runs a phase as a platform does; its status and what it said.
    fn run(&self, phase: &str, user: As, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(self.lifecycle.join(phase));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("TMPDIR", self.path("tmp"))
            .env("CNB_PLATFORM_API", "0.12")
            .env("CNB_EXPERIMENTAL_MODE", "silent")
            .env("CNB_USE_LAYOUT", "true")
            .env("CNB_LAYOUT_DIR", self.path("layout"))
            .env("CNB_APP_DIR", self.path("app"))
            .env("CNB_LAYERS_DIR", self.path("layers"))
            .env("CNB_CACHE_DIR", self.path("cache"))
            .env("CNB_PLATFORM_DIR", self.path("platform"))
            .env("CNB_BUILDPACKS_DIR", self.path("buildpacks"))
            .env("CNB_BUILD_CONFIG_DIR", self.path("build-config"))
            .env("CNB_ORDER_PATH", self.path("order.toml"))
            .env("CNB_RUN_PATH", self.path("run.toml"))
            .current_dir("/");
        if matches!(phase, "exporter" | "creator") {
            command.arg("-launcher").arg(self.lifecycle.join("launcher"));
        }
        if user == As::User {
            command.uid(USER).gid(USER);
        }
        command.args(arguments);
        if matches!(phase, "analyzer" | "exporter" | "creator") {
            command.arg("r.example/app:1");
        }
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (output.status.code(), text)
    }

    #[track_caller]
    fn succeeds(&self, phase: &str, user: As, arguments: &[&str]) {
        let (status, text) = self.run(phase, user, arguments);
        assert_eq!(status, Some(0), "{phase}: {text}");
    }
}

/// Shows `action` a path and all below it.
fn visit(path: &Path, action: &dyn Fn(&Path)) {
    action(path);
    if path.is_dir() {
        for entry in fs_err::read_dir(path).unwrap() {
            visit(&entry.unwrap().path(), action);
        }
    }
}

const IDS: [&str; 4] = ["-uid", "4321", "-gid", "4321"];

#[test]
fn phases_started_as_root_hand_volumes_over_and_become_the_user() {
    let Some(platform) = Platform::new() else { return };
    platform.succeeds("analyzer", As::Root, &IDS);
    assert_eq!(platform.owner("layers"), (USER, USER));
    assert_eq!(platform.owner("layers/group.toml"), (USER, USER), "what is in a volume is handed over too");
    assert_eq!(platform.owner("layers/analyzed.toml"), (USER, USER));
    platform.succeeds("detector", As::User, &[]);
    platform.succeeds("restorer", As::Root, &IDS);
    assert_eq!(platform.owner("cache"), (USER, USER));
    platform.succeeds("builder", As::User, &[]);
    platform.give("cache", 0);
    platform.succeeds("exporter", As::Root, &IDS);
    for written in ["layers/report.toml", "cache/committed", "layout/r.example/app/1/index.json"] {
        assert_eq!(platform.owner(written), (USER, USER), "{written}");
    }
    // The volumes are the user's now, so that nothing is left to do for root.
    for phase in ["analyzer", "restorer", "builder", "exporter"] {
        platform.succeeds(phase, As::User, &[]);
    }
}

#[test]
fn a_creator_started_as_root_runs_buildpacks_as_the_user() {
    let Some(platform) = Platform::new() else { return };
    platform.succeeds("creator", As::Root, &IDS);
    assert_eq!(platform.scratch.read("layers/acme_web/deps/user").trim(), "4321");
    for written in ["layers/report.toml", "cache/committed", "layers/acme_web/deps"] {
        assert_eq!(platform.owner(written), (USER, USER), "{written}");
    }
}

#[test]
fn phases_started_as_any_user_leave_owners_alone() {
    let Some(platform) = Platform::new() else { return };
    visit(&platform.path("layers"), &|path| {
        fs_err::set_permissions(path, PermissionsExt::from_mode(0o777)).unwrap();
    });
    platform.mode("cache", 0o777);
    // Whatever user the platform thinks it has to become.
    for phase in ["analyzer", "restorer", "exporter"] {
        if phase == "restorer" {
            platform.succeeds("detector", As::User, &[]);
        }
        if phase == "exporter" {
            platform.succeeds("builder", As::User, &[]);
        }
        platform.succeeds(phase, As::User, &["-uid", "1000", "-gid", "1000"]);
    }
    platform.succeeds("creator", As::User, &["-uid", "1000", "-gid", "1000"]);
    assert_eq!((platform.owner("layers"), platform.owner("cache")), ((0, 0), (0, 0)));
    assert_eq!(platform.owner("layers/report.toml"), (USER, USER));
}

#[test]
fn phases_that_run_buildpacks_refuse_root() {
    let Some(platform) = Platform::new() else { return };
    for phase in ["detector", "builder"] {
        let (status, text) = platform.run(phase, As::Root, &[]);
        let is_told = text.contains("as root") && text.contains("CNB_USER_ID");
        assert!(status == Some(1) && is_told, "{phase}: {status:?}: {text}");
    }
}

#[test]
fn a_volume_of_another_owner_is_told_with_owner_and_user() {
    let Some(platform) = Platform::new() else { return };
    for volume in ["layers", "cache"] {
        platform.give(volume, USER);
    }
    platform.succeeds("creator", As::User, &[]);
    for (phase, volume, mode) in [
        ("analyzer", "layers", 0o755),
        ("detector", "layers", 0o755),
        ("detector", "buildpacks", 0o700),
        ("restorer", "layers", 0o755),
        ("restorer", "cache", 0o700),
        ("builder", "layers", 0o700),
        ("exporter", "layers", 0o700),
        ("exporter", "app", 0o700),
        ("exporter", "cache", 0o700),
        ("exporter", "layout", 0o700),
        ("creator", "layers", 0o755),
        ("creator", "cache", 0o700),
    ] {
        let (before, path) = (fs_err::metadata(platform.path(volume)).unwrap(), platform.path(volume));
        chown(&path, Some(0), Some(7)).unwrap();
        platform.mode(volume, mode);
        let (status, text) = platform.run(phase, As::User, &[]);
        let owner = format!("'{}', which belongs to user 0, group 7 with mode {mode:04o}", path.display());
        let hint = owner.replace("', which belongs", "' belongs");
        let is_told = (text.contains(&owner) || text.contains(&hint)) && text.contains("user 4321");
        assert!(status != Some(0) && is_told, "{phase}, {volume}: {status:?}: {text}");
        chown(&path, Some(before.uid()), Some(before.gid())).unwrap();
        platform.mode(volume, before.mode() & 0o777);
    }
}
