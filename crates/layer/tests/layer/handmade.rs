//! Archives with entries that no layer of ours has.

use std::io::Write;
use std::path::Path;

use layer::{Destination, ExtractError, Owner, extract};

/// The owner of this process.
pub(crate) fn own() -> Owner {
    Owner { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() }
}

/// An entry with any name, however hostile.
pub(crate) fn entry(kind: u8, name: &str, target: &str, mode: u32, contents: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes().as_mut_slice().write_all(name.as_bytes()).unwrap();
    let old = header.as_old_mut();
    old.linkflag = [kind];
    old.linkname.as_mut_slice().write_all(target.as_bytes()).unwrap();
    header.set_mode(mode);
    header.set_uid(own().uid.into());
    header.set_gid(own().gid.into());
    header.set_size(contents.len() as u64);
    header.set_cksum();
    let mut entry = [header.as_bytes(), contents].concat();
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

pub(crate) fn file(name: &str, contents: &str) -> Vec<u8> {
    entry(b'0', name, "", 0o644, contents.as_bytes())
}

pub(crate) fn directory(name: &str, mode: u32) -> Vec<u8> {
    entry(b'5', name, "", mode, b"")
}

pub(crate) fn link(name: &str, target: &str) -> Vec<u8> {
    entry(b'2', name, target, 0o777, b"")
}

pub(crate) fn hard_link(name: &str, target: &str) -> Vec<u8> {
    entry(b'1', name, target, 0o644, b"")
}

/// Extracts entries into the directory `layers` of a root.
pub(crate) fn extract_to(root: &Path, entries: &[Vec<u8>]) -> Result<(), ExtractError> {
    let archive = [entries.concat(), vec![0; 1024]].concat();
    extract(&archive[..], &Destination::in_root(root, "/layers"))
}
