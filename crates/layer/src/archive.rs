//! The tar archive of a layer: entries and the contents of files, cut into blocks.

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::block::{BlockWriter, ReceiverGone};
use crate::error::ArchiveError;
use crate::header::{Entry, Kind, Owner, RECORD, Timestamp};

/// What stops an archive from being made.
#[derive(Debug)]
pub(crate) enum Halt {
    /// A fault on this side.
    Failed(ArchiveError),
    /// A fault of those who take the archive; they know the reason.
    ReceiverGone,
}

impl From<ArchiveError> for Halt {
    fn from(error: ArchiveError) -> Self {
        Self::Failed(error)
    }
}

impl From<ReceiverGone> for Halt {
    fn from(_: ReceiverGone) -> Self {
        Self::ReceiverGone
    }
}

/// An archive being written.
pub(crate) struct Archive<'a> {
    blocks: BlockWriter<'a>,
    /// Kept between entries to spare its allocation.
    header: Vec<u8>,
    /// Whether its end is written already.
    ended: bool,
}

impl<'a> Archive<'a> {
    pub(crate) fn new(blocks: BlockWriter<'a>) -> Self {
        Self { blocks, header: Vec::new(), ended: false }
    }

    /// Adds what is at a path, as it was when it was looked at. A socket can't be archived and is left out.
    pub(crate) fn add(&mut self, path: &Path, stat: &Stat, owner: Owner) -> Result<(), Halt> {
        self.add_as(path, path, stat, owner)
    }

    /// Adds what is at a path, by another name.
    pub(crate) fn add_as(&mut self, name: &Path, path: &Path, stat: &Stat, owner: Owner) -> Result<(), Halt> {
        let target;
        let device = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File(stat.st_size.unsigned_abs()),
            FileType::Directory => Kind::Directory,
            FileType::Symlink => {
                target = read_link(path)?;
                Kind::Symlink(&target)
            }
            FileType::Fifo => Kind::Fifo,
            FileType::CharacterDevice => Kind::CharacterDevice(device.0, device.1),
            FileType::BlockDevice => Kind::BlockDevice(device.0, device.1),
            FileType::Socket | FileType::Unknown => return Ok(()),
        };
        self.add_entry(&Entry {
            path: name,
            kind,
            mode: stat.st_mode & 0o7777,
            owner,
            modified: Timestamp::OF_LAYERS,
            copied: None,
        })?;
        if let Kind::File(size) = kind {
            self.add_contents(&mut open(path)?, path, size)?;
        }
        Ok(())
    }

    /// Adds an entry's header; contents must follow if it is a file that isn't empty.
    pub(crate) fn add_entry(&mut self, entry: &Entry<'_>) -> Result<(), Halt> {
        self.header.clear();
        entry.encode(&mut self.header);
        Ok(self.blocks.write(&self.header)?)
    }

    /// Adds a file's contents, which must be as long as its entry said, and pads them.
    pub(crate) fn add_contents(&mut self, file: &mut File, path: &Path, size: u64) -> Result<(), Halt> {
        let mut left = size;
        // One byte more is asked for than expected: less then means the end, which spares another look for it.
        let mut at_end = false;
        while left > 0 {
            let spare = self.blocks.spare();
            let wanted =
                spare.len().min(usize::try_from(left).map_or(usize::MAX, |left| left.saturating_add(1)));
            let read = read_some(file, path, spare.get_mut(..wanted).unwrap_or_default())?;
            if read == 0 {
                return Err(ArchiveError::Shrank { path: path.to_owned(), size, found: size - left }.into());
            }
            left = left.checked_sub(read as u64).ok_or_else(|| grew(path, size))?;
            at_end = left == 0 && read < wanted;
            self.blocks.advance(read)?;
        }
        if !at_end && read_some(file, path, &mut [0])? > 0 {
            return Err(grew(path, size).into());
        }
        self.pad(size)
    }

    /// Adds `size` bytes of contents, which `read` yields or fails to, and pads them.
    pub(crate) fn add_read(
        &mut self,
        size: u64,
        mut read: impl FnMut(&mut [u8]) -> Result<usize, ArchiveError>,
    ) -> Result<(), Halt> {
        let mut left = size;
        while left > 0 {
            let spare = self.blocks.spare();
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(spare.len());
            let read = read(spare.get_mut(..wanted).unwrap_or_default())?;
            left = left.saturating_sub(read as u64);
            self.blocks.advance(read)?;
        }
        self.pad(size)
    }

    /// Takes bytes of an archive that is made elsewhere, its end included.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), ReceiverGone> {
        self.ended = true;
        self.blocks.write(bytes)
    }

    /// Ends the archive with two empty records; returns its size in bytes.
    pub(crate) fn finish(mut self) -> Result<u64, Halt> {
        if !self.ended {
            self.write_zeros(2 * RECORD)?;
        }
        Ok(self.blocks.finish()?)
    }

    fn pad(&mut self, size: u64) -> Result<(), Halt> {
        let padding = size.next_multiple_of(RECORD as u64) - size;
        self.write_zeros(usize::try_from(padding).unwrap_or_default())
    }

    fn write_zeros(&mut self, count: usize) -> Result<(), Halt> {
        let zeros = [0; 2 * RECORD];
        Ok(self.blocks.write(zeros.get(..count).unwrap_or(&zeros))?)
    }
}

