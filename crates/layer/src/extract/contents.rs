//! Writing the contents of files in a thread of its own, while the next entries are read and made.
//!
//! Files are still made in the archive's order; only what is in them comes a little later.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, SyncSender};

use super::error::ExtractError;
use super::reader::ArchiveReader;
use super::tree::{Attributes, finish_file};
use crate::block::Block;

/// Pieces that may wait to be written; each has a block of memory and may hold a file open.
pub(super) const QUEUE: usize = 8;

/// A file whose contents are on their way.
#[derive(Debug)]
struct Begun {
    file: File,
    path: PathBuf,
    attributes: Attributes,
}

/// A part of a file's contents.
#[derive(Debug)]
pub(super) struct Piece {
    /// The file, if it begins here.
    begun: Option<Begun>,
    contents: Block,
    /// Whether the file ends here.
    last: bool,
}

/// The end that takes contents.
pub(super) struct FileWriter {
    pub(super) pieces: SyncSender<Piece>,
    /// Blocks that were written, to be used again.
    pub(super) blocks: Receiver<Block>,
}

impl FileWriter {
    /// Takes over a file and the contents that come next in the archive.
    pub(super) fn write(
        &mut self,
        file: File,
        path: PathBuf,
        attributes: Attributes,
        archive: &mut ArchiveReader<impl Read>,
    ) -> Result<(), ExtractError> {
        let mut begun = Some(Begun { file, path, attributes });
        let mut last = false;
        while !last {
            let mut contents = self.blocks.try_recv().unwrap_or_default();
            contents.clear();
            while !last && !contents.spare().is_empty() {
                let read = archive.read(contents.spare())?;
                contents.extend(read);
                last = archive.contents_left() == 0;
            }
            let piece = Piece { begun: begun.take(), contents, last };
            // The other end knows the path and the reason.
            self.pieces.send(piece).map_err(|_| unwritable(PathBuf::new(), io::ErrorKind::BrokenPipe))?;
        }
        Ok(())
    }
}

/// Writes what comes from a [`FileWriter`], and gives each file its attributes when it is complete.
pub(super) fn write(pieces: Receiver<Piece>, used: &Sender<Block>) -> Result<(), ExtractError> {
    let mut current = None;
    for piece in pieces {
        current = piece.begun.or(current);
        if let Some(begun) = &mut current {
            begun
                .write(piece.contents.filled(), piece.last)
                .map_err(|source| unwritable(begun.path.clone(), source))?;
        }
        // The other end is gone when it needs no more blocks.
        _ = used.send(piece.contents);
    }
    Ok(())
}

impl Begun {
    fn write(&mut self, contents: &[u8], last: bool) -> io::Result<()> {
        self.file.write_all(contents)?;
        if last {
            finish_file(&self.file, self.attributes)?;
        }
        Ok(())
    }
}

fn unwritable(path: PathBuf, source: impl Into<io::Error>) -> ExtractError {
    ExtractError::Unwritable { path, source: source.into() }
}
