//! Making an archive's entries.

use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use tar::EntryType;

use super::contents::{self, FileWriter};
use super::destination::{Destination, Place};
use super::error::{ExtractError, Refusal};
use super::reader::{ArchiveReader, Member};
use super::tree::{Attributes, Tree, TreeError};

/// Extracts an uncompressed archive.
///
/// Modes are as recorded, whatever the umask. Owners are as recorded if this process runs as root, else those
/// of the process. Files and links that are in the way are replaced; directories that exist stay as they are.
/// Times are not restored.
///
/// # Errors
/// What was extracted until then stays; the caller cleans up. An archive without its end is an error.
pub fn extract(archive: impl Read, destination: &Destination) -> Result<(), ExtractError> {
    let base = destination.directory();
    let unwritable = |source: io::Error| ExtractError::Unwritable { path: base.clone(), source };
    fs_err::create_dir_all(&base).map_err(unwritable)?;
    let tree = Tree::open(&base).map_err(|error| unwritable(error.into()))?;
    thread::scope(|scope| {
        let (pieces, to_write) = sync_channel(contents::QUEUE);
        let (used, blocks) = channel();
        let writer = scope.spawn(move || contents::write(to_write, &used));
        let extraction = Extraction { destination, tree, files: FileWriter { pieces, blocks } };
        let extracted = extraction.extract_all(ArchiveReader::new(archive));
        // If contents can't be written, what the extraction reports is only that.
        writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        extracted
    })
}

struct Extraction<'d> {
    destination: &'d Destination,
    tree: Tree,
    files: FileWriter,
}

impl Extraction<'_> {
    fn extract_all(mut self, mut archive: ArchiveReader<impl Read>) -> Result<(), ExtractError> {
        while let Some(member) = archive.next()? {
            self.extract(&member, &mut archive)?;
        }
        self.tree.finish().map_err(|(path, error)| failed(self.destination, &path, &path, error))?;
        Ok(archive.drain()?)
    }

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
            kind if self.destination.leaves_out(kind) => return Ok(()),
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
        let file = self.tree.make_file(path).map_err(|error| self.failed(member, path, error))?;
        let attributes = Attributes { mode: self.destination.file_mode(member.mode), owner: member.owner };
        self.files.write(file, self.destination.directory().join(path), attributes, archive)
    }

    fn place(&self, member: &Member, name: &Path) -> Result<Place, ExtractError> {
        self.destination.place(name).map_err(|reason| refused(member, reason))
    }

    fn outside(&self, member: &Member) -> ExtractError {
        refused(member, Refusal::Outside(self.destination.permitted()))
    }

    fn failed(&self, member: &Member, path: &Path, error: TreeError) -> ExtractError {
        failed(self.destination, &member.path, path, error)
    }
}

fn refused(member: &Member, reason: Refusal) -> ExtractError {
    ExtractError::Refused { entry: member.path.clone(), reason }
}

fn failed(destination: &Destination, entry: &Path, path: &Path, error: TreeError) -> ExtractError {
    let on_disk = |path: &Path| destination.directory().join(path);
    match error {
        TreeError::NotADirectory(in_the_way) => {
            let reason = Refusal::NotADirectory(on_disk(&in_the_way.0));
            ExtractError::Refused { entry: entry.to_owned(), reason }
        }
        TreeError::System(error) => ExtractError::Unwritable { path: on_disk(path), source: error.into() },
    }
}

/// How errors call a kind of entries that is refused.
pub(crate) fn name_of(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Char | EntryType::Block => "devices",
        EntryType::Fifo => "fifos",
        EntryType::GNUSparse => "sparse files",
        _ => "entries of an unknown type",
    }
}
