//! Laying the files of one layer over those of the layers below it.
//!
//! Both are directories of this program's own that nothing else writes to meanwhile. Neither's links are
//! followed: a name is entered only after it has been seen to be a directory.
//! Spec: OCI image-spec layer.md § Applying Changesets.

use std::ffi::{OsStr, OsString};
use std::fs::{FileType, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::scratch;

/// Names that begin with it remove what is below, rather than add something.
const WHITEOUT: &[u8] = b".wh.";

/// Hides all that the layers below have in a directory.
const OPAQUE: &[u8] = b".wh..wh..opq";

/// How bookkeeping of an old file system begins; it says nothing about files.
const BOOKKEEPING: &[u8] = b".wh..wh.";

/// Moves what is in `layer` into `rootfs`, and removes what `layer` has whiteouts for. The root itself keeps its
/// mode and owner.
pub(super) fn lay(layer: &Path, rootfs: &Path) -> io::Result<()> {
    lay_entries(layer, rootfs, nix::unistd::geteuid().is_root())
}

fn lay_directory(layer: &Path, below: &Path, is_root: bool) -> io::Result<()> {
    let attributes = fs_err::symlink_metadata(layer)?;
    if !is_root {
        fs_err::set_permissions(layer, PermissionsExt::from_mode(0o700))?;
    }
    make_directory(below)?;
    lay_entries(layer, below, is_root)?;
    set_attributes(below, &attributes, is_root)
}

fn lay_entries(layer: &Path, below: &Path, is_root: bool) -> io::Result<()> {
    let (whiteouts, others) = entries(layer)?;
    // First, as they concern the layers below only.
    for name in &whiteouts {
        apply_whiteout(name, below)?;
    }
    for (name, kind) in &others {
        let (from, to) = (layer.join(name), below.join(name));
        if kind.is_dir() {
            lay_directory(&from, &to, is_root)?;
        } else {
            if exists(&to)?.is_some_and(|metadata| metadata.is_dir()) {
                scratch::remove(&to)?;
            }
            fs_err::rename(&from, &to)?;
        }
    }
    Ok(())
}

/// The names in a directory: whiteouts, and others with what they are.
type Entries = (Vec<OsString>, Vec<(OsString, FileType)>);

fn entries(directory: &Path) -> io::Result<Entries> {
    let (mut whiteouts, mut others) = (Vec::new(), Vec::new());
    for entry in fs_err::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_bytes().starts_with(WHITEOUT) {
            whiteouts.push(name);
        } else {
            others.push((name, entry.file_type()?));
        }
    }
    Ok((whiteouts, others))
}

fn apply_whiteout(name: &OsStr, below: &Path) -> io::Result<()> {
    let name = name.as_bytes();
    if name == OPAQUE {
        for entry in fs_err::read_dir(below)? {
            remove(&entry?.path())?;
        }
        return Ok(());
    }
    match name.strip_prefix(WHITEOUT) {
        _ if name.starts_with(BOOKKEEPING) => Ok(()),
        None | Some(b"" | b"." | b"..") => Ok(()),
        Some(hidden) => remove(&below.join(OsStr::from_bytes(hidden))),
    }
}

/// Removes whatever there is, if there is anything.
fn remove(path: &Path) -> io::Result<()> {
    match exists(path)? {
        None => Ok(()),
        Some(metadata) if metadata.is_dir() => scratch::remove(path),
        Some(_) => fs_err::remove_file(path),
    }
}

/// Makes a directory unless it exists; a file or link makes way.
fn make_directory(path: &Path) -> io::Result<()> {
    match exists(path)? {
        Some(metadata) if metadata.is_dir() => return Ok(()),
        Some(_) => fs_err::remove_file(path)?,
        None => {}
    }
    fs_err::create_dir(path)
}

/// Gives a directory the owner and mode it has in the layer. Where this program is not root its own user has
/// to get into each directory: the layers above have to be laid over it, and in the end it is removed.
fn set_attributes(directory: &Path, attributes: &Metadata, is_root: bool) -> io::Result<()> {
    let mode = attributes.mode() & 0o7777;
    if is_root {
        fs_err::os::unix::fs::chown(directory, Some(attributes.uid()), Some(attributes.gid()))?;
    }
    let mode = if is_root { mode } else { mode | 0o700 };
    fs_err::set_permissions(directory, PermissionsExt::from_mode(mode))
}

fn exists(path: &Path) -> io::Result<Option<Metadata>> {
    match fs_err::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
