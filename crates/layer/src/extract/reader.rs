//! Reading tar archives of any maker: ustar, pax and GNU, front to back.
//!
//! The fields of a header are read by the `tar` crate; its iteration isn't used, as it takes a pax record with
//! a line break in it for several and keeps names of any length in memory.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use tar::{EntryType, Header};

use crate::header::{Owner, PaxRecords, RECORD, Timestamp};

/// The most bytes of names and other records that an entry may have; systems allow 4 KiB.
const RECORDS_LIMIT: u64 = 1024 * 1024;

/// What is wrong with an archive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveFault {
    /// It can't be read.
    #[error("the archive cannot be read")]
    Unreadable(#[source] io::Error),
    /// It lacks its end.
    #[error("the archive ends too early")]
    Truncated,
    /// A header's checksum is wrong: this is no tar archive or a damaged one.
    #[error("the archive is damaged at byte {0}, or it is no tar archive")]
    Checksum(u64),
    /// A header holds what can't be understood.
    #[error("the archive has a malformed {field} at byte {offset}")]
    Malformed {
        /// The part of the header.
        field: &'static str,
        /// Where the header starts, in bytes.
        offset: u64,
    },
}

/// An entry of an archive.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) path: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) kind: EntryType,
    /// The permissions.
    pub(crate) mode: u32,
    /// The permissions and what else the header's field has.
    pub(crate) raw_mode: u32,
    pub(crate) owner: Owner,
    pub(crate) modified: Timestamp,
    /// The major and minor number, if it has them.
    pub(crate) device: Option<(u32, u32)>,
    /// What the pax header says, if there is one.
    pub(crate) records: PaxRecords,
}

/// What extended headers say about the entry that follows them.
#[derive(Debug, Default)]
struct Extended {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    modified: Option<Timestamp>,
    sparse: bool,
    /// All records of the last pax header.
    records: PaxRecords,
}

/// An archive being read. Between two calls of [`Self::next`] it yields the contents of an entry.
#[derive(Debug)]
pub(crate) struct ArchiveReader<R> {
    input: R,
    /// Bytes read so far.
    offset: u64,
    /// Bytes of the entry's contents that were not read yet.
    contents: u64,
    /// Bytes behind the contents up to the next header.
    padding: u64,
}

impl<R: Read> ArchiveReader<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, offset: 0, contents: 0, padding: 0 }
    }

    /// The next entry, or nothing at the archive's end.
    pub(crate) fn next(&mut self) -> Result<Option<Member>, ArchiveFault> {
        let mut extended = Extended::default();
        loop {
            self.skip()?;
            let start = self.offset;
            let Some(header) = self.header()? else { return Ok(None) };
            let malformed = |field| ArchiveFault::Malformed { field, offset: start };
            self.expect(header.entry_size().map_err(|_| malformed("size"))?);
            match header.entry_type() {
                EntryType::XGlobalHeader => {}
                EntryType::XHeader => {
                    let records = self.records(start)?;
                    extended.read(&records).ok_or_else(|| malformed("pax header"))?;
                }
                EntryType::GNULongName => extended.path = Some(self.gnu_text(start)?),
                EntryType::GNULongLink => extended.target = Some(self.gnu_text(start)?),
                _ => {
                    self.expect(extended.size.unwrap_or(self.contents));
                    return member(&header, extended).map(Some).map_err(malformed);
                }
            }
        }
    }

    /// Reads contents; 0 at their end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveFault> {
        let wanted = usize::try_from(self.contents).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.read_input(buffer.get_mut(..wanted).unwrap_or_default())?;
        if read == 0 && wanted > 0 {
            return Err(ArchiveFault::Truncated);
        }
        self.contents -= read as u64;
        Ok(read)
    }

    /// The number of bytes that [`Self::read`] has not read yet.
    pub(crate) fn contents_left(&self) -> u64 {
        self.contents
    }

    /// What is read from.
    pub(crate) fn into_inner(self) -> R {
        self.input
    }

    /// Reads whatever follows the archive's end.
    pub(crate) fn drain(mut self) -> Result<(), ArchiveFault> {
        io::copy(&mut self.input, &mut io::sink()).map_err(ArchiveFault::Unreadable)?;
        Ok(())
    }

    /// Reads a header; a record of zeros is the archive's end.
    fn header(&mut self) -> Result<Option<Header>, ArchiveFault> {
        let mut header = Header::new_old();
        let start = self.offset;
        self.fill(header.as_mut_bytes())?;
        if header.as_bytes().iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let mut blank = header.clone();
        blank.set_cksum();
        match (header.cksum(), blank.cksum()) {
            (Ok(found), Ok(right)) if found == right => Ok(Some(header)),
            _ => Err(ArchiveFault::Checksum(start)),
        }
    }

    fn expect(&mut self, contents: u64) {
        self.contents = contents;
        self.padding = contents.wrapping_neg() % RECORD as u64;
    }

    /// The contents of an extended header.
    fn records(&mut self, start: u64) -> Result<Vec<u8>, ArchiveFault> {
        if self.contents > RECORDS_LIMIT {
            return Err(ArchiveFault::Malformed { field: "extended header of over 1 MiB", offset: start });
        }
        let mut records = vec![0; usize::try_from(self.contents).unwrap_or_default()];
        self.contents = 0;
        self.fill(&mut records)?;
        Ok(records)
    }

    /// The contents of a GNU header, up to the NUL.
    fn gnu_text(&mut self, start: u64) -> Result<Vec<u8>, ArchiveFault> {
        let mut text = self.records(start)?;
        if let Some(end) = text.iter().position(|byte| *byte == 0) {
            text.truncate(end);
        }
        Ok(text)
    }

    /// Goes to the next header.
    fn skip(&mut self) -> Result<(), ArchiveFault> {
        let mut scrap = [0; 8 * RECORD];
        self.contents = self.contents.saturating_add(std::mem::take(&mut self.padding));
        while self.contents > 0 {
            self.read(&mut scrap)?;
        }
        Ok(())
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), ArchiveFault> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_input(rest)? {
                0 => return Err(ArchiveFault::Truncated),
                read => filled += read,
            }
        }
        Ok(())
    }

    fn read_input(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveFault> {
        loop {
            match self.input.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(ArchiveFault::Unreadable(error)),
                Ok(read) => {
                    self.offset += read as u64;
                    return Ok(read);
                }
            }
        }
    }
}

