//! Containers run by an OCI runtime that is installed: runc, or crun which takes the same arguments.
//!
//! Only for root. A runtime that starts as an ordinary user has to be root in a user namespace and then become
//! the image's user, which takes a range of subordinate ids that not every user has.

use std::io::{IsTerminal, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use nix::unistd::geteuid;
use serde_json::{Value, json};

use super::Container;
use crate::scratch::Scratch;
use crate::signals::Signals;

/// In order of preference.
const RUNTIMES: [&str; 2] = ["runc", "crun"];

/// As with Docker and Podman.
const CAPABILITIES: [&str; 11] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

/// An OCI runtime on this machine.
#[derive(Debug)]
pub(super) struct Engine(PathBuf);

/// Finds a runtime that can be used.
pub(super) fn find() -> Option<Engine> {
    if !geteuid().is_root() {
        return None;
    }
    let path = std::env::var_os("PATH")?;
    let directories: Vec<_> = std::env::split_paths(&path).collect();
    RUNTIMES
        .iter()
        .flat_map(|name| directories.iter().map(move |directory| directory.join(name)))
        .find(|candidate| candidate.is_file())
        .map(Engine)
}

impl Engine {
    /// Runs a container to its end and returns its process's status.
    pub(super) fn run(&self, container: &Container, scratch: &Scratch, signals: &Signals) -> Result<u8> {
        let bundle = scratch.path();
        // A container that a terminal is handed to has one of its own, which the runtime connects to it.
        let has_terminal = stdin().is_terminal() && stdout().is_terminal();
        fs_err::write(bundle.join("config.json"), config(container, has_terminal).to_string())?;
        // Random, and so known to no other container.
        let id = bundle.file_name().context("the bundle has no name")?;
        let mut command = self.command(bundle);
        command.args(["run", "--bundle"]).args([bundle.as_os_str(), id]);
        let process = Signals::released(&mut command)
            .spawn()
            .with_context(|| format!("cannot start '{}'", self.0.display()))?;
        let status = signals.supervise(process.id());
        // Where the runtime was ended by force the container is left.
        let delete = self.command(bundle).args(["delete", "--force"]).arg(id).stderr(Stdio::null()).status();
        delete.with_context(|| format!("cannot start '{}'", self.0.display()))?;
        status
    }

    /// The runtime, with its records in the bundle.
    fn command(&self, bundle: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command.arg("--root").arg(bundle.join("state"));
        command
    }
}

/// What the runtime is told. Spec: OCI runtime-spec config.md, config-linux.md.
fn config(container: &Container, has_terminal: bool) -> Value {
    let variables: Vec<_> =
        container.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": has_terminal,
            "args": container.arguments,
            "env": variables,
            "cwd": container.working_dir,
            "user": { "uid": container.user.uid, "gid": container.user.gid },
            "noNewPrivileges": true,
            "capabilities": {
                "bounding": CAPABILITIES,
                "effective": CAPABILITIES,
                "permitted": CAPABILITIES,
            },
        },
        "root": { "path": container.rootfs },
        "mounts": mounts(),
        "linux": {
            "namespaces": [{ "type": "pid" }, { "type": "ipc" }, { "type": "mount" }],
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/acpi", "/proc/scsi"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    })
}

fn mounts() -> Vec<Value> {
    let mut mounts = vec![
        json!({ "destination": "/proc", "type": "proc", "source": "proc" }),
        json!({
            "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
            "options": ["nosuid", "strictatime", "mode=755", "size=64k"],
        }),
        json!({
            "destination": "/dev/pts", "type": "devpts", "source": "devpts",
            "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
        }),
        json!({
            "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
            "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=64m"],
        }),
    ];
    for path in super::mounts::NAME_RESOLUTION {
        if Path::new(path).exists() {
            let options = ["bind", "ro"];
            mounts.push(json!({ "destination": path, "type": "bind", "source": path, "options": options }));
        }
    }
    mounts
}

#[cfg(test)]
mod tests {
    use super::config;
    use crate::run::user::User;
    use crate::runtime::Container;

    #[test]
    fn the_network_is_the_hosts() {
        let container = Container {
            rootfs: "/bundle/rootfs".into(),
            arguments: vec!["/bin/true".to_owned(), "x".to_owned()],
            environment: vec![("A".to_owned(), "1".to_owned())],
            working_dir: "/work".to_owned(),
            user: User { uid: 1000, gid: 1001, home: "/".to_owned() },
        };
        let config = config(&container, false);
        assert_eq!(config["process"]["args"], serde_json::json!(["/bin/true", "x"]));
        assert_eq!(config["process"]["env"], serde_json::json!(["A=1"]));
        assert_eq!(config["process"]["user"], serde_json::json!({ "uid": 1000, "gid": 1001 }));
        assert_eq!(config["root"]["path"], "/bundle/rootfs");
        let namespaces = config["linux"]["namespaces"].to_string();
        assert!(namespaces.contains("pid") && !namespaces.contains("network"), "{namespaces}");
    }
}
