//! The executable: statuses, messages and what it leaves.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use test_kit::ImageFixture;

struct Workspace {
    dir: TempDir,
}

struct Outcome {
    status: i32,
    stdout: String,
    stderr: String,
    analyzed: Option<String>,
}

impl Workspace {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["layers", "layout"] {
            fs_err::create_dir(dir.path().join(name)).unwrap();
        }
        let run_image = dir.path().join("layout/r.example/run/base");
        ImageFixture::default().label("io.buildpacks.base.distro.name", "acme").write(&run_image);
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs the analyzer as its own user; layout images are allowed.
    fn run(&self, api: &str, arguments: &[&str]) -> Outcome {
        self.run_with(api, &[], arguments)
    }

    /// The same, with further variables.
    fn run_with(&self, api: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Outcome {
        let output = Command::new(env!("CARGO_BIN_EXE_analyzer"))
            .env_clear()
            .env("CNB_PLATFORM_API", api)
            .env("CNB_EXPERIMENTAL_MODE", "silent")
            .env("CNB_LAYERS_DIR", self.path("layers"))
            .envs(variables.iter().copied())
            .args(arguments)
            .output()
            .unwrap();
        Outcome {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            analyzed: fs_err::read_to_string(self.path("layers/analyzed.toml")).ok(),
        }
    }

    fn run_with_layout(&self, arguments: &[&str]) -> Outcome {
        let layout = self.path("layout");
        let layout = ["-layout", "-layout-dir", layout.to_str().unwrap()];
        self.run("0.12", &[&layout, arguments].concat())
    }

    fn file(&self, name: &str, text: &str) -> String {
        fs_err::write(self.path(name), text).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }
}

fn is_empty(dir: &Path) -> bool {
    fs_err::read_dir(dir).unwrap().count() == 0
}

#[test]
fn a_run_image_is_chosen_and_told() {
    let workspace = Workspace::new();
    let run = workspace
        .file("run.toml", "[[images]]\nimage = \"x.example/run\"\nmirrors = [\"r.example/run:base\"]\n");
    let outcome = workspace.run_with_layout(&["-run", &run, "-tag", "r.example/app:v2", "r.example/app"]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("Using run image 'r.example/run:base'"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("it is in the app image's registry 'r.example'"), "{}", outcome.stdout);
    let analyzed = outcome.analyzed.unwrap();
    assert!(analyzed.contains("r.example/run/base@sha256:"), "{analyzed}");
    assert!(analyzed.contains("name = \"acme\""), "{analyzed}");
}

#[test]
fn inputs_that_cannot_be_used_end_with_3() {
    let workspace = Workspace::new();
    let malformed = workspace.file("malformed.toml", "[[images]]\nimage = 3\n");
    let empty = workspace.file("empty.toml", "");
    let nowhere = workspace.path("nowhere.toml");
    let nowhere = nowhere.to_str().unwrap();
    let run = ["-run-image", "r.example/run:base"];
    for (arguments, message) in [
        (vec!["-run", &malformed, "r.example/app"], "line 2, column 9"),
        (vec!["-run", &empty, "r.example/app"], "no run image is named"),
        (vec!["-run", nowhere, "r.example/app"], nowhere),
        ([&run[..], &["UPPER/case::x"]].concat(), "'UPPER/case::x' is not an image reference"),
        ([&run[..], &["-tag", "s.example/app", "r.example/app"]].concat(), "different registries"),
        ([&run[..], &["-tag", "r.example/A", "r.example/app"]].concat(), "'r.example/A'"),
        ([&run[..], &["-previous-image", "r.example/A", "r.example/app"]].concat(), "'r.example/A'"),
        (vec!["-run-image", "r.example/A", "r.example/app"], "'r.example/A'"),
    ] {
        let outcome = workspace.run_with_layout(&arguments);
        assert_eq!(outcome.status, 3, "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(message), "{arguments:?}: {}", outcome.stderr);
        assert_eq!(outcome.analyzed, None);
    }
}

#[test]
fn images_this_build_cannot_reach_end_with_32() {
    let workspace = Workspace::new();
    let run = ["-run-image", "r.example/run:base"];
    for (arguments, message) in [
        (vec!["127.0.0.1:1/app"], "'127.0.0.1:1' cannot be reached"),
        (vec!["-cache-image", "127.0.0.1:1/cache", "127.0.0.1:1/app"], "'127.0.0.1:1/cache:latest'"),
    ] {
        let outcome = workspace.run("0.13", &[&run[..], &arguments].concat());
        assert_eq!(outcome.status, 32, "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(message), "{arguments:?}: {}", outcome.stderr);
        assert_eq!(outcome.analyzed, None);
    }
    assert!(is_empty(&workspace.path("layers")));
}

#[test]
fn a_container_engine_that_is_not_there_is_told_by_its_socket() {
    let workspace = Workspace::new();
    let socket = workspace.path("docker.sock");
    let host = format!("unix://{}", socket.display());
    let arguments = ["-daemon", "-run-image", "r.example/run:base", "r.example/app"];
    for host in [host, "tcp://127.0.0.1:1".to_owned(), "ssh://host".to_owned()] {
        let outcome = workspace.run_with("0.13", &[("DOCKER_HOST", &host)], &arguments);
        assert_eq!(outcome.status, 32, "{}", outcome.stderr);
        let named = host.split("://").nth(1).unwrap();
        assert!(outcome.stderr.contains(named), "{}", outcome.stderr);
        assert_eq!(outcome.analyzed, None);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_by_path() {
    let workspace = Workspace::new();
    let blocked = workspace.file("blocked", "a file") + "/analyzed.toml";
    let outcome = workspace.run_with_layout(&[
        "-analyzed",
        &blocked,
        "-run-image",
        "r.example/run:base",
        "r.example/app",
    ]);
    assert_eq!(outcome.status, 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("blocked"), "{}", outcome.stderr);
}

#[test]
fn older_platforms_offer_run_images_in_stack_toml() {
    let workspace = Workspace::new();
    let stack = workspace.file("stack.toml", "[run-image]\nimage = 3\n");
    let outcome = workspace.run("0.11", &["-stack", &stack, "r.example/app"]);
    assert_eq!(outcome.status, 3, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("stack.toml") && outcome.stderr.contains("line 2"), "{}", outcome.stderr);
}
