//! Reading a blob so that bytes that don't match its digest are noticed.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};
use spec_model::Digest;

/// Passes a blob's bytes on and ends in an error when they were not those that the digest was made of.
/// Whoever reads must read to the end before trusting what was read.
#[derive(Debug)]
pub(crate) struct Verified<R> {
    blob: R,
    name: String,
    digest: Digest,
    hasher: Option<Sha256>,
}

impl<R> Verified<R> {
    /// `name` is how the error calls the blob.
    pub(crate) fn new(blob: R, name: String, digest: Digest) -> Self {
        Self { blob, name, digest, hasher: Some(Sha256::new()) }
    }
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.blob.read(buffer)?;
        if count > 0 {
            if let (Some(hasher), Some(bytes)) = (&mut self.hasher, buffer.get(..count)) {
                hasher.update(bytes);
            }
        } else if !buffer.is_empty()
            && let Some(hasher) = self.hasher.take()
        {
            let found = Digest::from_sha256(hasher.finalize().into());
            if found != self.digest {
                let message = format!("{} is corrupt: its bytes have the digest {found}", self.name);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use image::Document;

    use super::Verified;

    #[test]
    fn bytes_pass_and_wrong_ones_end_in_an_error() {
        let digest = Document::new(b"content".to_vec()).digest;
        let read = |bytes: &'static [u8]| {
            let mut text = Vec::new();
            Verified::new(bytes, "blob x".to_owned(), digest).read_to_end(&mut text).map(|_| text)
        };
        assert_eq!(read(b"content").unwrap(), b"content");
        for bytes in [b"Content".as_slice(), b"conten", b"contentt", b""] {
            let error = read(bytes).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert!(error.to_string().starts_with("blob x is corrupt"), "{error}");
        }
    }
}
