//! Tar archives made byte by byte, also those that no lifecycle would make.

use tar::{EntryType, Header};

/// An entry: its name as it stands in the archive, and what it is.
pub(crate) struct Entry {
    name: String,
    kind: EntryType,
    mode: u32,
    text: String,
}

pub(crate) fn file(name: impl Into<String>, contents: &str) -> Entry {
    Entry { name: name.into(), kind: EntryType::Regular, mode: 0o644, text: contents.into() }
}

pub(crate) fn directory(name: impl Into<String>) -> Entry {
    Entry { name: name.into(), kind: EntryType::Directory, mode: 0o755, text: String::new() }
}

pub(crate) fn symlink(name: impl Into<String>, target: &str) -> Entry {
    Entry { name: name.into(), kind: EntryType::Symlink, mode: 0o777, text: target.into() }
}

pub(crate) fn hard_link(name: impl Into<String>, target: &str) -> Entry {
    Entry { kind: EntryType::Link, ..symlink(name, target) }
}

pub(crate) fn special(name: impl Into<String>, kind: EntryType) -> Entry {
    Entry { kind, ..file(name, "") }
}

impl Entry {
    pub(crate) fn mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }
}

/// An archive of the entries, owned by the user of this process.
pub(crate) fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_ustar();
        let is_file = entry.kind == EntryType::Regular;
        // The crate refuses absolute names and `..`; lifecycles write the former, hostile ones the latter.
        header.as_old_mut().name[..entry.name.len()].copy_from_slice(entry.name.as_bytes());
        if !is_file {
            header.as_old_mut().linkname[..entry.text.len()].copy_from_slice(entry.text.as_bytes());
        }
        header.set_entry_type(entry.kind);
        header.set_mode(entry.mode);
        header.set_uid(rustix::process::geteuid().as_raw().into());
        header.set_gid(rustix::process::getegid().as_raw().into());
        header.set_mtime(315_532_801);
        let contents = if is_file { entry.text.as_bytes() } else { b"" };
        header.set_size(contents.len() as u64);
        header.set_cksum();
        builder.append(&header, contents).unwrap();
    }
    builder.into_inner().unwrap()
}
