//! A writer whose failure must not stop others.

use std::io::{self, Write};

/// Keeps the first error of a writer to itself and drops what comes after it.
///
/// For a cache beside an image: a full cache disk is worth a warning, not a failed export.
#[derive(Debug)]
pub struct BestEffort<W> {
    writer: W,
    failure: Option<io::Error>,
}

impl<W: Write> BestEffort<W> {
    /// Wraps a writer.
    pub fn new(writer: W) -> Self {
        Self { writer, failure: None }
    }

    /// The writer, if everything was written to it; else what went wrong.
    pub fn into_result(self) -> io::Result<W> {
        match self.failure {
            None => Ok(self.writer),
            Some(failure) => Err(failure),
        }
    }

    fn attempt(&mut self, action: impl FnOnce(&mut W) -> io::Result<()>) {
        if self.failure.is_none() {
            self.failure = action(&mut self.writer).err();
        }
    }
}

impl<W: Write> Write for BestEffort<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|writer| writer.write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(W::flush);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::BestEffort;

    #[test]
    fn a_failure_is_kept_for_the_end() {
        let mut room = [0; 4];
        let mut writer = BestEffort::new(&mut room[..]);
        writer.write_all(b"abc").unwrap();
        writer.write_all(b"defg").unwrap();
        writer.write_all(b"h").unwrap();
        assert_eq!(writer.into_result().unwrap_err().kind(), std::io::ErrorKind::WriteZero);
        assert_eq!(&room, b"abcd");
    }

    #[test]
    fn without_failure_the_writer_comes_back() {
        let mut writer = BestEffort::new(Vec::new());
        writer.write_all(b"abc").unwrap();
        writer.flush().unwrap();
        assert_eq!(writer.into_result().unwrap(), b"abc");
    }
}