/// Looks at a path without following a link.
pub(crate) fn look_at(path: &Path) -> rustix::io::Result<Stat> {
    rustix::fs::lstat(path)
}

fn read_link(path: &Path) -> Result<PathBuf, ArchiveError> {
    match rustix::fs::readlink(path, Vec::new()) {
        Ok(target) => Ok(OsString::from_vec(target.into_bytes()).into()),
        // No longer a link.
        Err(Errno::INVAL) => Err(ArchiveError::Vanished(path.to_owned())),
        Err(error) => Err(ArchiveError::lost(path, error)),
    }
}

/// Opens a file that was looked at before; what replaced it meanwhile neither misleads nor blocks.
fn open(path: &Path) -> Result<File, ArchiveError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => Ok(file.into()),
        Err(error) => Err(ArchiveError::lost(path, error)),
    }
}

fn read_some(file: &mut File, path: &Path, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(ArchiveError::unreadable(path, error)),
            Ok(read) => return Ok(read),
        }
    }
}

fn grew(path: &Path, size: u64) -> ArchiveError {
    ArchiveError::Grew { path: path.to_owned(), size }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::path::Path;

    use super::{Archive, Halt, RECORD};
    use crate::block::{BLOCK_SIZE, BlockWriter};
    use crate::error::ArchiveError;

    /// Adds a file of `length` bytes that was thought to have `size`; returns the archive's size.
    fn add(size: u64, length: usize) -> Result<u64, Halt> {
        let mut written = tempfile::NamedTempFile::new().unwrap();
        written.write_all(&vec![b'x'; length]).unwrap();
        let mut ignore = |_| Ok(());
        let mut archive = Archive::new(BlockWriter::new(&mut ignore));
        let mut file: File = written.reopen().unwrap();
        archive.add_contents(&mut file, Path::new("/file"), size)?;
        archive.finish()
    }

    /// Sizes with the end of a record or a block in them, behind them or in front of them.
    const SIZES: [usize; 10] = [
        0,
        1,
        RECORD - 1,
        RECORD,
        RECORD + 1,
        BLOCK_SIZE - 1,
        BLOCK_SIZE,
        BLOCK_SIZE + 1,
        2 * BLOCK_SIZE,
        2 * BLOCK_SIZE + 1,
    ];

    #[test]
    fn contents_are_padded() {
        for size in SIZES {
            let expected = size.next_multiple_of(RECORD) + 2 * RECORD;
            assert_eq!(add(size as u64, size).unwrap(), expected as u64, "{size}");
        }
    }

    #[test]
    fn other_sizes_than_expected_are_noticed() {
        for size in SIZES {
            for more in [1, RECORD, 3 * BLOCK_SIZE] {
                let error = add(size as u64, size + more).unwrap_err();
                assert!(matches!(error, Halt::Failed(ArchiveError::Grew { .. })), "{size} and {more} more");
            }
            for fewer in [1, RECORD, BLOCK_SIZE].into_iter().filter(|fewer| *fewer <= size) {
                let error = add(size as u64, size - fewer).unwrap_err();
                let Halt::Failed(ArchiveError::Shrank { found, .. }) = error else { panic!("{error:?}") };
                assert_eq!(found, (size - fewer) as u64);
            }
        }
    }
}
