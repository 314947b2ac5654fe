//! Tar headers, byte for byte as Go's `archive/tar` writes them.
//!
//! A layer's diffID covers its headers, so whoever changes lifecycles keeps every layer only if the headers
//! agree. That rules out ready-made writers: they lay out the checksum, long names and large numbers otherwise.
//! The rules: ustar if everything fits, with long names split into prefix and name; else one pax record for
//! each field that doesn't fit, and a main header that holds what it can.
//! Spec: POSIX.1-2001 pax Interchange Format.

mod pax;
mod timestamp;

use std::path::Path;

use rustix::fs::Stat;

pub(crate) use pax::PaxRecords;
use pax::{Fits, Records};
pub use timestamp::Timestamp;

/// The user and group that own an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The user id.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
}

impl Owner {
    /// The superuser and its group.
    pub const ROOT: Self = Self { uid: 0, gid: 0 };

    /// The owner that the file system records.
    pub(crate) fn of(stat: &Stat) -> Self {
        Self { uid: stat.st_uid, gid: stat.st_gid }
    }
}

/// Size of a header, and the unit in which contents are padded, in bytes.
pub(crate) const RECORD: usize = 512;

const NAME_LENGTH: usize = 100;
const PREFIX_LENGTH: usize = 155;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A regular file with its size in bytes.
    File(u64),
    /// A directory.
    Directory,
    /// A symbolic link with its target.
    Symlink(&'a Path),
    /// Another name for an earlier entry's file.
    HardLink(&'a Path),
    /// A named pipe.
    Fifo,
    /// A device with its major and minor numbers.
    CharacterDevice(u32, u32),
    /// A device with its major and minor numbers.
    BlockDevice(u32, u32),
}

impl Kind<'_> {
    fn type_flag(self) -> u8 {
        match self {
            Self::File(_) => b'0',
            Self::HardLink(_) => b'1',
            Self::Symlink(_) => b'2',
            Self::CharacterDevice(..) => b'3',
            Self::BlockDevice(..) => b'4',
            Self::Directory => b'5',
            Self::Fifo => b'6',
        }
    }
}

/// An entry's facts. Its name is written as it stands, with the leading slash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) path: &'a Path,
    pub(crate) kind: Kind<'a>,
    /// Permissions with the setuid, setgid and sticky bits. What other tools archive may tell the kind, too.
    pub(crate) mode: u32,
    pub(crate) owner: Owner,
    pub(crate) modified: Timestamp,
    /// The pax records that the entry had in the archive it is copied from.
    pub(crate) copied: Option<&'a PaxRecords>,
}

impl Entry<'_> {
    /// Appends the entry's header or headers, a multiple of [`RECORD`] bytes.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let name = self.path.as_os_str().as_encoded_bytes();
        let records = self.pax_records(name);
        if records.is_empty() {
            let (prefix, name) = split(name).unwrap_or((b"", name));
            let mut block = self.block(name, <[u8]>::to_vec);
            block.text(PREFIX, prefix);
            block.finish(out);
            return;
        }
        let mut pax = Block::new(b'x');
        pax.text(NAME, &pax::name(name));
        pax.number(MODE, 0);
        pax.number(UID, 0);
        pax.number(GID, 0);
        pax.number(SIZE, records.len() as u64);
        pax.number(MTIME, 0);
        pax.finish(out);
        out.extend_from_slice(&records);
        out.resize(out.len().next_multiple_of(RECORD), 0);
        self.block(name, ascii).finish(out);
    }

    /// The main header up to the prefix. Numbers that don't fit become 0, as pax records hold them.
    fn block(&self, name: &[u8], encode: impl Fn(&[u8]) -> Vec<u8>) -> Block {
        let mut block = Block::new(self.kind.type_flag());
        block.text(NAME, &encode(name));
        block.number(MODE, u64::from(self.mode));
        block.number(UID, u64::from(self.owner.uid));
        block.number(GID, u64::from(self.owner.gid));
        block.number(SIZE, self.size());
        block.number(MTIME, self.modified.whole_seconds().unwrap_or_default());
        block.text(LINK, &encode(self.target()));
        let (major, minor) = match self.kind {
            Kind::CharacterDevice(major, minor) | Kind::BlockDevice(major, minor) => (major, minor),
            Kind::File(_) | Kind::Directory | Kind::Symlink(_) | Kind::HardLink(_) | Kind::Fifo => (0, 0),
        };
        block.number(MAJOR, u64::from(major));
        block.number(MINOR, u64::from(minor));
        block
    }

    /// The records of the fields that don't fit a ustar header.
    ///
    /// A name that could be split gets one too, once anything else asks for pax.
    fn pax_records(&self, name: &[u8]) -> Vec<u8> {
        let target = self.target();
        let mut records = Records::new(self.copied);
        records.number("gid", self.owner.gid.into(), GID.holds(self.owner.gid.into()));
        records.text("linkpath", target, Fits::whole(target, NAME_LENGTH));
        let modified = self.modified.to_string();
        let fits =
            self.modified.is_whole() && self.modified.whole_seconds().is_some_and(|time| MTIME.holds(time));
        records.text("mtime", modified.as_bytes(), if fits { Fits::Whole } else { Fits::No });
        records.text(
            "path",
            name,
            match Fits::whole(name, NAME_LENGTH) {
                Fits::No if split(name).is_some() => Fits::InParts,
                fits => fits,
            },
        );
        records.number("size", self.size(), SIZE.holds(self.size()));
        records.number("uid", self.owner.uid.into(), UID.holds(self.owner.uid.into()));
        records.print()
    }

    fn size(&self) -> u64 {
        if let Kind::File(size) = self.kind { size } else { 0 }
    }

    fn target(&self) -> &[u8] {
        match self.kind {
            Kind::Symlink(target) | Kind::HardLink(target) => target.as_os_str().as_encoded_bytes(),
            _ => b"",
        }
    }
}

