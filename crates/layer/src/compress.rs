//! Layers whose archives are made elsewhere.

use std::io::{self, ErrorKind, Write};

use crate::archive::{Archive, Halt};
use crate::error::ArchiveError;
use crate::pipeline::{self, Compressors, LayerSummary};

/// Compresses an archive that `make` writes, with its end, and tells its digests.
///
/// # Errors
/// What has been written until then is not a complete layer. An error of `make` is an
/// [`ArchiveError::Source`].
pub fn compress(
    make: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    compressed: &mut (dyn Write + Send),
    compressors: Compressors,
) -> Result<LayerSummary, ArchiveError> {
    let mut fill = |archive: &mut Archive<'_>| {
        let mut sink = Sink { archive, is_cut: false };
        let result = make(&mut sink);
        if sink.is_cut {
            return Err(Halt::ReceiverGone);
        }
        result.map_err(|error| Halt::Failed(ArchiveError::Source(error)))
    };
    pipeline::layer(&mut fill, compressed, None, compressors)
}

/// Passes bytes on to the compressors.
struct Sink<'s, 'a> {
    archive: &'s mut Archive<'a>,
    is_cut: bool,
}

impl Write for Sink<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.archive.take(bytes).map_err(|_| {
            self.is_cut = true;
            io::Error::from(ErrorKind::BrokenPipe)
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Write};

    use sha2::{Digest as _, Sha256};
    use spec_model::DiffId;

    use super::compress;
    use crate::{ArchiveError, Compressors, decompress};

    #[test]
    fn the_bytes_are_those_that_were_made() {
        let bytes: Vec<u8> =
            (0..3_000_000_u32).map(|number| number.to_le_bytes()[number as usize % 3]).collect();
        let mut compressed = Vec::new();
        let mut make =
            |archive: &mut dyn Write| bytes.chunks(1000).try_for_each(|part| archive.write_all(part));
        let summary = compress(&mut make, &mut compressed, Compressors::default()).unwrap();
        assert_eq!(summary.diff_id, DiffId::from_sha256(Sha256::digest(&bytes).into()));
        assert_eq!(summary.compressed_size, compressed.len() as u64);
        let mut found = Vec::new();
        decompress(compressed.as_slice()).unwrap().read_to_end(&mut found).unwrap();
        assert!(found == bytes);
    }

    #[test]
    fn errors_of_either_side_are_told() {
        let mut fails = |_: &mut dyn Write| Err(io::Error::other("made"));
        let error = compress(&mut fails, &mut Vec::new(), Compressors::default()).unwrap_err();
        assert!(matches!(error, ArchiveError::Source(source) if source.to_string() == "made"));
        let mut endless = |archive: &mut dyn Write| loop {
            archive.write_all(&[0; 4096])?;
        };
        let mut full = Full;
        let error = compress(&mut endless, &mut full, Compressors::default()).unwrap_err();
        assert!(matches!(error, ArchiveError::Compressed(_)), "{error}");
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
