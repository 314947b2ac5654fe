//! Copying a layer that another tool has archived, with headers as all layers here have them.
//!
//! Entries are passed on, not extracted: whoever runs the image decides what to make of devices or odd names.
//! Refused is what readers of archives understand differently, and what leads out of the layer.

use std::ffi::OsStr;
use std::fs::File;
use std::io::BufReader;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags};
use spec_model::DiffId;
use tar::EntryType;

use crate::archive::{Archive, Halt};
use crate::decompress::decompress;
use crate::error::ArchiveError;
use crate::extract::{ArchiveReader, ExtractError, Member, Refusal, VerifyingReader, name_of};
use crate::header::{Entry, Kind, Timestamp};

/// Size of the buffer for uncompressed bytes, as most of what is read at a time are headers.
const BUFFER: usize = 64 * 1024;

/// Adds all entries of the archive in a file. Whether it has the diffID is known at the end.
pub(crate) fn add(archive: &mut Archive<'_>, path: &Path, diff_id: &DiffId) -> Result<(), Halt> {
    let failed =
        |error: ExtractError| ArchiveError::Copied { path: path.to_owned(), source: Box::new(error) };
    let layer = decompress(open(path)?).map_err(|error| failed(error.into()))?;
    let mut reader = ArchiveReader::new(BufReader::with_capacity(BUFFER, VerifyingReader::new(layer)));
    while let Some(member) = reader.next().map_err(|error| failed(error.into()))? {
        let size = reader.contents_left();
        let kind = kind(&member, size)
            .map_err(|reason| failed(ExtractError::Refused { entry: member.path.clone(), reason }))?;
        archive.add_entry(&Entry {
            path: &member.path,
            kind,
            mode: member.raw_mode,
            owner: member.owner,
            modified: Timestamp::OF_LAYERS,
            copied: Some(&member.records),
        })?;
        archive.add_read(size, |buffer| reader.read(buffer).map_err(|error| failed(error.into())))?;
    }
    let found = reader.into_inner().into_inner().diff_id();
    let found = found.map_err(|error| ArchiveError::unreadable(path, error))?;
    if found != *diff_id {
        let (expected, found) = (Box::new(*diff_id), Box::new(found));
        return Err(failed(ExtractError::Mismatch { expected, found }).into());
    }
    Ok(())
}

fn open(path: &Path) -> Result<File, ArchiveError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty());
    let file = file.map_err(|error| ArchiveError::unreadable(path, error))?;
    let stat = rustix::fs::fstat(&file).map_err(|error| ArchiveError::unreadable(path, error))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(ArchiveError::NotAFile(path.to_owned()));
    }
    Ok(file.into())
}

/// What an entry is, with `size` bytes of contents.
fn kind(member: &Member, size: u64) -> Result<Kind<'_>, Refusal> {
    if has_parent(&member.path) {
        return Err(Refusal::ParentDirectory);
    }
    let device = || member.device.ok_or(Refusal::Kind("devices without numbers"));
    let kind = match member.kind {
        EntryType::Regular | EntryType::Continuous if member.path.as_os_str().as_bytes().ends_with(b"/") => {
            return Err(Refusal::Kind("files whose names end in a slash"));
        }
        EntryType::Regular | EntryType::Continuous => Kind::File(size),
        // Some readers skip such contents, others take them for the next entries.
        _ if size > 0 => return Err(Refusal::Kind("anything else with contents")),
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => Kind::Symlink(&member.target),
        EntryType::Link if has_parent(&member.target) => return Err(Refusal::ParentDirectory),
        EntryType::Link => Kind::HardLink(&member.target),
        EntryType::Fifo => Kind::Fifo,
        EntryType::Char => device().map(|(major, minor)| Kind::CharacterDevice(major, minor))?,
        EntryType::Block => device().map(|(major, minor)| Kind::BlockDevice(major, minor))?,
        kind => return Err(Refusal::Kind(name_of(kind))),
    };
    Ok(kind)
}

fn has_parent(path: &Path) -> bool {
    path.iter().any(|part| part == OsStr::new(".."))
}
