//! The first process of a container that [`super::sandbox`] runs. It sets up what a container needs, starts the
//! image's process, forwards signals to it, and collects processes that have lost their parents.

use std::io::{ErrorKind, stderr, stdin, stdout};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use rustix::thread::CapabilitySet;

use super::sandbox::{Task, map_ids};
use super::{Container, mounts, refusal};
use crate::output;
use crate::run::user::User;
use crate::signals::Signals;

/// What the processes of root in a container can do besides what anybody can: as with Docker and Podman, what
/// installing and serving takes, and nothing that reaches the host.
const CAPABILITIES: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SETFCAP)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SYS_CHROOT);

/// The status if the command exists but can't be executed, and the one if it doesn't exist; as in shells.
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

#[derive(Debug, clap::Args)]
pub(crate) struct InitArguments {
    /// The file that says what to do
    task: PathBuf,
}

/// Runs the container that the task describes to its end, and passes its process's status on.
pub(crate) fn init(arguments: &InitArguments) -> Result<ExitCode> {
    // A container is not left behind when this program is killed.
    prctl::set_pdeathsig(Signal::SIGKILL).context("cannot tie the container to this program")?;
    let signals = Signals::hold()?;
    let task: Task<Container> = serde_json::from_slice(&fs_err::read(&arguments.task)?)?;
    let container = &task.container;
    mounts::enter(&container.rootfs).map_err(refusal::explain)?;
    fs_err::create_dir_all(&container.working_dir)?;
    let mut command = command(container)?;
    if task.in_user_namespace {
        // One more, as the first one's root is needed until here.
        unshare(CloneFlags::CLONE_NEWUSER)
            .context("cannot make a user namespace")
            .map_err(refusal::explain)?;
        map_ids([container.user.uid, 0], [container.user.gid, 0])?;
    } else {
        limit_capabilities()?;
        give_streams(&container.user)?;
        command.uid(container.user.uid).gid(container.user.gid);
    }
    prctl::set_no_new_privs().context("cannot forbid further privileges")?;
    match Signals::released(&mut command).spawn() {
        Ok(process) => Ok(ExitCode::from(signals.supervise(process.id())?)),
        Err(error) => {
            let status = if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE };
            let executable = command.get_program().display();
            output::print_error(
                &anyhow::Error::new(error).context(format!("cannot start '{executable}' of the image")),
            );
            Ok(ExitCode::from(status))
        }
    }
}

fn command(container: &Container) -> Result<Command> {
    let (executable, arguments) = container.arguments.split_first().context("there is no command")?;
    let mut command = Command::new(executable);
    let environment = container.environment.iter().map(|(name, value)| (name, value));
    command.args(arguments).env_clear().envs(environment).current_dir(&container.working_dir);
    Ok(command)
}

/// Lets the user open its own streams by name, as programs do that log to `/dev/stdout`. Files and terminals
/// stay their owners'.
fn give_streams(user: &User) -> Result<()> {
    use rustix::fs::{FileType, Gid, Uid, fchown, fstat};

    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    for stream in [stdin().as_fd(), stdout().as_fd(), stderr().as_fd()] {
        let kind = fstat(stream).map(|stat| FileType::from_raw_mode(stat.st_mode));
        if kind == Ok(FileType::Fifo) {
            fchown(stream, Some(uid), Some(gid)).context("cannot give away a standard stream")?;
        }
    }
    Ok(())
}

fn limit_capabilities() -> Result<()> {
    for capability in CapabilitySet::all().difference(CAPABILITIES).iter() {
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            // Older kernels know fewer.
            Ok(()) | Err(rustix::io::Errno::INVAL) => {}
            Err(error) => return Err(error).context("cannot drop capabilities"),
        }
    }
    Ok(())
}