/// Splits a name that is too long for its field at the last slash that lets both parts fit.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if name.len() <= NAME_LENGTH || !name.is_ascii() {
        return None;
    }
    let reach = match name.get(..=PREFIX_LENGTH) {
        Some(reach) if reach.len() < name.len() => reach,
        _ => name.strip_suffix(b"/").unwrap_or(name),
    };
    let slash = reach.iter().rposition(|byte| *byte == b'/').filter(|at| *at > 0)?;
    let (prefix, rest) = name.split_at_checked(slash)?;
    let rest = rest.strip_prefix(b"/")?;
    (1..=NAME_LENGTH).contains(&rest.len()).then_some((prefix, rest))
}

fn ascii(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(u8::is_ascii).collect()
}

/// A field of the header block.
#[derive(Clone, Copy)]
struct Field {
    offset: usize,
    length: usize,
}

impl Field {
    const fn new(offset: usize, length: usize) -> Self {
        Self { offset, length }
    }

    /// Whether the number fits as octal digits and a NUL.
    fn holds(self, number: u64) -> bool {
        number < 1 << (3 * (self.length - 1))
    }
}

const NAME: Field = Field::new(0, NAME_LENGTH);
const MODE: Field = Field::new(100, 8);
const UID: Field = Field::new(108, 8);
const GID: Field = Field::new(116, 8);
const SIZE: Field = Field::new(124, 12);
const MTIME: Field = Field::new(136, 12);
const CHECKSUM: Field = Field::new(148, 8);
const TYPE_FLAG: Field = Field::new(156, 1);
const LINK: Field = Field::new(157, NAME_LENGTH);
const MAGIC: Field = Field::new(257, 8);
const MAJOR: Field = Field::new(329, 8);
const MINOR: Field = Field::new(337, 8);
const PREFIX: Field = Field::new(345, PREFIX_LENGTH);

/// One header block.
struct Block([u8; RECORD]);

impl Block {
    fn new(type_flag: u8) -> Self {
        let mut block = Self([0; RECORD]);
        block.put(TYPE_FLAG, &[type_flag]);
        block.put(MAGIC, b"ustar\x0000");
        block
    }

    fn put(&mut self, field: Field, bytes: &[u8]) {
        for (slot, byte) in self.0.iter_mut().skip(field.offset).take(field.length).zip(bytes) {
            *slot = *byte;
        }
    }

    /// Writes as much of the text as fits. A text that is cut just behind a slash ends before it, as some
    /// readers take a name with a slash at its end for a directory.
    fn text(&mut self, field: Field, text: &[u8]) {
        self.put(field, text);
        let Some((b'/', kept)) = text.get(..field.length).and_then(<[u8]>::split_last) else { return };
        if text.len() > field.length {
            let end = kept.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
            self.put(Field::new(field.offset + end, 1), &[0]);
        }
    }

    fn number(&mut self, field: Field, number: u64) {
        let number = if field.holds(number) { number } else { 0 };
        self.put(field, format!("{number:0width$o}\0", width = field.length - 1).as_bytes());
    }

    /// Adds the checksum, which counts its own field as spaces, and appends the block.
    fn finish(mut self, out: &mut Vec<u8>) {
        self.put(CHECKSUM, &[b' '; 8]);
        let sum: u32 = self.0.iter().map(|byte| u32::from(*byte)).sum();
        self.put(CHECKSUM, format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&self.0);
    }
}

#[cfg(test)]
mod tests;
