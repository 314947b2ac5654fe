//! Extraction of layers whose digest is known.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use sha2::{Digest as _, Sha256};
use spec_model::DiffId;

use super::{ArchiveFault, Destination, ExtractError, extract};
use crate::block::{Block, BlockWriter, ReceiverGone};
use crate::decompress::decompress;

/// Blocks that may wait to be extracted.
const QUEUE: usize = 4;

/// Extracts a layer, plain or compressed with gzip, and checks that it is the expected one.
///
/// Decompression and hashing run in a thread of their own.
///
/// # Errors
/// As for [`extract`]. A layer of another digest has been extracted by the time that this is known; the caller
/// cleans up.
pub fn extract_verified(
    layer: impl Read + Send,
    expected: &DiffId,
    destination: &Destination,
) -> Result<(), ExtractError> {
    let mut archive = VerifyingReader::new(decompress(layer)?);
    let (read, extracted) = thread::scope(|scope| {
        let (send, receive) = sync_channel(QUEUE);
        let reader = scope.spawn({
            let archive = &mut archive;
            move || read_ahead(archive, &send)
        });
        let extracted = extract(BlockReader { blocks: receive, current: None, at: 0 }, destination);
        let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (read, extracted)
    });
    // An archive that can't be read to its end looks truncated to the extraction.
    read.map_err(ArchiveFault::Unreadable)?;
    extracted?;
    let found = archive.diff_id().map_err(ArchiveFault::Unreadable)?;
    if found != *expected {
        return Err(ExtractError::Mismatch { expected: Box::new(*expected), found: Box::new(found) });
    }
    Ok(())
}

/// Passes an uncompressed archive on and computes its diffID meanwhile.
#[derive(Debug)]
pub struct VerifyingReader<R> {
    archive: R,
    hash: Sha256,
}

impl<R: Read> VerifyingReader<R> {
    /// Wraps an archive at its start.
    pub fn new(archive: R) -> Self {
        Self { archive, hash: Sha256::new() }
    }

    /// Reads what is left and returns the diffID of the whole.
    pub fn diff_id(mut self) -> io::Result<DiffId> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(DiffId::from_sha256(self.hash.finalize().into()))
    }
}

impl<R: Read> Read for VerifyingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.archive.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// Sends all of an archive in blocks, as long as somebody takes them.
fn read_ahead(archive: &mut impl Read, blocks: &SyncSender<Arc<Block>>) -> io::Result<()> {
    let mut send = |block| blocks.send(block).map_err(|_| ReceiverGone);
    let mut writer = BlockWriter::new(&mut send);
    loop {
        let taken = match archive.read(writer.spare()) {
            Ok(0) => writer.finish().map(|_| None),
            Ok(read) => writer.advance(read).map(|()| Some(writer)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Some(writer)),
            Err(error) => return Err(error),
        };
        match taken {
            Ok(Some(again)) => writer = again,
            Ok(None) | Err(ReceiverGone) => return Ok(()),
        }
    }
}

/// Reads what [`read_ahead`] sends.
struct BlockReader {
    blocks: Receiver<Arc<Block>>,
    current: Option<Arc<Block>>,
    at: usize,
}

impl Read for BlockReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(block) = &self.current {
                let mut rest = block.filled().get(self.at..).unwrap_or_default();
                if !rest.is_empty() {
                    let read = rest.read(buffer)?;
                    self.at += read;
                    return Ok(read);
                }
            }
            self.at = 0;
            self.current = self.blocks.recv().ok();
            if self.current.is_none() {
                return Ok(0);
            }
        }
    }
}
