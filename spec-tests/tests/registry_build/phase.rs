//! A phase as a process.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::platform::{USER, is_root};
use crate::secrets;

/// A registry that does not work is told within this time.
const SOON: Duration = Duration::from_secs(10);

/// A phase about to be run, in an environment that holds nothing but what it is given. Started as root it
/// becomes the build image's user; detector and builder are started as that user.
pub(crate) struct Phase {
    executable: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(String, OsString)>,
    is_ordinary: bool,
    has_network: bool,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit status.
    pub(crate) code: Option<i32>,
    /// All it said, first what went to standard output.
    pub(crate) text: String,
    took: Duration,
}

impl Phase {
    pub(crate) fn new(name: &str, executable: PathBuf, temporary: PathBuf) -> Self {
        let runs_buildpacks_only = matches!(name, "detector" | "builder");
        let phase = Self {
            executable,
            arguments: Vec::new(),
            variables: Vec::new(),
            is_ordinary: runs_buildpacks_only,
            has_network: !runs_buildpacks_only,
        };
        phase
            .variable("CNB_PLATFORM_API", "0.15")
            .variable("TMPDIR", temporary)
            .args(&["-log-level", "debug"])
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(crate) fn args(self, arguments: &[&str]) -> Self {
        arguments.iter().fold(self, Self::arg)
    }

    pub(crate) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Started as the build image's user.
    pub(crate) fn by_user(mut self) -> Self {
        self.is_ordinary = true;
        self
    }

    /// Runs it to its end. Whatever it says, no secret is in it.
    pub(crate) fn run(self) -> Outcome {
        let mut command = if self.has_network {
            Command::new(&self.executable)
        } else {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-current-user", "--net"]).arg(&self.executable);
            command
        };
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").current_dir("/");
        command.args(&self.arguments).envs(self.variables);
        if is_root() && self.is_ordinary {
            command.uid(USER).gid(USER);
        } else if is_root() {
            command.env("CNB_USER_ID", USER.to_string()).env("CNB_GROUP_ID", USER.to_string());
        }
        let begun = Instant::now();
        let output = command.output().unwrap();
        let took = begun.elapsed();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert_eq!(secrets::in_bytes(text.as_bytes()), None, "{text}");
        Outcome { code: output.status.code(), text, took }
    }
}

impl Outcome {
    /// It must have succeeded; what it said.
    #[track_caller]
    pub(crate) fn succeeds(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self.text
    }

    /// It must have failed soon with a status, and have said all of this.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, said: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.text);
        assert!(self.took < SOON, "{:?}: {}", self.took, self.text);
        let errors: Vec<_> = self.text.lines().skip_while(|line| !line.starts_with("ERROR: ")).collect();
        let errors = errors.join("\n");
        for said in said {
            assert!(errors.contains(said), "'{said}' is not in:\n{}", self.text);
        }
    }
}
