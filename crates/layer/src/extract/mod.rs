//! From archives back to files.

mod destination;
mod find;
mod reader;
mod tree;
mod verified;

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use spec_model::DiffId;
use tar::EntryType;

pub use destination::Destination;
pub use find::{Found, find};
pub use reader::ArchiveFault;
pub use verified::{VerifyingReader, extract_verified};

use destination::Place;
use reader::{ArchiveReader, Member};
use tree::{Attributes, Tree, TreeError};

/// Size of the buffer that contents pass through, in bytes.
const BUFFER: usize = 128 * 1024;

/// An archive could not be extracted; part of it may have been.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// The archive is damaged or can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveFault),
    /// The archive is compressed in a way that isn't known here.
    #[error(transparent)]
    Compression(#[from] crate::decompress::CompressionError),
    /// The archive has an entry that it must not have.
    #[error("refused the archive's entry '{}': {reason}", entry.display())]
    Refused {
        /// The entry's name, as in the archive.
        entry: PathBuf,
        /// What is wrong with it.
        reason: Refusal,
    },
    /// A file can't be made or written.
    #[error("cannot write '{}'", path.display())]
    Unwritable {
        /// The file's path on disk.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The archive is not the one that was asked for.
    #[error("the archive has the digest {found} instead of {expected}")]
    Mismatch {
        /// The digest it should have.
        expected: Box<DiffId>,
        /// The digest it has.
        found: Box<DiffId>,
    },
}

/// Why an entry is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Its name, or the one it links to, has `..` in it.
    #[error("'..' is not allowed in names")]
    ParentDirectory,
    /// It is, or links to, something outside of the permitted directory.
    #[error("it is outside of '{}'", .0.display())]
    Outside(PathBuf),
    /// A name on its way is no directory, but a link or a file.
    #[error("'{}' is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// It is none of file, directory, symbolic link and hard link.
    #[error("layers hold only files, directories and links, not {0}")]
    Kind(&'static str),
}

/// Extracts an uncompressed archive.
///
/// Modes are as recorded, whatever the umask. Owners are as recorded if this process runs as root, else those
/// of the process. Files and links that are in the way are replaced; directories that exist stay as they are.
/// Times are not restored.
///
/// # Errors
/// What was extracted until then stays; the caller cleans up. An archive without its end is an error.
pub fn extract(archive: impl Read, destination: &Destination) -> Result<(), ExtractError> {
    let mut archive = ArchiveReader::new(archive);
    let base = destination.directory();
    let unwritable =
        |path: &Path, source: io::Error| ExtractError::Unwritable { path: path.to_owned(), source };
    fs_err::create_dir_all(&base).map_err(|error| unwritable(&base, error))?;
    let tree = Tree::open(&base).map_err(|error| unwritable(&base, error.into()))?;
    let mut extraction = Extraction { destination, tree, buffer: vec![0; BUFFER] };
    while let Some(member) = archive.next()? {
        extraction.extract(&member, &mut archive)?;
    }
    extraction.tree.finish().map_err(|(path, error)| extraction_error(destination, &path, &path, error))?;
    Ok(archive.drain()?)
}

struct Extraction<'d> {
    destination: &'d Destination,
    tree: Tree,
    buffer: Vec<u8>,
}

impl Extraction<'_> {
    fn extract(
        &mut self,
        member: &Member,
        archive: &mut ArchiveReader<impl Read>,
    ) -> Result<(), ExtractError> {
        let path = match self.place(member, &member.path)? {
            Place::Below(path) => path,
            Place::OnTheWay if member.kind == EntryType::Directory => return Ok(()),
            Place::OnTheWay => return Err(self.outside(member)),
        };
        let attributes = Attributes { mode: member.mode, owner: member.owner };
        let made = match member.kind {
            EntryType::Directory => self.tree.make_directory(&path, attributes),
            EntryType::Symlink => self.tree.make_symlink(&path, &member.target, member.owner),
            EntryType::Regular | EntryType::Continuous => return self.extract_file(member, &path, archive),
            EntryType::Link => match self.place(member, &member.target)? {
                Place::Below(target) => self.tree.make_hard_link(&path, &target),
                Place::OnTheWay => return Err(self.outside(member)),
            },
            kind => return Err(refused(member, Refusal::Kind(name_of(kind)))),
        };
        made.map_err(|error| self.failed(member, &path, error))
    }

    fn extract_file(
        &mut self,
        member: &Member,
        path: &Path,
        archive: &mut ArchiveReader<impl Read>,
    ) -> Result<(), ExtractError> {
        let mut file = self.tree.make_file(path).map_err(|error| self.failed(member, path, error))?;
        loop {
            let read = archive.read(&mut self.buffer)?;
            if read == 0 {
                break;
            }
            let unwritable =
                |source| ExtractError::Unwritable { path: self.destination.directory().join(path), source };
            file.write_all(self.buffer.get(..read).unwrap_or_default()).map_err(unwritable)?;
        }
        let attributes = Attributes { mode: member.mode, owner: member.owner };
        self.tree.finish_file(&file, attributes).map_err(|error| self.failed(member, path, error.into()))
    }

    fn place(&self, member: &Member, name: &Path) -> Result<Place, ExtractError> {
        self.destination.place(name).map_err(|reason| refused(member, reason))
    }

    fn outside(&self, member: &Member) -> ExtractError {
        refused(member, Refusal::Outside(self.destination.permitted()))
    }

    fn failed(&self, member: &Member, path: &Path, error: TreeError) -> ExtractError {
        extraction_error(self.destination, &member.path, path, error)
    }
}

fn refused(member: &Member, reason: Refusal) -> ExtractError {
    ExtractError::Refused { entry: member.path.clone(), reason }
}

fn extraction_error(destination: &Destination, entry: &Path, path: &Path, error: TreeError) -> ExtractError {
    let on_disk = |path: &Path| destination.directory().join(path);
    match error {
        TreeError::NotADirectory(in_the_way) => {
            let reason = Refusal::NotADirectory(on_disk(&in_the_way.0));
            ExtractError::Refused { entry: entry.to_owned(), reason }
        }
        TreeError::System(error) => ExtractError::Unwritable { path: on_disk(path), source: error.into() },
    }
}

fn name_of(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Char | EntryType::Block => "devices",
        EntryType::Fifo => "fifos",
        EntryType::GNUSparse => "sparse files",
        _ => "entries of an unknown type",
    }
}
