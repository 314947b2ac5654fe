//! An engine started for tests.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use test_kit::{ImageFixture, has_program};

/// How long the engine may take to start.
const START: Duration = Duration::from_mins(1);

/// A shell around the engine waits for the end of its input, which comes when the process ends, however it
/// does. Signals for the whole group of processes don't keep it from tidying up.
const WATCH: &str = "
trap '' HUP INT TERM
\"$@\" > \"$0/log\" 2>&1 &
engine=$!
cat > /dev/null
kill -TERM \"$engine\"
wait \"$engine\"
rm -rf -- \"$0\"
";

/// What an engine needs to start in a container, and nothing that reaches beyond it. It chooses itself how it
/// stores layers: by `overlay2` where the temporary directory's file system allows that.
const OPTIONS: [&str; 3] = ["--bridge=none", "--iptables=false", "--ip6tables=false"];

/// An engine; it ends, and what it holds is removed, with the process or when dropped.
#[derive(Debug)]
pub struct TestEngine {
    shell: Child,
    directory: PathBuf,
}

impl TestEngine {
    /// The engine that the tests of this process share; none where it cannot run, which is told, and an error
    /// in CI. Tests use names of their own.
    pub fn shared() -> Option<&'static Self> {
        static ENGINE: OnceLock<Option<TestEngine>> = OnceLock::new();
        ENGINE.get_or_init(Self::start).as_ref()
    }

    /// Starts an engine.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// Starts an engine with further options of `dockerd`.
    pub fn start_with(options: &[&str]) -> Option<Self> {
        if !has_program("dockerd") || !has_program("docker") {
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            return skip("root, as dockerd does");
        }
        let directory = tempfile::Builder::new().prefix("engine-").tempdir().unwrap().keep();
        let place = |name: &str| directory.join(name).display().to_string();
        let shell = Command::new("/bin/sh")
            .args(["-c", WATCH])
            .arg(&directory)
            .args(["dockerd", "--host", &format!("unix://{}", place("socket"))])
            .args(["--data-root", &place("data"), "--exec-root", &place("run"), "--pidfile", &place("pid")])
            .args(OPTIONS)
            .args(options)
            .current_dir(&directory)
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let engine = Self { shell, directory };
        let deadline = Instant::now() + START;
        while !engine.answers() {
            if Instant::now() > deadline || engine.log().contains("failed to start daemon") {
                let _ = writeln!(std::io::stderr(), "{}", engine.log());
                return skip("dockerd, which does not start here");
            }
            sleep(Duration::from_millis(50));
        }
        Some(engine)
    }

    fn answers(&self) -> bool {
        let ping = || {
            let mut socket = UnixStream::connect(self.socket())?;
            socket.write_all(b"GET /_ping HTTP/1.0\r\n\r\n")?;
            let mut answer = String::new();
            socket.read_to_string(&mut answer)?;
            Ok::<_, std::io::Error>(answer)
        };
        ping().is_ok_and(|answer| answer.ends_with("OK"))
    }

    fn log(&self) -> String {
        fs_err::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// The engine's socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    /// Makes the socket another user's.
    pub fn give_socket(&self, uid: u32, gid: u32) {
        fs_err::set_permissions(&self.directory, std::fs::Permissions::from_mode(0o711)).unwrap();
        std::os::unix::fs::chown(self.socket(), Some(uid), Some(gid)).unwrap();
    }

    /// The address of the socket, for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Runs Docker's own client; what it prints.
    #[track_caller]
    pub fn docker(&self, arguments: &[&str]) -> String {
        let (succeeded, text) = self.try_docker(arguments);
        assert!(succeeded, "docker {arguments:?}: {text}");
        text
    }

    /// Runs Docker's own client; whether it succeeds, and what it prints.
    pub fn try_docker(&self, arguments: &[&str]) -> (bool, String) {
        let output = self.client(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).trim().to_owned())
    }

    /// A field of an image's description, by Docker's template.
    #[track_caller]
    pub fn inspect(&self, image: &str, template: &str) -> String {
        self.docker(&["image", "inspect", "--format", template, image])
    }

    /// The id of an image, without the algorithm.
    #[track_caller]
    pub fn id(&self, image: &str) -> String {
        self.inspect(image, "{{.Id}}").trim_start_matches("sha256:").to_owned()
    }

    /// Puts an image into the engine.
    #[track_caller]
    pub fn load(&self, name: &str, image: &ImageFixture) {
        let archive = self.directory.join(name.replace(['/', ':'], "-"));
        fs_err::write(&archive, image.docker_archive(name)).unwrap();
        self.docker(&["load", "--quiet", "--input", &archive.display().to_string()]);
        fs_err::remove_file(archive).unwrap();
    }

    /// Puts an image into the engine in which the programs of this machine run that are named: with its shell
    /// and its C library. `changes` are Dockerfile instructions.
    #[track_caller]
    pub fn import_runnable(&self, name: &str, programs: &[&Path], changes: &[&str]) {
        let list = self.directory.join("runnable");
        let mut files = vec!["/bin/sh".to_owned(), "/bin/cat".to_owned()];
        files.extend(programs.iter().map(|program| program.display().to_string()));
        for program in files.clone() {
            let libraries = test_kit::libraries(Path::new(&program));
            files.extend(libraries.iter().map(|library| library.display().to_string()));
        }
        // The engine makes directories that an archive lacks for root alone.
        for file in files.clone() {
            let parents = Path::new(&file).ancestors().skip(1).filter(|parent| parent.parent().is_some());
            files.extend(parents.map(|parent| parent.display().to_string()));
        }
        files.sort();
        files.dedup();
        fs_err::write(&list, files.join("\n")).unwrap();
        let mut archive = Command::new("tar")
            .args([
                "--create",
                "--dereference",
                "--no-recursion",
                "--mode=a+rX",
                "--absolute-names",
                "--transform",
                "s,^/usr/bin/dash,/bin/sh,",
            ])
            .arg("--files-from")
            .arg(&list)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut arguments = vec!["import"];
        for change in changes {
            arguments.extend(["--change", change]);
        }
        arguments.extend(["-", name]);
        let output = self.client(&arguments).stdin(archive.stdout.take().unwrap()).output().unwrap();
        assert!(archive.wait().unwrap().success() && output.status.success(), "{output:?}");
    }

    fn client(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.args(arguments).env("DOCKER_HOST", self.host()).env("DOCKER_CONFIG", &self.directory);
        command.env_remove("DOCKER_API_VERSION").env_remove("DOCKER_CERT_PATH");
        command
    }
}

fn skip(need: &str) -> Option<TestEngine> {
    assert!(std::env::var_os("CI").is_none(), "these tests need {need}");
    // Past what the test harness captures: a test that passes shows nothing of that.
    let _ = writeln!(std::io::stderr(), "SKIPPED: a test that needs {need}");
    None
}

impl Drop for TestEngine {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
