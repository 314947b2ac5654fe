//! Writing what changed as a layer.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use layer::{Change, ChangeWriter, Kind, Owner, WHITEOUT_PREFIX};
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::error::SnapshotError;
use crate::facts::{Facts, Identity, Seen, look_at};
use crate::plan::{Mark, Plan, plan};
use crate::root::Root;
use crate::state::State;

/// Size of the buffer for files' contents.
const BUFFER: usize = 128 * 1024;

/// What [`Root::difference`] found.
#[derive(Debug)]
pub struct Difference {
    /// The state now, to find later differences with.
    pub after: State,
    /// The number of entries that the layer has, whiteouts and directories on the way included.
    pub entries: u64,
}

impl Root {
    /// Writes what differs between `before` and now to `archive`, as an uncompressed layer.
    ///
    /// Entries come in the order of paths, name by name, with owners, modes, times and extended attributes, each
    /// directory on their way included. Names are relative to the root. Files with several names are hard links
    /// to the first of these. Whiteouts stand for what was removed, in its place; a directory that was removed
    /// and made again is opaque. The root itself has no entry, as container engines make nothing of that.
    ///
    /// # Errors
    /// What was written until then is not a complete layer. A file that changes meanwhile is an error, never a
    /// wrong layer.
    pub fn difference<W: Write>(&self, before: &State, archive: W) -> Result<Difference, SnapshotError> {
        let after = self.state()?;
        let Plan { marks, whiteouts } = plan(before, &after);
        let mut whiteouts = whiteouts.into_iter().peekable();
        let mut writer = Writer {
            root: self.path(),
            archive: ChangeWriter::new(archive),
            entries: 0,
            first_names: BTreeMap::new(),
            buffer: vec![0; BUFFER],
        };
        let mut cursor = after.cursor();
        for mark in marks {
            while let Some(whiteout) = whiteouts.next_if(|whiteout| whiteout.before == cursor.index()) {
                writer.whiteout(&whiteout.path)?;
            }
            if let Some((path, facts)) = cursor.file() {
                match mark {
                    Mark::Unchanged => {}
                    Mark::Entry => writer.add(path, facts)?,
                    Mark::Opaque => {
                        writer.add(path, facts)?;
                        writer.opaque(path)?;
                    }
                }
            }
            cursor.advance();
        }
        whiteouts.try_for_each(|whiteout| writer.whiteout(&whiteout.path))?;
        let Writer { archive, entries, .. } = writer;
        archive.finish().map_err(SnapshotError::Archive)?;
        Ok(Difference { after, entries })
    }
}

/// A layer being written.
struct Writer<'r, W: Write> {
    root: &'r Path,
    archive: ChangeWriter<W>,
    entries: u64,
    /// The first names of files with several names.
    first_names: BTreeMap<Identity, PathBuf>,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<'_, W> {
    fn whiteout(&mut self, path: &Path) -> Result<(), SnapshotError> {
        self.entries += 1;
        self.archive.whiteout(path).map_err(SnapshotError::Archive)
    }

    fn opaque(&mut self, directory: &Path) -> Result<(), SnapshotError> {
        self.entries += 1;
        self.archive.opaque(directory).map_err(SnapshotError::Archive)
    }

    fn add(&mut self, path: &Path, facts: &Facts) -> Result<(), SnapshotError> {
        let on_disk = self.root.join(path);
        if path.file_name().is_some_and(|name| name.as_bytes().starts_with(WHITEOUT_PREFIX.as_bytes())) {
            return Err(SnapshotError::WhiteoutName(on_disk));
        }
        let seen = look_at(&on_disk).map_err(|error| lost(&on_disk, error))?;
        if seen.facts != *facts {
            return Err(SnapshotError::Changed(on_disk));
        }
        self.entries += 1;
        match self.first_names.get(&facts.identity) {
            Some(first) => write(&mut self.archive, path, &seen, Kind::HardLink(first))?.finish(),
            None if facts.kind() == FileType::RegularFile => return self.add_file(path, &on_disk, &seen),
            None => write(&mut self.archive, path, &seen, kind(&seen))?.finish(),
        }
        .map_err(SnapshotError::Archive)?;
        self.note_name(path, facts);
        Ok(())
    }

    fn add_file(&mut self, path: &Path, on_disk: &Path, seen: &Seen) -> Result<(), SnapshotError> {
        let mut file = open(on_disk, &seen.facts)?;
        let mut contents = write(&mut self.archive, path, seen, Kind::File(seen.facts.size))?;
        let mut left = seen.facts.size;
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(self.buffer.len());
            let buffer = self.buffer.get_mut(..wanted).unwrap_or_default();
            let read = match file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(SnapshotError::unreadable(on_disk, error)),
                Ok(0) => return Err(SnapshotError::Changed(on_disk.to_owned())),
                Ok(read) => read,
            };
            contents.write_all(buffer.get(..read).unwrap_or_default()).map_err(SnapshotError::Archive)?;
            left = left.saturating_sub(read as u64);
        }
        contents.finish().map_err(SnapshotError::Archive)?;
        check(&file, on_disk, &seen.facts)?;
        self.note_name(path, &seen.facts);
        Ok(())
    }

    /// Notes the first name of a file that has several.
    fn note_name(&mut self, path: &Path, facts: &Facts) {
        if facts.links > 1 {
            self.first_names.entry(facts.identity).or_insert_with(|| path.to_owned());
        }
    }
}

fn write<'a, W: Write>(
    archive: &'a mut ChangeWriter<W>,
    path: &Path,
    seen: &Seen,
    kind: Kind<'_>,
) -> Result<layer::BundleFile<'a, io::BufWriter<W>>, SnapshotError> {
    let Seen { facts, attributes, .. } = seen;
    let change = Change {
        path,
        kind,
        mode: facts.mode & 0o7777,
        owner: Owner { uid: facts.uid, gid: facts.gid },
        modified: facts.modified,
        attributes,
    };
    archive.change(&change).map_err(SnapshotError::Archive)
}

/// What a layer calls something that is no regular file.
fn kind(seen: &Seen) -> Kind<'_> {
    let (major, minor) = (rustix::fs::major(seen.facts.device), rustix::fs::minor(seen.facts.device));
    match seen.facts.kind() {
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink(&seen.target),
        FileType::CharacterDevice => Kind::CharacterDevice(major, minor),
        FileType::BlockDevice => Kind::BlockDevice(major, minor),
        FileType::Fifo => Kind::Fifo,
        // Neither gets here.
        FileType::RegularFile | FileType::Socket | FileType::Unknown => Kind::File(0),
    }
}

/// Opens a file; what replaced it meanwhile neither misleads nor blocks.
fn open(path: &Path, facts: &Facts) -> Result<File, SnapshotError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| lost(path, error.into()))?;
    let file = File::from(file);
    check(&file, path, facts)?;
    Ok(file)
}

fn check(file: &File, path: &Path, facts: &Facts) -> Result<(), SnapshotError> {
    let stat: Stat = rustix::fs::fstat(file).map_err(|error| SnapshotError::unreadable(path, error))?;
    if facts.are_of(&stat) { Ok(()) } else { Err(SnapshotError::Changed(path.to_owned())) }
}

/// The error for a path that was there before.
fn lost(path: &Path, error: io::Error) -> SnapshotError {
    match Errno::from_io_error(&error) {
        Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::INVAL | Errno::NXIO) => {
            SnapshotError::Changed(path.to_owned())
        }
        _ => SnapshotError::unreadable(path, error),
    }
}
