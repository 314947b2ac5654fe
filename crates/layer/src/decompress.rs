//! Telling compressed layers from plain ones.

use std::io::{self, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// Size of the buffer for compressed bytes.
const BUFFER: usize = 128 * 1024;

/// A layer can't be decompressed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompressionError {
    /// The layer is compressed with zstd.
    #[error("the layer is compressed with zstd, which is not supported; use one compressed with gzip")]
    Zstd,
    /// The layer's start can't be read.
    #[error("the layer cannot be read")]
    Unreadable(#[source] io::Error),
}

/// A reader whose first bytes were looked at.
type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// The uncompressed bytes of a layer.
#[derive(Debug)]
pub struct Decompressed<R>(Format<R>);

#[derive(Debug)]
enum Format<R> {
    Plain(Peeked<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Peeked<R>>>>),
}

/// Decompresses a layer that is compressed with gzip, and passes on one that isn't compressed.
///
/// Tells by the first bytes, as media types are often wrong. Damage shows as an error while reading.
pub fn decompress<R: Read>(mut layer: R) -> Result<Decompressed<R>, CompressionError> {
    let mut start = Vec::new();
    layer.by_ref().take(4).read_to_end(&mut start).map_err(CompressionError::Unreadable)?;
    if start == [0x28, 0xb5, 0x2f, 0xfd] {
        return Err(CompressionError::Zstd);
    }
    let is_gzip = start.starts_with(&[0x1f, 0x8b]);
    let layer = Cursor::new(start).chain(layer);
    Ok(Decompressed(if is_gzip {
        Format::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, layer))))
    } else {
        Format::Plain(layer)
    }))
}

impl<R: Read> Read for Decompressed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Format::Plain(layer) => layer.read(buffer),
            Format::Gzip(layer) => layer.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::{CompressionError, decompress};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(layer: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        decompress(layer).unwrap().read_to_end(&mut bytes).map(|_| bytes)
    }

    #[test]
    fn plain_layers_pass() {
        for plain in [&b""[..], b"a", b"\x1f", b"some archive"] {
            assert_eq!(read(plain).unwrap(), plain);
        }
    }

    #[test]
    fn gzip_of_several_members_is_one_layer() {
        assert_eq!(read(&gzip(b"one")).unwrap(), b"one");
        assert_eq!(read(&[gzip(b"one"), gzip(b"two")].concat()).unwrap(), b"onetwo");
    }

    #[test]
    fn damaged_gzip_is_an_error() {
        let whole = gzip(&b"some text ".repeat(1000));
        assert!(read(&whole[..whole.len() - 1]).is_err());
        assert!(read(&whole[..5]).is_err());
        let mut flipped = whole.clone();
        let last = flipped.len() - 6;
        flipped[last] ^= 1;
        assert!(read(&flipped).is_err());
    }

    #[test]
    fn zstd_is_refused() {
        let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00];
        assert!(matches!(decompress(&zstd[..]), Err(CompressionError::Zstd)));
    }
}
