use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Once;

use tempfile::TempDir;

use super::*;
use crate::Secret;

/// A home directory, and a directory on `PATH` with helpers.
struct Scratch {
    root: TempDir,
    variables: Vec<(OsString, OsString)>,
}

impl Scratch {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir(root.path().join("bin")).unwrap();
        // Nothing of the machine's own: a real helper must never be run by a test.
        let path = format!("relative:{}", root.path().join("bin").display());
        let variables =
            vec![("PATH".into(), path.into()), ("HOME".into(), root.path().as_os_str().to_owned())];
        Self { root, variables }
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    fn docker_config(self, contents: &str) -> Self {
        let directory = self.root.path().join(".docker");
        fs_err::create_dir_all(&directory).unwrap();
        fs_err::write(directory.join("config.json"), contents).unwrap();
        self
    }

    /// Adds a helper that writes down what it is asked, and then does what the script says.
    fn helper(self, name: &str, script: &str) -> Self {
        let asked = self.path("asked").display().to_string();
        let script = format!(
            "#!/bin/sh\nPATH=/usr/bin:/bin\nread address\necho \"{name} $1 $address\" >> {asked}\n{script}\n"
        );
        install(&self.path("bin").join(format!("docker-credential-{name}")), &script);
        self
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.root.path().join(name)
    }

    /// What helpers were asked, one line per run.
    fn asked(&self) -> String {
        fs_err::read_to_string(self.path("asked")).unwrap_or_default()
    }

    fn keychain(&self) -> Keychain {
        Keychain::read(&self.variables).unwrap()
    }

    fn impatient_keychain(&self) -> Keychain {
        Keychain::read_with(&self.variables, Duration::from_millis(300)).unwrap()
    }
}

/// Writes an executable file by way of a child process: a file that this process has open for writing, if
/// only in a child of another test, cannot be executed.
fn install(path: &Path, script: &str) {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "cat > \"$0\" && chmod 755 \"$0\""]).arg(path).stdin(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// A script that prints a user and a secret.
fn answer(user: &str, secret: &str) -> String {
    format!(r#"echo '{{"ServerURL": "x", "Username": "{user}", "Secret": "{secret}"}}'"#)
}

fn basic(user: &str, password: &str) -> Credential {
    Credential::Basic { user: user.to_owned(), password: Secret::new(password) }
}

#[track_caller]
fn assert_found(found: Option<&Found>, credential: &Credential, source: &str) {
    let found = found.expect("a credential");
    assert!(found.credential == *credential, "{found:?}, not {credential:?}, or other texts");
    assert_eq!(found.source.to_string(), source);
}

/// Collects the warnings of all tests; a test looks for those that name its own registry.
struct Warnings(Mutex<Vec<String>>);

static WARNINGS: Warnings = Warnings(Mutex::new(Vec::new()));

impl log::Log for Warnings {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(format!("{}: {}", record.level(), record.args()));
    }

    fn flush(&self) {}
}

/// The warnings that hold a text.
fn warnings(text: &str, during: impl FnOnce()) -> Vec<String> {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&WARNINGS).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    during();
    let all = WARNINGS.0.lock().unwrap();
    all.iter().filter(|warning| warning.contains(text)).cloned().collect()
}

mod helpers;
mod sources;
