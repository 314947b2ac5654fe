//! A registry as a process that does not outlive the test, however that ends.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a registry may take until it listens.
const START: Duration = Duration::from_secs(30);

/// The registry's program.
pub(crate) const PROGRAM: &str = "docker-registry";

/// A shell around the registry waits for the end of its input, which comes when the process is dropped and
/// also when the test is killed. Signals for the whole group of processes don't keep it from tidying up.
const WATCH: &str = "
trap '' HUP INT TERM
\"$@\" > \"$0/log\" 2>&1 &
registry=$!
cat > /dev/null
kill -KILL \"$registry\"
wait \"$registry\"
rm -rf -- \"$0\"
";

/// A registry that listens, with a directory of its own.
#[derive(Debug)]
pub(crate) struct Process {
    shell: Child,
    directory: PathBuf,
    address: SocketAddr,
}

impl Process {
    /// Starts a registry with a configuration; the files it names are relative to its own directory.
    pub(crate) fn start(configuration: &Value, files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, contents) in files {
            fs_err::write(directory.path().join(name), contents).unwrap();
        }
        fs_err::write(directory.path().join("config.yml"), configuration.to_string()).unwrap();
        let shell = Command::new("/bin/sh")
            .args(["-c", WATCH])
            .arg(directory.path())
            .args([PROGRAM, "serve", "config.yml"])
            .current_dir(directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // From here on the shell removes the directory.
        let directory = directory.keep();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut process = Self { shell, directory, address };
        process.address = process.wait_until_listening();
        process
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The address that the registry tells in its log. Only the log tells that it is this registry which
    /// listens there.
    fn wait_until_listening(&self) -> SocketAddr {
        let deadline = Instant::now() + START;
        loop {
            let log = fs_err::read_to_string(self.directory.join("log")).unwrap_or_default();
            if let Some(address) = listening_address(&log) {
                return address;
            }
            let died = ["level=fatal", "configuration error", "panic:", "not found"];
            assert!(
                !died.iter().any(|sign| log.contains(sign)) && Instant::now() < deadline,
                "{PROGRAM} does not start:\n{log}"
            );
            sleep(Duration::from_millis(10));
        }
    }

    /// What the registry logged so far.
    pub(crate) fn log(&self) -> String {
        fs_err::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

fn listening_address(log: &str) -> Option<SocketAddr> {
    let (_, after) = log.split_once("listening on ")?;
    after.split([',', '"']).next()?.trim().parse().ok()
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The test fails: its output is shown, so the end of the log may help.
            let log = self.log();
            let skipped = log.lines().count().saturating_sub(20);
            for line in BufReader::new(log.as_bytes()).lines().map_while(Result::ok).skip(skipped) {
                let _ = writeln!(std::io::stderr(), "{PROGRAM}: {line}");
            }
        }
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
