//! From an archive to its diffID, its digest and its compressed bytes in one pass, on several threads.
//!
//! ```text
//!                    ┌▶ diffID ─▶ uncompressed copy
//! files ─▶ blocks ───┤
//!                    └▶ compressors, in turn ─▶ digest ─▶ compressed output
//! ```
//!
//! All queues are bounded, so what is in memory depends on the number of compressors alone. The compressors
//! get the blocks in turn and are asked for the results in turn, so the order never changes.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, Scope, ScopedJoinHandle};

use sha2::{Digest as _, Sha256};
use spec_model::{DiffId, Digest};

use crate::archive::{Archive, Halt};
use crate::block::{Block, BlockWriter, Emit, ReceiverGone};
use crate::error::ArchiveError;
use crate::gzip::{self, Job, Piece, Trailer};

/// Blocks that may wait for the diffID.
const HASH_QUEUE: usize = 4;

/// Blocks that may wait in front of each compressor, and behind it.
const COMPRESSOR_QUEUE: usize = 1;

/// A writer that another thread can use.
pub(crate) type Output<'a> = &'a mut (dyn Write + Send);

/// What fills an archive.
pub(crate) type Fill<'a> = dyn FnMut(&mut Archive<'_>) -> Result<(), Halt> + 'a;

/// The number of threads that compress one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compressors(NonZeroUsize);

impl Compressors {
    /// More would mostly wait for the thread that reads; each costs about 4 MiB.
    const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

    /// As many as asked for. The compressed bytes don't depend on it.
    #[must_use]
    pub const fn exactly(count: NonZeroUsize) -> Self {
        Self(count)
    }
}

impl Default for Compressors {
    /// One for each processor, within reason.
    fn default() -> Self {
        let processors = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self(processors.min(Self::MOST))
    }
}

/// An archive that was hashed or written without compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveSummary {
    /// The digest of the archive.
    pub diff_id: DiffId,
    /// The size of the archive in bytes.
    pub size: u64,
}

/// A layer that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerSummary {
    /// The digest of the archive before compression.
    pub diff_id: DiffId,
    /// The digest of the compressed bytes.
    pub digest: Digest,
    /// The number of compressed bytes.
    pub compressed_size: u64,
    /// The size of the archive in bytes.
    pub uncompressed_size: u64,
}

/// Hashes an archive and, if asked to, writes it as it is.
pub(crate) fn archive(fill: &mut Fill<'_>, copy: Option<Output<'_>>) -> Result<ArchiveSummary, ArchiveError> {
    thread::scope(|scope| {
        let (blocks, to_hash) = sync_channel(HASH_QUEUE);
        let hasher = scope.spawn(move || hash(to_hash, copy));
        let archived = emit(fill, &mut |block| blocks.send(block).map_err(|_| ReceiverGone));
        drop(blocks);
        let diff_id = join(hasher).map_err(ArchiveError::Uncompressed)?;
        Ok(ArchiveSummary { diff_id, size: archived? })
    })
}

/// Hashes and compresses an archive and, if asked to, writes it uncompressed as well.
pub(crate) fn layer(
    fill: &mut Fill<'_>,
    compressed: Output<'_>,
    copy: Option<Output<'_>>,
    compressors: Compressors,
) -> Result<LayerSummary, ArchiveError> {
    let (diff_id, uncompressed_size, blob) = thread::scope(|scope| {
        let (blocks, to_hash) = sync_channel(HASH_QUEUE);
        let hasher = scope.spawn(move || hash(to_hash, copy));
        let (mut gzip, pieces) = spawn_compressors(scope, compressors);
        let writer = scope.spawn(move || write_pieces(&pieces, compressed));
        let archived = emit(fill, &mut |block| {
            blocks.send(Arc::clone(&block)).map_err(|_| ReceiverGone)?;
            gzip.send(block)
        });
        drop(blocks);
        drop(gzip);
        let diff_id = join(hasher).map_err(ArchiveError::Uncompressed);
        let blob = join(writer)?;
        Ok((diff_id?, archived?, blob))
    })?;
    // Only now, as an archive that failed must not look like a complete layer.
    let (digest, compressed_size) = blob.finish().map_err(ArchiveError::Compressed)?;
    Ok(LayerSummary { diff_id, digest, compressed_size, uncompressed_size })
}

