//! Bytes from a thread that writes to one that reads, at most a few pieces at a time.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

const PIECE: usize = 128 * 1024;
const PIECES: usize = 4;

/// Makes a pipe.
pub(crate) fn pipe() -> (PipeWriter, PipeReader) {
    let (sender, receiver) = sync_channel(PIECES);
    (
        PipeWriter { sender, piece: Vec::new() },
        PipeReader { receiver, piece: Vec::new(), read: 0, ended: false },
    )
}

/// Dropped without [`PipeWriter::end`], it makes the reader fail: half of the bytes must not look like all.
#[derive(Debug)]
pub(crate) struct PipeWriter {
    /// `None` ends the bytes.
    sender: SyncSender<Option<Vec<u8>>>,
    piece: Vec<u8>,
}

impl PipeWriter {
    fn send(&self, piece: Option<Vec<u8>>) -> io::Result<()> {
        self.sender.send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Tells the reader that these were all bytes.
    pub(crate) fn end(mut self) -> io::Result<()> {
        self.flush()?;
        self.send(None)
    }
}

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.capacity() == 0 {
            self.piece.reserve_exact(PIECE);
        }
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if self.piece.len() == PIECE {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::take(&mut self.piece);
        self.send(Some(piece))
    }
}

/// See [`pipe`].
#[derive(Debug)]
pub(crate) struct PipeReader {
    receiver: Receiver<Option<Vec<u8>>>,
    piece: Vec<u8>,
    read: usize,
    ended: bool,
}

impl Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.piece.len() {
            if self.ended {
                return Ok(0);
            }
            match self.receiver.recv() {
                Ok(Some(piece)) => (self.piece, self.read) = (piece, 0),
                Ok(None) => self.ended = true,
                Err(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = self.piece.get(self.read..).unwrap_or_default().read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::thread;

    use super::{PIECE, PIECES, pipe};

    #[test]
    fn all_bytes_arrive_in_order() {
        let bytes: Vec<u8> = (0..PIECE * PIECES * 3 + 5).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let (mut writer, mut reader) = pipe();
        let expected = bytes.clone();
        let writing = thread::spawn(move || {
            bytes.chunks(100_003).for_each(|chunk| writer.write_all(chunk).unwrap());
            writer.end().unwrap();
        });
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        writing.join().unwrap();
        assert!(read == expected);
    }

    #[test]
    fn either_end_notices_that_the_other_is_gone() {
        let (mut writer, mut reader) = pipe();
        writer.write_all(b"half").unwrap();
        drop(writer);
        assert_eq!(reader.read_to_end(&mut Vec::new()).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        let (mut writer, reader) = pipe();
        drop(reader);
        writer.write_all(b"lost").unwrap();
        assert_eq!(writer.flush().unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}
