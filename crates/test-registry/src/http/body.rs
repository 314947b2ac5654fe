//! The bodies of messages, as streams.

use std::io::{self, BufRead, ErrorKind, Read, Write};

use super::Head;
use super::head::read_line;

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// By the number of bytes, which may be zero.
    Length(u64),
    /// By the last of many chunks.
    Chunked,
    /// By the end of the connection.
    Connection,
}

impl Framing {
    /// The framing of a request's body.
    pub(crate) fn of_request(head: &Head) -> Self {
        Self::stated(head).unwrap_or(Self::Length(0))
    }

    /// The framing of the body of a response to a request of this method.
    pub(crate) fn of_response(head: &Head, method: &str) -> Self {
        let bare = method == "HEAD" || matches!(head.status(), 100..=199 | 204 | 304);
        if bare { Self::Length(0) } else { Self::stated(head).unwrap_or(Self::Connection) }
    }

    fn stated(head: &Head) -> Option<Self> {
        let chunked =
            head.get("Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
        if chunked {
            return Some(Self::Chunked);
        }
        head.get("Content-Length").and_then(|value| value.parse().ok()).map(Self::Length)
    }
}

/// A body to be read. An early end of the connection is an error.
#[derive(Debug)]
pub(crate) struct Body<'a, R> {
    reader: &'a mut R,
    framing: Framing,
    /// What is left of the body or of its current chunk.
    left: u64,
    /// Nothing more follows.
    ended: bool,
    /// A chunk was read, so that the end of its line comes next.
    within: bool,
}

impl<'a, R: BufRead> Body<'a, R> {
    pub(crate) fn new(reader: &'a mut R, framing: Framing) -> Self {
        let left = if let Framing::Length(length) = framing { length } else { 0 };
        Self { reader, framing, left, ended: framing == Framing::Length(0), within: false }
    }

    /// Finds the next chunk, or the end after the last one.
    fn next_chunk(&mut self) -> io::Result<()> {
        let mut line = || read_line(self.reader)?.ok_or(io::Error::from(ErrorKind::UnexpectedEof));
        if self.within {
            line()?;
        }
        self.within = true;
        let size = line()?;
        let size = size.split(';').next().unwrap_or_default().trim();
        self.left = u64::from_str_radix(size, 16).map_err(|_| ErrorKind::InvalidData)?;
        if self.left == 0 {
            while !line()?.is_empty() {}
            self.ended = true;
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Body<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.framing == Framing::Chunked && self.left == 0 && !self.ended {
            self.next_chunk()?;
        }
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        if self.framing == Framing::Connection {
            return self.reader.read(buffer);
        }
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.reader.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        self.ended = self.left == 0 && self.framing != Framing::Chunked;
        Ok(read)
    }
}

/// Writes a body with the marks of its framing.
#[derive(Debug)]
pub(crate) struct BodyWriter<W> {
    writer: W,
    framing: Framing,
}

impl<W: Write> BodyWriter<W> {
    pub(crate) fn new(writer: W, framing: Framing) -> Self {
        Self { writer, framing }
    }

    /// Writes a piece of the body.
    pub(crate) fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.framing != Framing::Chunked {
            return self.writer.write_all(bytes);
        }
        self.writer.write_all(format!("{:x}\r\n", bytes.len()).as_bytes())?;
        self.writer.write_all(bytes)?;
        self.writer.write_all(b"\r\n")
    }

    /// Marks the end of the body.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if self.framing == Framing::Chunked { self.writer.write_all(b"0\r\n\r\n") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Body, BodyWriter, Framing};

    fn read(bytes: &[u8], framing: Framing) -> Option<(Vec<u8>, usize)> {
        let mut reader = bytes;
        let mut body = Vec::new();
        Body::new(&mut reader, framing).read_to_end(&mut body).ok()?;
        Some((body, reader.len()))
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        let chunked = b"3;name=value\r\nabc\r\n0A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nnext";
        assert_eq!(read(chunked, Framing::Chunked), Some((b"abc0123456789".to_vec(), 4)));
        assert_eq!(read(b"abcnext", Framing::Length(3)), Some((b"abc".to_vec(), 4)));
        assert_eq!(read(b"next", Framing::Length(0)), Some((Vec::new(), 4)));
        assert_eq!(read(b"abc", Framing::Connection), Some((b"abc".to_vec(), 0)));
    }

    #[test]
    fn a_body_that_ends_too_early_is_an_error() {
        assert_eq!(read(b"ab", Framing::Length(3)), None);
        for chunked in
            ["", "3\r\nab", "3\r\nabc", "3\r\nabc\r\n", "3\r\nabc\r\n0\r\n", "x\r\nabc\r\n0\r\n\r\n"]
        {
            assert_eq!(read(chunked.as_bytes(), Framing::Chunked), None, "{chunked:?}");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let mut bytes = Vec::new();
        let mut writer = BodyWriter::new(&mut bytes, Framing::Chunked);
        for piece in [&b"one"[..], b"", b"two"] {
            writer.piece(piece).unwrap();
        }
        writer.end().unwrap();
        assert_eq!(read(&bytes, Framing::Chunked), Some((b"onetwo".to_vec(), 0)));
    }
}
