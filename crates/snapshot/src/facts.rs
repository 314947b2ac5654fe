//! What is noted of a file, so that whatever changes it shows.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use layer::{Attributes, Timestamp};
use rustix::fs::{FileType, Stat};
use sha2::{Digest as _, Sha256};

/// What is noted of a file.
///
/// Each change of a file's contents sets its time of change, which no program can set back; so contents need not
/// be read to find changes, and times of modification that were set back don't hide any. Of directories, the
/// time of change and the size say nothing that counts in a layer, so they are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) identity: Identity,
    pub(crate) size: u64,
    pub(crate) device: u64,
    pub(crate) modified: Timestamp,
    changed: Timestamp,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// The names that the file has, in the root or elsewhere.
    pub(crate) links: u32,
    /// Of the link's target and of the extended attributes; zeros if there are none.
    digest: [u8; 16],
}

/// The file system and the number in it by which a file is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    file_system: u64,
    inode: u64,
}

/// A file that was looked at.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) facts: Facts,
    /// Where it leads, if it is a symbolic link.
    pub(crate) target: PathBuf,
    pub(crate) attributes: Attributes,
}

impl Facts {
    pub(crate) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.mode)
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.kind() == FileType::Directory
    }

    /// Whether an open file is still the one that these facts were noted of, with the same contents.
    pub(crate) fn are_of(&self, stat: &Stat) -> bool {
        let digest = self.digest;
        Self { digest, ..Self::of(stat) } == *self
    }

    fn of(stat: &Stat) -> Self {
        let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        let unless_directory = |number| if is_directory { 0 } else { number };
        let changed = if is_directory { time(0, 0) } else { time(stat.st_ctime, stat.st_ctime_nsec) };
        Self {
            identity: Identity { file_system: stat.st_dev, inode: stat.st_ino },
            size: unless_directory(stat.st_size.unsigned_abs()),
            device: stat.st_rdev,
            modified: time(stat.st_mtime, stat.st_mtime_nsec),
            changed,
            mode: stat.st_mode,
            uid: stat.st_uid,
            gid: stat.st_gid,
            links: u32::try_from(unless_directory(number(stat.st_nlink))).unwrap_or(u32::MAX),
            digest: [0; 16],
        }
    }
}

/// Looks at a path without following a link.
pub(crate) fn look_at(path: &Path) -> io::Result<Seen> {
    let stat = rustix::fs::lstat(path)?;
    let mut facts = Facts::of(&stat);
    let target = match facts.kind() {
        FileType::Symlink => OsString::from_vec(rustix::fs::readlink(path, Vec::new())?.into_bytes()).into(),
        _ => PathBuf::new(),
    };
    let attributes = layer::read_attributes(path)?;
    facts.digest = digest(&target, &attributes);
    Ok(Seen { facts, target, attributes })
}

fn digest(target: &Path, attributes: &Attributes) -> [u8; 16] {
    if target.as_os_str().is_empty() && attributes.is_empty() {
        return [0; 16];
    }
    let mut hash = Sha256::new();
    let parts = attributes.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_slice()]);
    for part in std::iter::once(target.as_os_str().as_bytes()).chain(parts) {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let hash: [u8; 32] = hash.finalize().into();
    hash.first_chunk().copied().unwrap_or_default()
}

fn time(seconds: i64, nanoseconds: impl TryInto<u32>) -> Timestamp {
    Timestamp { seconds, nanoseconds: nanoseconds.try_into().unwrap_or_default() }
}

/// A number whose size is the architecture's choice.
fn number(number: impl TryInto<u64>) -> u64 {
    number.try_into().unwrap_or(u64::MAX)
}
