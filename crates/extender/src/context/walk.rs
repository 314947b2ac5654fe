//! What lies in a directory of the context.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::ContextError;
use crate::fingerprint::Fingerprint;

/// A file, directory or link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name below the directory; empty for the thing itself.
    pub(crate) name: PathBuf,
    pub(crate) kind: EntryKind,
    /// The permission bits.
    pub(crate) mode: u32,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    Directory,
    File,
    Link,
}

/// Lists what is offered: a directory's contents, parents first and sorted by name, or the file itself.
/// A directory that is not offered is there for the sake of what it holds.
pub(super) fn entries(path: &Path, is_offered: &dyn Fn(&Path) -> bool) -> Result<Vec<Entry>, ContextError> {
    let mut entries = Vec::new();
    collect(path, Path::new(""), is_offered, &mut entries)?;
    if entries.first().is_some_and(|first| first.kind == EntryKind::Directory) {
        entries.remove(0);
    }
    Ok(entries)
}

fn collect(
    root: &Path,
    name: &Path,
    is_offered: &dyn Fn(&Path) -> bool,
    entries: &mut Vec<Entry>,
) -> Result<(), ContextError> {
    let path = if name.as_os_str().is_empty() { root.to_owned() } else { root.join(name) };
    let metadata = fs_err::symlink_metadata(&path).map_err(ContextError::Unreadable)?;
    let mode = metadata.permissions().mode() & 0o7777;
    let kind = match metadata.file_type() {
        kind if kind.is_dir() => EntryKind::Directory,
        kind if kind.is_file() => EntryKind::File,
        kind if kind.is_symlink() => EntryKind::Link,
        // A socket is nobody's data; other builders leave it out too.
        kind if kind.is_socket() => return Ok(()),
        _ if !is_offered(name) => return Ok(()),
        _ => return Err(ContextError::Special(path)),
    };
    let place = entries.len();
    let offered = name.as_os_str().is_empty() || is_offered(name);
    if offered || kind == EntryKind::Directory {
        entries.push(Entry { name: name.to_owned(), kind, mode });
    }
    if kind == EntryKind::Directory {
        let children = fs_err::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut names: Vec<_> =
            children.map_err(ContextError::Unreadable)?.iter().map(fs_err::DirEntry::file_name).collect();
        names.sort();
        for child in names {
            collect(root, &name.join(child), is_offered, entries)?;
        }
        if !offered && entries.len() == place + 1 {
            entries.pop();
        }
    }
    Ok(())
}

impl Entry {
    /// Adds what a copy of it depends on; times do not count.
    pub(super) fn digest(&self, root: &Path, fingerprint: &mut Fingerprint) -> io::Result<()> {
        let path = if self.name.as_os_str().is_empty() { root.to_owned() } else { root.join(&self.name) };
        fingerprint.add(self.name.as_os_str().as_bytes());
        fingerprint.add(self.mode.to_le_bytes());
        match self.kind {
            EntryKind::Directory => fingerprint.add("directory"),
            EntryKind::Link => {
                fingerprint.add("link");
                fingerprint.add(fs_err::read_link(path)?.as_os_str().as_bytes());
            }
            EntryKind::File => {
                let mut hash = Sha256::new();
                io::copy(&mut fs_err::File::open(path)?, &mut Hashing(&mut hash))?;
                fingerprint.add(hash.finalize());
            }
        }
        Ok(())
    }
}

/// A hash as a writer.
struct Hashing<'a>(&'a mut Sha256);

impl io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
