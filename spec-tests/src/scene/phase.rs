//! A phase to be run.
#![expect(clippy::expect_used, reason = "a set-up that fails ends the test")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::container::{Container, Mount};
use crate::scene::running::Running;
use crate::scene::{Run, Scene, USER};
use crate::store::{Store, is_root};
use crate::verdict::{Verdict, skip};

/// How long a phase may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where the executables are in the container.
const LIFECYCLE: &str = "/cnb/lifecycle";

/// Phases that read or write images.
const WITH_IMAGES: [&str; 6] = ["analyzer", "restorer", "extender", "exporter", "creator", "rebaser"];

/// A program to be run in the container: a phase, or what an image starts.
///
/// It runs as the build image's user unless told otherwise, and has no other variables than `PATH`, `HOME`, the
/// Platform API, the user's ids, and those that tell where images are.
#[derive(Debug)]
pub(crate) struct Phase<'a> {
    scene: &'a Scene<'a>,
    program: String,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    container: Container,
    patience: Duration,
}

impl Scene<'_> {
    /// An executable of the lifecycle.
    pub(crate) fn phase(&self, name: &str) -> Phase<'_> {
        if !self.stage.lifecycle.join(name).exists() {
            skip(format!("this lifecycle has no {name}"));
        }
        let mut phase = self.program(&format!("{LIFECYCLE}/{name}"));
        phase = phase.env("CNB_PLATFORM_API", self.platform.as_str());
        if name != "launcher" {
            phase = phase.env("CNB_USER_ID", USER.to_string()).env("CNB_GROUP_ID", USER.to_string());
        }
        if WITH_IMAGES.contains(&name) { phase.with_store() } else { phase }
    }

    /// Any program in the container, by its path.
    pub(crate) fn program(&self, path: &str) -> Phase<'_> {
        let container = Container {
            root: self.path("/"),
            mounts: self.mounts(),
            user: (USER, USER),
            directory: "/".into(),
            name: None,
        };
        let phase = Phase {
            scene: self,
            program: path.to_owned(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            container,
            patience: PATIENCE,
        };
        phase
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/home/user")
    }
}

impl Phase<'_> {
    /// Tells where images are.
    fn with_store(self) -> Self {
        match self.scene.store {
            Store::Layout => self
                .env("CNB_USE_LAYOUT", "true")
                .env("CNB_LAYOUT_DIR", "/layout-repo")
                .env("CNB_EXPERIMENTAL_MODE", "quiet"),
            Store::Registry => self,
            Store::Daemon => {
                let engine = self.scene.stage.services.engine().unwrap_or_else(|reason| skip(reason));
                self.scene.write("/var/run/docker.sock", "");
                let mut phase = self.env("CNB_USE_DAEMON", "true");
                let target = "/var/run/docker.sock".into();
                phase.container.mounts.push(Mount::Bind {
                    source: engine.socket(),
                    target,
                    read_only: false,
                });
                phase
            }
        }
    }

    /// With an argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// With arguments.
    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(OsString::from));
        self
    }

    /// With another name for something in all arguments, such as a registry.
    pub(crate) fn renamed(mut self, from: &str, to: &str) -> Self {
        for argument in &mut self.arguments {
            *argument = argument.to_string_lossy().replace(from, to).into();
        }
        self
    }

    /// With a variable.
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Without a variable.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.environment.remove(OsStr::new(name));
        self
    }

    /// As root; the test has to be one that needs it.
    pub(crate) fn by_root(self) -> Self {
        assert!(is_root(), "a test that starts phases as root has to say so");
        self.by_user(0, 0)
    }

    /// As another user.
    pub(crate) fn by_user(mut self, user: u32, group: u32) -> Self {
        self.container.user = (user, group);
        self
    }

    /// Started in another directory.
    pub(crate) fn in_directory(mut self, directory: &str) -> Self {
        self.container.directory = directory.into();
        self
    }

    /// Told that it has another name than its path.
    pub(crate) fn called(mut self, name: &str) -> Self {
        self.container.name = Some(name.to_owned());
        self
    }

    /// With a directory in memory that takes so many bytes and no more.
    pub(crate) fn with_memory(mut self, path: &str, bytes: u64) -> Self {
        self.scene.make_directory(path);
        self.container.mounts.push(Mount::Memory { target: path.into(), bytes });
        self
    }

    /// In a container that has nothing but the lifecycle's executables and what the test wrote.
    pub(crate) fn alone(mut self) -> Self {
        self.container.mounts.retain(is_lifecycle);
        self
    }

    /// With files beside the lifecycle's executables: names with contents.
    pub(crate) fn with_files_beside(mut self, files: &[(&str, &str)]) -> Self {
        self.container.mounts.retain(|mount| !is_lifecycle(mount));
        for executable in fs_err::read_dir(&self.scene.stage.lifecycle).expect("the executables") {
            let source = executable.expect("an executable").path();
            let target = Path::new(LIFECYCLE).join(source.file_name().unwrap_or_default());
            self.scene.write(&target.display().to_string(), "");
            self.container.mounts.push(Mount::Bind { source, target, read_only: true });
        }
        for (name, contents) in files {
            self.scene.write(&format!("{LIFECYCLE}/{name}"), contents);
        }
        self
    }

    /// Started by a shell: the script has the program and its arguments as `"$0" "$@"`.
    pub(crate) fn in_shell(mut self, script: &str) -> Self {
        let program = std::mem::replace(&mut self.program, "/bin/sh".to_owned());
        self.arguments.splice(0..0, ["-c".into(), script.into(), program.into()]);
        self
    }

    /// Runs it to its end; the error if it takes too long.
    pub(crate) fn run(self) -> Verdict<Run> {
        let (scene, patience) = (self.scene, self.patience);
        let run = self.start().wait(patience)?;
        scene.transcript.borrow_mut().push(run.to_string());
        Ok(run)
    }

    /// Starts it.
    pub(crate) fn start(self) -> Running {
        let Self { program, arguments, environment, container, .. } = self;
        let mut command = container.command(&program).expect("a container");
        command.args(&arguments).envs(&environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running::start(command, described(&program, &arguments, &environment))
    }
}

/// Whether a mount is that of the lifecycle's executables.
fn is_lifecycle(mount: &Mount) -> bool {
    matches!(mount, Mount::Bind { target, .. } if target == Path::new(LIFECYCLE))
}

/// A call as a person would write it.
fn described(program: &str, arguments: &[OsString], environment: &BTreeMap<OsString, OsString>) -> String {
    let variables = environment.iter().filter(|(name, _)| *name != "PATH" && *name != "HOME");
    let variables = variables.map(|(name, value)| format!("{}={}", name.display(), value.display()));
    let arguments = arguments.iter().map(|argument| argument.display().to_string());
    let name = program.rsplit('/').next().unwrap_or(program).to_owned();
    variables.chain([name]).chain(arguments).collect::<Vec<_>>().join(" ")
}
