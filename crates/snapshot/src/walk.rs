//! Walking a root file system.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::error::SnapshotError;
use crate::facts::{Facts, look_at};
use crate::root::Ignored;

/// Calls `found` for everything below a root, in order, with its name, the number of directories that lead to it,
/// and what was noted of it.
pub(crate) fn walk(
    root: &Path,
    ignored: &Ignored,
    found: &mut dyn FnMut(&OsStr, u32, Facts),
) -> Result<(), SnapshotError> {
    let names = list(root).map_err(|error| SnapshotError::unreadable(root, error))?;
    let mut on_disk = root.to_owned();
    let mut relative = PathBuf::new();
    let mut open = vec![names.into_iter()];
    while let Some(names) = open.last_mut() {
        let Some(name) = names.next() else {
            open.pop();
            on_disk.pop();
            relative.pop();
            continue;
        };
        on_disk.push(&name);
        relative.push(&name);
        let seen = if ignored.contains(&relative) { None } else { visit(&on_disk)? };
        if let Some((facts, names)) = seen {
            found(&name, u32::try_from(open.len() - 1).unwrap_or(u32::MAX), facts);
            if let Some(names) = names {
                open.push(names.into_iter());
                continue;
            }
        }
        on_disk.pop();
        relative.pop();
    }
    Ok(())
}

/// What is noted of a file, and the names in it if it is a directory.
type Visited = (Facts, Option<Vec<OsString>>);

/// Looks at a file. Nothing if it is a socket, or gone by now.
fn visit(path: &Path) -> Result<Option<Visited>, SnapshotError> {
    let gone_or = |error: std::io::Error| match Errno::from_io_error(&error) {
        Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        _ => Err(SnapshotError::unreadable(path, error)),
    };
    let facts = match look_at(path) {
        Ok(seen) => seen.facts,
        Err(error) => return gone_or(error),
    };
    match facts.kind() {
        FileType::Socket => {
            log::warn!("left out '{}': layers cannot have sockets", path.display());
            Ok(None)
        }
        FileType::Directory => match list(path) {
            Ok(names) => Ok(Some((facts, Some(names)))),
            Err(error) => gone_or(error.into()),
        },
        _ => Ok(Some((facts, None))),
    }
}

/// The names in a directory, sorted.
fn list(directory: &Path) -> Result<Vec<OsString>, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::open(directory, flags, Mode::empty())?;
    let mut names = Vec::new();
    for entry in Dir::new(opened)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}