/// Cuts an archive into blocks; returns its size.
///
/// If the receivers are gone the size is of no use, and theirs is the error to report.
fn emit(fill: &mut Fill<'_>, emit: &mut Emit<'_>) -> Result<u64, ArchiveError> {
    let mut archive = Archive::new(BlockWriter::new(emit));
    match fill(&mut archive).and_then(|()| archive.finish()) {
        Ok(size) => Ok(size),
        Err(Halt::Failed(error)) => Err(error),
        Err(Halt::ReceiverGone) => Err(ArchiveError::Compressor(io::ErrorKind::BrokenPipe.into())),
    }
}

fn hash(blocks: Receiver<Arc<Block>>, mut copy: Option<Output<'_>>) -> io::Result<DiffId> {
    let mut hash = Sha256::new();
    for block in blocks {
        hash.update(block.filled());
        if let Some(copy) = &mut copy {
            copy.write_all(block.filled())?;
        }
    }
    if let Some(copy) = copy {
        copy.flush()?;
    }
    Ok(DiffId::from_sha256(hash.finalize().into()))
}

/// Gives blocks to the compressors in turn.
struct Gzip {
    jobs: Vec<SyncSender<Job>>,
    next: usize,
    previous: Option<Arc<Block>>,
}

impl Gzip {
    fn send(&mut self, block: Arc<Block>) -> Result<(), ReceiverGone> {
        let job = Job { previous: self.previous.replace(Arc::clone(&block)), block };
        let jobs = self.jobs.get(self.next).ok_or(ReceiverGone)?;
        self.next = (self.next + 1) % self.jobs.len();
        jobs.send(job).map_err(|_| ReceiverGone)
    }
}

/// Where one compressor's results come from, and their buffers go back to.
struct Pieces {
    pieces: Receiver<io::Result<Piece>>,
    used: Sender<Vec<u8>>,
}

fn spawn_compressors<'scope>(
    scope: &'scope Scope<'scope, '_>,
    compressors: Compressors,
) -> (Gzip, Vec<Pieces>) {
    let (jobs, pieces) = (0..compressors.0.get())
        .map(|_| {
            let (send_job, jobs) = sync_channel::<Job>(COMPRESSOR_QUEUE);
            let (send_piece, pieces) = sync_channel(COMPRESSOR_QUEUE);
            let (used, buffers) = channel();
            scope.spawn(move || {
                for job in jobs {
                    let buffer = buffers.try_recv().unwrap_or_default();
                    if send_piece.send(gzip::compress(&job, buffer)).is_err() {
                        break;
                    }
                }
            });
            (send_job, Pieces { pieces, used })
        })
        .unzip();
    (Gzip { jobs, next: 0, previous: None }, pieces)
}

/// The compressed output with what is known of it so far.
struct Blob<'a> {
    output: Output<'a>,
    hash: Sha256,
    size: u64,
    trailer: Trailer,
}

impl Blob<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        self.output.write_all(bytes)
    }

    fn finish(mut self) -> io::Result<(Digest, u64)> {
        let trailer = self.trailer.bytes();
        self.write(&trailer)?;
        self.output.flush()?;
        Ok((Digest::from_sha256(self.hash.finalize().into()), self.size))
    }
}

/// Writes the compressed blocks as the compressors yield them, in turn, until one has no more.
fn write_pieces<'a>(pieces: &[Pieces], output: Output<'a>) -> Result<Blob<'a>, ArchiveError> {
    let mut blob = Blob { output, hash: Sha256::new(), size: 0, trailer: Trailer::default() };
    blob.write(&gzip::HEADER).map_err(ArchiveError::Compressed)?;
    for compressor in pieces.iter().cycle() {
        let Ok(piece) = compressor.pieces.recv() else { break };
        let piece = piece.map_err(ArchiveError::Compressor)?;
        blob.trailer.add(&piece);
        blob.write(&piece.bytes).map_err(ArchiveError::Compressed)?;
        // A compressor that has ended needs no buffer.
        _ = compressor.used.send(piece.bytes);
    }
    Ok(blob)
}

/// Waits for a thread; its panic, a fault of this program, goes on here.
fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
