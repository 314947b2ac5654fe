//! Containers without a runtime: namespaces of the kernel's, set up by this program. Keeps the processes of an
//! image one trusts apart from the host's; it is no wall against those one doesn't.
//!
//! Two processes take part. This one enters a new PID namespace, as a user without privileges also a user
//! namespace in which that user is root, and starts the other one, [`super::init`], as the first process there.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};
use serde::{Deserialize, Serialize};

use super::{Container, refusal};
use crate::scratch::Scratch;
use crate::signals::Signals;

/// What the first process is told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task<C> {
    pub(super) container: C,
    /// Whether it runs in a user namespace.
    pub(super) in_user_namespace: bool,
}

/// Runs a container to its end and returns its process's status.
pub(super) fn run(container: &Container, scratch: &Scratch, signals: &Signals) -> Result<u8> {
    let task = Task { container, in_user_namespace: !geteuid().is_root() };
    let file = scratch.path().join("task.json");
    fs_err::write(&file, serde_json::to_vec(&task)?)?;
    isolate(task.in_user_namespace).map_err(refusal::explain)?;
    // It holds signals back from the start: the first process of a namespace does not get any other ones.
    let init = Command::new("/proc/self/exe")
        .arg("container-init")
        .arg(&file)
        .spawn()
        .context("cannot start the container's first process")?;
    signals.supervise(init.id())
}

/// Lets the next child be the first process of new namespaces. Signals being taken in turn, this program has
/// one thread only, as user namespaces demand.
fn isolate(in_user_namespace: bool) -> Result<()> {
    if !in_user_namespace {
        return unshare(CloneFlags::CLONE_NEWPID).context("cannot make a PID namespace");
    }
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWPID).context("cannot make a user namespace")?;
    map_ids([0, uid], [0, gid])
}

/// Maps one user and one group of this process's new user namespace: each inside and outside.
pub(super) fn map_ids(uids: [u32; 2], gids: [u32; 2]) -> Result<()> {
    let write = |file: &str, text: String| {
        fs_err::write(Path::new("/proc/self").join(file), text).context("cannot set up a user namespace")
    };
    write("setgroups", "deny".to_owned())?;
    write("uid_map", format!("{} {} 1", uids[0], uids[1]))?;
    write("gid_map", format!("{} {} 1", gids[0], gids[1]))
}
