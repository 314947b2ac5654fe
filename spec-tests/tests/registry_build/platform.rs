//! The platform's side of a build: directories, a buildpack, the order and the executables.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_kit::{ImageFixture, Scratch, ScriptedBuildpack};

use crate::phase::Phase;

/// The build image's user and group.
pub(crate) const USER: u32 = 1000;

/// What `bin/build` says of a layer that it finds in `<layers>`, or has to make.
const BUILD: &str = r#"
cd "$1"
layer() {
  if [ -e "$1.toml" ]; then echo "$1: known"; else echo "$1: new"; mkdir -p "$1"; echo "made as $1" > "$1/file"; fi
  if [ -e "$1/file" ]; then echo "$1: at hand"; fi
  printf '[types]\n%s\n[metadata]\nmade = "once"\n' "$2" > "$1.toml"
}
layer launched 'launch = true'
layer cached 'cache = true'
layer both 'cache = true
launch = true
build = true'
printf '[[processes]]\ntype = "web"\ncommand = ["/bin/true"]\ndefault = true\n' > launch.toml
"#;

/// The environments that `bin/build` sees, its own and its parent's, as a layer.
const SEE: &str = r#"
mkdir -p seen
env > seen/build
cat "/proc/$PPID/environ" > seen/parent 2> /dev/null || true
printf '[types]\nlaunch = true\n' > seen.toml
"#;

/// The paths that phases are given: the flag, what it names, the phases that take it.
const PATHS: [(&str, &str, &str); 17] = [
    ("-analyzed", "layers/analyzed.toml", "analyzer detector restorer builder exporter"),
    ("-app", "app", "detector builder exporter creator"),
    ("-build-config", "build-config", "detector builder creator"),
    ("-buildpacks", "buildpacks", "detector builder creator"),
    ("-extensions", "extensions", "detector"),
    ("-generated", "layers/generated", "detector restorer"),
    ("-group", "layers/group.toml", "detector restorer builder exporter"),
    ("-launcher", "bin/launcher", "exporter creator"),
    ("-launcher-sbom", "sbom-of-launcher", "exporter creator"),
    ("-layers", "layers", "analyzer detector restorer builder exporter creator"),
    ("-order", "order.toml", "detector creator"),
    ("-plan", "layers/plan.toml", "detector builder"),
    ("-platform", "platform", "detector builder creator"),
    ("-project-metadata", "project-metadata.toml", "exporter creator"),
    ("-report", "reports/report.toml", "exporter creator rebaser"),
    ("-run", "run.toml", "analyzer detector restorer exporter creator"),
    ("-system", "system.toml", "detector creator"),
];

/// A platform with a buildpack that makes a layer of each kind.
pub(crate) struct Platform {
    scratch: Scratch,
}

impl Platform {
    /// None where there are no executables.
    pub(crate) fn new() -> Option<Self> {
        let lifecycle = lifecycle()?;
        let scratch = Scratch::new();
        // Build directories may be out of reach for another user. Another process makes the copy, so that no
        // child of this one holds it open when it is to be run.
        let copied = Command::new("cp").arg("-rL").arg(lifecycle).arg(scratch.path("bin")).status().unwrap();
        assert!(copied.success(), "the executables cannot be copied");
        scratch.write("order.toml", "[[order]]\n[[order.group]]\nid = 'of/tests'\nversion = '1.0.0'\n");
        scratch.write("app/page", "of the app");
        scratch.write("reports/empty", "");
        scratch.write("sbom-of-launcher/empty", "");
        let platform = Self { scratch };
        platform.install(&buildpack().build(BUILD));
        // The layers directory is left to the phases, which hand it over themselves.
        for name in ["", "app", "reports", "tmp"] {
            platform.hand_over(name);
        }
        Some(platform)
    }

    /// A platform whose buildpack leaves all it sees of its environment in image and app.
    pub(crate) fn that_is_looked_at() -> Option<Self> {
        let platform = Self::new()?;
        platform.install(&buildpack().detect("env > detected").build(&[BUILD, SEE].concat()));
        Some(platform)
    }

    fn install(&self, buildpack: &ScriptedBuildpack) {
        buildpack.install(&self.path("buildpacks"));
    }

    /// A phase, to be given what is left to tell.
    pub(crate) fn phase(&self, name: &'static str) -> Phase {
        let mut phase = Phase::new(name, self.path("bin").join(name), self.path("tmp"));
        for (flag, path, phases) in PATHS {
            if phases.split(' ').any(|phase| phase == name) {
                phase = phase.arg(flag).arg(self.path(path));
            }
        }
        phase
    }

    /// The next build's container, whose layers directory is empty.
    pub(crate) fn renew(&self) {
        for name in ["layers", "reports"] {
            fs_err::remove_dir_all(self.path(name)).unwrap();
            fs_err::create_dir(self.path(name)).unwrap();
        }
        self.hand_over("reports");
    }

    /// Makes the build image's user the owner of a directory.
    pub(crate) fn hand_over(&self, name: &str) {
        if is_root() {
            chown(self.path(name), Some(USER), Some(USER)).unwrap();
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.scratch.has(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        self.scratch.read(name)
    }

    pub(crate) fn write(&self, name: &str, contents: &str) {
        self.scratch.write(name, contents);
    }

    /// The value of a key in the last report.
    pub(crate) fn reported(&self, key: &str) -> String {
        let report = self.read("reports/report.toml");
        let line = report.lines().find_map(|line| line.trim_start().strip_prefix(key)?.strip_prefix(" = "));
        line.unwrap_or_else(|| panic!("{key}: {report}")).trim_matches('"').to_owned()
    }
}

fn buildpack() -> ScriptedBuildpack {
    ScriptedBuildpack::new("of/tests", "0.12")
}

/// The directory of executables; `make test` builds it. Without it there is nothing to test, which is an
/// error where everything has to be tested.
pub(crate) fn lifecycle() -> Option<PathBuf> {
    let directory = std::env::var_os("LIFECYCLE_DIR").map(PathBuf::from);
    if directory.is_none() {
        assert!(std::env::var_os("CI").is_none(), "LIFECYCLE_DIR must name the executables");
        eprintln!("SKIPPED: LIFECYCLE_DIR does not name the executables; run `make test`");
    }
    directory
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A run image.
pub(crate) fn run_image(content: &str) -> ImageFixture {
    let os_release = "ID=linux-of-tests\nVERSION_ID=7\n";
    ImageFixture { docker: true, ..ImageFixture::default() }
        .layer(&[("etc/", ""), ("etc/os-release", os_release)])
        .layer(&[("usr/", ""), ("usr/content", content)])
}

/// All files below a directory.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.symlink_metadata().unwrap() {
            metadata if metadata.is_dir() => found.extend(files(&path)),
            metadata if metadata.is_file() => found.push(path),
            _ => {}
        }
    }
    found
}
