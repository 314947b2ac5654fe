//! The executable: inputs, exit statuses, messages. Spec: platform.md § restorer.

use std::process::{Command, Output};

use crate::build::Build;

const GROUP: &str = "[[group]]\nid = 'acme/web'\nversion = '2'\napi = '0.10'\n";

/// The restorer of a build with the group above, an `analyzed.toml` and a cached layer `c`.
struct Run {
    build: Build,
    command: Command,
}

impl Run {
    fn new(api: &str) -> Self {
        let mut build = Build::new();
        build.cached("c", "c");
        let _ = build.cache();
        build.scratch.write("layers/group.toml", GROUP);
        build.scratch.write("layers/analyzed.toml", "[run-image]\nreference = 'some/run@x'\n");
        let mut command = Command::new(env!("CARGO_BIN_EXE_restorer"));
        command.env_clear().env("CNB_PLATFORM_API", api).arg("-layers").arg(build.scratch.path("layers"));
        Self { build, command }
    }

    fn with_cache(mut self) -> Self {
        self.command.arg("-cache-dir").arg(self.build.scratch.path("cache"));
        self
    }

    fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    /// Runs to the given exit status; standard output and standard error.
    fn ends_with(&mut self, status: i32) -> (String, String) {
        let Output { status: found, stdout, stderr } = self.command.output().unwrap();
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!(found.code(), Some(status), "{stdout}{stderr}");
        (stdout, stderr)
    }
}

#[test]
fn it_restores_and_says_so() {
    let mut run = Run::new("0.15").with_cache();
    let (stdout, stderr) = run.ends_with(0);
    for token in
        ["Restoring metadata for \"acme/web:c\" from cache", "Restoring data for \"acme/web:c\" from cache"]
    {
        assert!(stdout.contains(token), "{stdout}");
    }
    assert!(!stderr.contains("ERROR"), "{stderr}");
    assert_eq!(run.build.scratch.read("layers/acme_web/c/data"), "c");
}

#[test]
fn inputs_that_cannot_be_used_have_their_exit_statuses() {
    Run::new("0.12").args(&["surplus"]).ends_with(3);
    Run::new("0.99").ends_with(11);
    let (_, stderr) = Run::new("0.12").args(&["-cache-image", "some/Cache"]).ends_with(1);
    assert!(stderr.contains("'some/Cache' is not an image reference"), "{stderr}");
    let (_, stderr) = Run::new("0.12").args(&["-cache-dir", "/nowhere/cache"]).ends_with(1);
    assert!(stderr.contains("'/nowhere/cache'"), "{stderr}");
}

#[test]
fn a_cache_image_that_cannot_be_reached_is_a_warning() {
    let (_, stderr) = Run::new("0.12").args(&["-cache-image", "127.0.0.1:1/cache"]).ends_with(0);
    assert!(stderr.contains("Warning: cache image '127.0.0.1:1/cache'"), "{stderr}");
    assert!(stderr.contains("'127.0.0.1:1' cannot be reached"), "{stderr}");
}

#[test]
fn a_group_that_cannot_be_used_is_told_by_file_and_place() {
    let mut run = Run::new("0.12");
    fs_err::remove_file(run.build.scratch.path("layers/group.toml")).unwrap();
    let (_, stderr) = run.ends_with(1);
    assert!(stderr.contains("layers/group.toml"), "{stderr}");
    run.build.scratch.write("layers/group.toml", "[[group]]\nid = 7\n");
    let (_, stderr) = run.ends_with(1);
    assert!(stderr.contains("group.toml: line 2, column 6, key 'group[0].id'"), "{stderr}");
    for api in ["0.2", "9.9", "", "x"] {
        run.build.scratch.write("layers/group.toml", &GROUP.replace("0.10", api));
        let (_, stderr) = run.ends_with(12);
        assert!(stderr.contains("acme/web@2"), "{stderr}");
    }
}

#[test]
fn an_analysis_that_cannot_be_used_is_a_warning() {
    for text in ["[", "[metadata]\nbuildpacks = 1", "\u{1}"] {
        let mut run = Run::new("0.12").with_cache();
        run.build.scratch.write("layers/analyzed.toml", text);
        let (_, stderr) = run.ends_with(0);
        assert!(stderr.contains("layers/analyzed.toml"), "{stderr}");
        assert!(run.build.scratch.has("layers/acme_web/c/data"));
        assert_eq!(run.build.scratch.read("layers/analyzed.toml"), text, "it is evidence");
    }
    let mut run = Run::new("0.12").with_cache();
    fs_err::remove_file(run.build.scratch.path("layers/analyzed.toml")).unwrap();
    let (_, stderr) = run.ends_with(0);
    assert!(stderr.contains("layers/analyzed.toml"), "{stderr}");
    assert!(run.build.scratch.has("layers/acme_web/c/data"));
    assert!(!run.build.scratch.has("layers/analyzed.toml"), "there is nothing to write");
}
