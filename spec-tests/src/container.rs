//! The containers that phases run in: a root directory, mounts and a user, made of the kernel's namespaces.
//!
//! A process cannot change its root for one child alone, so this executable starts itself for each: [`Container`]
//! says what is wanted, and [`enter_if_asked`] does it and becomes the program.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use serde::{Deserialize, Serialize};

/// The first argument of an executable that is to enter a container.
const ENTER: &str = "container-of-a-test";

/// A container for one program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Container {
    /// What is `/` in it; mounts need their targets in there.
    pub(crate) root: PathBuf,
    /// What is mounted over it, in order.
    pub(crate) mounts: Vec<Mount>,
    /// User and group of the program.
    pub(crate) user: (u32, u32),
    /// Where it is started.
    pub(crate) directory: PathBuf,
    /// What it is told that it is called; if `None`, its path.
    pub(crate) name: Option<String>,
}

/// Something mounted in a container.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Mount {
    /// A file or directory of the host, with what is mounted below it.
    Bind {
        /// Where it is on the host.
        source: PathBuf,
        /// Where it is in the container.
        target: PathBuf,
        /// Nobody writes to it.
        read_only: bool,
    },
    /// A small file system in memory, for all to write.
    Memory {
        /// Where it is in the container.
        target: PathBuf,
        /// How much it takes.
        bytes: u64,
    },
}

impl Container {
    /// The command that runs a program in the container, to be given arguments and environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        let myself = std::env::current_exe().context("this executable is not found")?;
        let mut command = Command::new(myself);
        command.arg(ENTER).arg(serde_json::to_string(self)?).arg(program).env_clear();
        Ok(command)
    }
}

/// If this process was started to enter a container, does so and becomes the program; returns only to tell that it
/// could not, or that nothing of that was asked for.
pub(crate) fn enter_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ENTER {
        return None;
    }
    let error = become_program(arguments).err()?;
    crate::report::complain(&format!("no container: {error:#}"));
    Some(ExitCode::from(125))
}

fn become_program(mut arguments: impl Iterator<Item = OsString>) -> Result<std::convert::Infallible> {
    let container = arguments.next().context("no container is described")?;
    let container: Container = serde_json::from_str(container.to_str().context("it is not UTF-8")?)?;
    let program = arguments.next().context("no program is named")?;
    container.enter()?;
    let mut command = Command::new(&program);
    if let Some(name) = &container.name {
        command.arg0(name);
    }
    Err(command.args(arguments).exec()).with_context(|| format!("cannot start {}", program.display()))
}

impl Container {
    fn enter(&self) -> Result<()> {
        let is_root = Uid::effective().is_root();
        if !is_root {
            own_users(0, Uid::current().as_raw(), Gid::current().as_raw())?;
        }
        unshare(CloneFlags::CLONE_NEWNS).context("no namespace of mounts")?;
        // Nothing that is mounted from here on shows up on the host.
        rustix::mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
        rustix::mount::mount_bind_recursive(&self.root, &self.root).context("the root is no mount")?;
        for mount in &self.mounts {
            mount.mount(&self.root, is_root).with_context(|| format!("cannot mount {mount:?}"))?;
        }
        rustix::process::chdir(&self.root)?;
        rustix::process::pivot_root(".", ".").context("cannot change the root")?;
        rustix::mount::unmount(".", UnmountFlags::DETACH)?;
        rustix::process::chdir("/")?;
        self.become_user(is_root)?;
        rustix::process::chdir(&self.directory)
            .with_context(|| format!("cannot enter {}", self.directory.display()))
    }

    fn become_user(&self, is_root: bool) -> Result<()> {
        let (user, group) = self.user;
        if !is_root {
            return if user == 0 { Ok(()) } else { own_users(user, 0, 0) };
        }
        let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
        setgroups(&[])?;
        setresgid(group, group, group)?;
        Ok(setresuid(user, user, user)?)
    }
}

/// Makes this process a user of a namespace that has this one alone, who is `user` and `group` outside of it.
fn own_users(inside: u32, user: u32, group: u32) -> Result<()> {
    unshare(CloneFlags::CLONE_NEWUSER).context("no namespace of users: start the suite as root")?;
    fs_err::write("/proc/self/setgroups", "deny")?;
    fs_err::write("/proc/self/uid_map", format!("{inside} {user} 1"))?;
    Ok(fs_err::write("/proc/self/gid_map", format!("{inside} {group} 1"))?)
}

impl Mount {
    /// Mounts it. Whoever is not root cannot change what is root's anyway, and cannot protect it either.
    fn mount(&self, root: &Path, may_protect: bool) -> Result<()> {
        match self {
            Self::Bind { source, target, read_only } => {
                let target = inside(root, target);
                rustix::mount::mount_bind_recursive(source, &target)?;
                if *read_only && may_protect {
                    let flags = MountFlags::BIND | MountFlags::RDONLY;
                    rustix::mount::mount_remount(&target, flags, "")?;
                }
            }
            Self::Memory { target, bytes } => {
                let options = std::ffi::CString::new(format!("mode=1777,size={bytes}"))?;
                rustix::mount::mount(
                    "tmpfs",
                    inside(root, target),
                    "tmpfs",
                    MountFlags::empty(),
                    options.as_c_str(),
                )?;
            }
        }
        Ok(())
    }
}

fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}
