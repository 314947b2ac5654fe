//! The builder and the lifecycle's image, made of the packages as builder authors make them.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use test_engine::TestEngine;
use test_kit::{Scratch, ScriptedBuildpack, has_program};

/// The build image's user and group.
pub(crate) const USER: u32 = 1000;

/// A layer of each kind, and what is known of those of the build before.
const BUILD: &str = "
cd \"$CNB_LAYERS_DIR\"
layer() {
  if [ -e \"$1/text\" ]; then echo \"$1: at hand\"; elif [ -e \"$1.toml\" ]; then echo \"$1: known\"; fi
  mkdir -p \"$1\"
  echo \"made as $1\" > \"$1/text\"
  printf '[types]\\n%s\\n' \"$2\" > \"$1.toml\"
}
layer both 'launch = true
cache = true'
layer launched 'launch = true'
mkdir -p launched/env.launch
printf layer > launched/env.launch/ORIGIN
echo \"the platform's SETTING: $SETTING\"
cat > launch.toml <<END
[[processes]]
type = 'web'
command = ['/bin/cat', '$CNB_LAYERS_DIR/both/text']
default = true
[[processes]]
type = 'origin'
command = ['/bin/sh', '-c', 'echo from \\$ORIGIN with \\$EXTRA']
END
echo '{}' > launch.sbom.cdx.json
";

/// Images in an engine, and the directory that they were made in.
#[derive(Debug)]
pub(crate) struct Images {
    pub(crate) engine: &'static TestEngine,
    pub(crate) scratch: Scratch,
    pub(crate) builder: &'static str,
    pub(crate) lifecycle: &'static str,
    pub(crate) run: &'static str,
}

impl Images {
    /// Makes the packages and the images; none where that is not possible, which
    /// is told, and an error where everything has to be tested.
    pub(crate) fn new() -> Option<Self> {
        let Some(executables) = std::env::var_os("LIFECYCLE_DIR").map(PathBuf::from) else {
            assert!(std::env::var_os("CI").is_none(), "LIFECYCLE_DIR must name the executables");
            eprintln!("SKIPPED: LIFECYCLE_DIR does not name the static executables; run `make test`");
            return None;
        };
        let engine = TestEngine::shared()?;
        if !has_program("skopeo") {
            return None;
        }
        let (run, build) = ("of-tests/run:1", "of-tests/build:1");
        let label = "LABEL io.buildpacks.base.distro.name=tests";
        engine.import_runnable(run, &[], &["ENV PATH=/bin", "USER 1001:1000", label]);
        engine.import_runnable(build, &[Path::new("/bin/mkdir")], &["ENV PATH=/bin", label]);
        let probe = ["run", "--rm", "--network", "none", run, "/bin/cat", "/dev/null"];
        if let (false, text) = engine.try_docker(&probe) {
            assert!(std::env::var_os("CI").is_none(), "no container runs: {text}");
            eprintln!("SKIPPED: containers cannot run here: {text}");
            return None;
        }
        let images = Self {
            engine,
            scratch: Scratch::new(),
            builder: "of-tests/builder:1",
            lifecycle: "of-tests/lifecycle:1",
            run,
        };
        images.make_packages(&executables);
        images.make_builder(build);
        images.load_lifecycle();
        Some(images)
    }

    fn make_packages(&self, executables: &Path) {
        let entries = fs_err::read_dir(executables).unwrap().map(|entry| entry.unwrap().file_name());
        let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        succeed(
            Command::new(env!("CARGO_BIN_EXE_package"))
                .args(["--workspace", concat!(env!("CARGO_MANIFEST_DIR"), "/../..")])
                .arg("--output")
                .arg(self.scratch.path("packages"))
                .args(["--executables", &format!("{target}={}", executables.display())])
                // Of the platform's tools, not of the lifecycle.
                .args(entries.filter(|name| name != "cnb")),
        );
    }

    /// The one package whose name ends so.
    fn package(&self, end: &str) -> PathBuf {
        let mut entries =
            fs_err::read_dir(self.scratch.path("packages")).unwrap().map(|entry| entry.unwrap().path());
        entries.find(|path| path.to_string_lossy().ends_with(end)).unwrap()
    }

    /// Lays out what a builder has on top of its build image, and adds it.
    fn make_builder(&self, build: &str) {
        let root = self.scratch.path("root");
        self.scratch
            .write("root/cnb/order.toml", "[[order]]\n[[order.group]]\nid = 'of/tests'\nversion = '1.0.0'\n");
        self.scratch.write("root/cnb/run.toml", &self.run_images());
        ScriptedBuildpack::new("of/tests", "0.10")
            .key("sbom-formats = ['application/vnd.cyclonedx+json']")
            .build(BUILD)
            .install(&root.join("cnb/buildpacks"));
        succeed(
            Command::new("tar")
                .arg("-xzf")
                .arg(self.package(".tgz"))
                .arg("-C")
                .arg(root.join("cnb"))
                .arg("lifecycle"),
        );
        // Phases are started as root by name.
        self.scratch.write("root/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
        self.scratch.write("root/platform/env/SETTING", "of the platform");
        for name in ["layers", "workspace"] {
            fs_err::create_dir(root.join(name)).unwrap();
            chown(root.join(name), Some(USER), Some(USER)).unwrap();
        }
        succeed(Command::new("chmod").args(["-R", "a+rX"]).arg(&root));
        fs_err::create_dir(root.join("tmp")).unwrap();
        fs_err::set_permissions(root.join("tmp"), PermissionsExt::from_mode(0o1777)).unwrap();
        let id = self.engine.docker(&["create", build, "/bin/cat"]);
        self.engine.docker(&["cp", &format!("{}/.", root.display()), &format!("{id}:/")]);
        let user = format!("USER {USER}:{USER}");
        let variables = format!("ENV CNB_USER_ID={USER} CNB_GROUP_ID={USER}");
        let changes = ["--change", &user, "--change", &variables, "--change", "WORKDIR /layers"];
        self.engine.docker(&[&["commit"], &changes[..], &[&id, self.builder]].concat());
        self.engine.docker(&["rm", &id]);
    }

    fn load_lifecycle(&self) {
        let layout = self.package("-image");
        let version =
            layout.file_name().unwrap().to_string_lossy().replace("lifecycle-v", "").replace("-image", "");
        let archive = self.scratch.path("lifecycle.tar");
        succeed(
            Command::new("skopeo")
                .args(["--insecure-policy", "copy", &format!("oci:{}:{version}", layout.display())])
                .arg(format!("docker-archive:{}:{}", archive.display(), self.lifecycle)),
        );
        self.engine.docker(&["load", "--quiet", "--input", &archive.display().to_string()]);
    }

    /// The contents of `run.toml`.
    pub(crate) fn run_images(&self) -> String {
        format!("[[images]]\nimage = '{}'\n", self.run)
    }
}

/// Runs a program that has to succeed.
#[track_caller]
fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Gives a directory and all in it to the build image's user, readable for all.
pub(crate) fn hand_over(directory: &Path) {
    fs_err::set_permissions(directory, PermissionsExt::from_mode(0o755)).unwrap();
    for entry in fs_err::read_dir(directory).unwrap() {
        chown(entry.unwrap().path(), Some(USER), Some(USER)).unwrap();
    }
    chown(directory, Some(USER), Some(USER)).unwrap();
}
