//! Modes, owners, times and extended attributes of what a layer makes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::fs::{AtFlags, CWD, Gid, Mode, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags};
use rustix::io::Errno;
use tar::EntryType;

use crate::attributes::{is_carried, read_attributes_behind};
use crate::change::ATTRIBUTE_RECORD;
use crate::extract::{Member, TreeError, may_give};
use crate::header::Timestamp;

/// Gives something that was opened what the layer says of it. A directory stays open to its owner, and needs
/// [`finish_directory`] when all is in it.
///
/// The order matters: a new owner takes the mode's special bits and the capabilities away.
pub(super) fn finish(node: impl AsFd, member: &Member) -> Result<(), TreeError> {
    let path = path(&node);
    if may_give() {
        let (uid, gid) = (Uid::from_raw(member.owner.uid), Gid::from_raw(member.owner.gid));
        rustix::fs::chown(&path, Some(uid), Some(gid))?;
    }
    set_attributes(&path, member)?;
    match member.kind {
        EntryType::Symlink => {}
        EntryType::Directory => rustix::fs::chmod(&path, Mode::from_raw_mode(member.mode) | Mode::RWXU)?,
        _ => rustix::fs::chmod(&path, Mode::from_raw_mode(member.mode))?,
    }
    set_time(&path, member.modified)
}

/// Gives a directory that is filled its mode and time.
pub(super) fn finish_directory(
    directory: impl AsFd,
    mode: u32,
    modified: Timestamp,
) -> Result<(), TreeError> {
    let path = path(&directory);
    let mode = Mode::from_raw_mode(mode);
    if !mode.contains(Mode::RWXU) {
        rustix::fs::chmod(&path, mode)?;
    }
    set_time(&path, modified)
}

/// A way to what a descriptor stands for that no renaming changes, and that is right for a link, too.
fn path(node: &impl AsFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", node.as_fd().as_raw_fd()))
}

/// Sets the attributes that the layer has, and removes those that it doesn't have.
fn set_attributes(path: &PathBuf, member: &Member) -> Result<(), TreeError> {
    let wanted: BTreeMap<&OsStr, &Vec<u8>> = member
        .records
        .iter()
        .filter_map(|(keyword, value)| {
            Some((OsStr::from_bytes(keyword.strip_prefix(ATTRIBUTE_RECORD)?), value))
        })
        .filter(|(name, _)| is_carried(name))
        .collect();
    let present = read_attributes_behind(path)?;
    for name in present.keys().filter(|name| !wanted.contains_key(name.as_os_str())) {
        unless_denied(rustix::fs::removexattr(path, name.as_os_str()))?;
    }
    for (name, value) in wanted {
        unless_denied(rustix::fs::setxattr(path, name, value, XattrFlags::empty()))?;
    }
    Ok(())
}

/// Passes over attributes that this process may not set or that the file system can't hold.
fn unless_denied(result: Result<(), Errno>) -> Result<(), Errno> {
    match result {
        Err(Errno::NOTSUP) => Ok(()),
        Err(Errno::PERM | Errno::ACCESS) if !may_give() => Ok(()),
        result => result,
    }
}

fn set_time(path: &PathBuf, modified: Timestamp) -> Result<(), TreeError> {
    let time = |tv_sec, tv_nsec| Timespec { tv_sec, tv_nsec };
    let times = Timestamps {
        last_access: time(0, UTIME_OMIT),
        last_modification: time(modified.seconds, modified.nanoseconds.into()),
    };
    Ok(rustix::fs::utimensat(CWD, path, &times, AtFlags::empty())?)
}