impl Extended {
    /// Takes in pax records, each `length keyword=value\n`; later ones win.
    fn read(&mut self, mut records: &[u8]) -> Option<()> {
        self.records.clear();
        while !records.is_empty() {
            let space = records.iter().position(|byte| *byte == b' ')?;
            let (length, _) = records.split_at_checked(space)?;
            let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
            let (record, rest) = records.split_at_checked(length)?;
            records = rest;
            let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
            let equals = record.iter().position(|byte| *byte == b'=')?;
            let (keyword, value) = (record.get(..equals)?, record.get(equals + 1..)?);
            if keyword.is_empty() || keyword.contains(&0) || is_name(keyword) && value.contains(&0) {
                return None;
            }
            self.records.insert(keyword.to_owned(), value.to_owned());
            // Nothing takes what the main header says back.
            if value.is_empty() {
                continue;
            }
            let number = || std::str::from_utf8(value).ok()?.parse().ok();
            match keyword {
                b"path" => self.path = Some(value.to_owned()),
                b"linkpath" => self.target = Some(value.to_owned()),
                b"size" => self.size = Some(number()?),
                b"uid" => self.uid = Some(number()?),
                b"gid" => self.gid = Some(number()?),
                // A time that makes no sense is no reason to refuse a layer.
                b"mtime" => self.modified = Timestamp::parse(value),
                _ => self.sparse |= keyword.starts_with(b"GNU.sparse."),
            }
        }
        Some(())
    }
}

fn is_name(keyword: &[u8]) -> bool {
    matches!(keyword, b"path" | b"linkpath")
}

/// The entry of a header and what precedes it; else which part of it is malformed.
fn member(header: &Header, extended: Extended) -> Result<Member, &'static str> {
    let path = extended.path.unwrap_or_else(|| header.path_bytes().into_owned());
    let target = extended.target.unwrap_or_else(|| header.link_name_bytes().unwrap_or_default().into_owned());
    // Before POSIX, a slash at the end was what made a directory.
    let old_directory = header.as_old().linkflag == [0] && path.ends_with(b"/");
    let id = |extended: Option<u64>, header: io::Result<u64>| {
        extended.or(header.ok()).and_then(|id| u32::try_from(id).ok()).ok_or("owner")
    };
    let raw_mode = header.mode().map_err(|_| "mode")?;
    Ok(Member {
        path: OsString::from_vec(path).into(),
        target: OsString::from_vec(target).into(),
        kind: match header.entry_type() {
            _ if extended.sparse => EntryType::GNUSparse,
            EntryType::Regular if old_directory => EntryType::Directory,
            kind => kind,
        },
        mode: raw_mode & 0o7777,
        raw_mode,
        owner: Owner { uid: id(extended.uid, header.uid())?, gid: id(extended.gid, header.gid())? },
        modified: extended.modified.unwrap_or_else(|| Timestamp::seconds(header.mtime().unwrap_or_default())),
        device: device(header),
        records: extended.records,
    })
}

fn device(header: &Header) -> Option<(u32, u32)> {
    Some((header.device_major().ok()??, header.device_minor().ok()??))
}

#[cfg(test)]
mod tests;
