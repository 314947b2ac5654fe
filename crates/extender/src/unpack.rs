//! Archives that `ADD` unpacks.

use std::io::{self, Read};
use std::path::Path;

use layer::{Destination, ExtractError, decompress, extract};

/// What a file is to `ADD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing to unpack.
    NoArchive,
    /// A tar archive, perhaps compressed with gzip.
    Archive,
    /// Compressed in a way that is not known here.
    Unknown(&'static str),
}

/// Where the header of a tar archive says what it is.
const MAGIC: std::ops::Range<usize> = 257..262;

/// Looks at the start of a file.
pub(crate) fn recognize(path: &Path) -> io::Result<Form> {
    let mut start = Vec::new();
    fs_err::File::open(path)?.take(6).read_to_end(&mut start)?;
    for (magic, name) in [(&b"BZh"[..], "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"\x28\xb5\x2f\xfd", "zstd")] {
        if start.starts_with(magic) {
            return Ok(Form::Unknown(name));
        }
    }
    let Ok(plain) = decompress(fs_err::File::open(path)?) else { return Ok(Form::NoArchive) };
    let mut header = Vec::new();
    // A file that only begins as if it were compressed is an ordinary one.
    if plain.take(512).read_to_end(&mut header).is_err() {
        return Ok(Form::NoArchive);
    }
    let is_archive = header.get(MAGIC).is_some_and(|magic| magic == b"ustar");
    Ok(if is_archive { Form::Archive } else { Form::NoArchive })
}

/// Unpacks an archive into a directory and nowhere else.
pub(crate) fn unpack(archive: &Path, directory: &Path) -> Result<(), ExtractError> {
    let unreadable = |source| ExtractError::Unwritable { path: archive.to_owned(), source };
    let file = fs_err::File::open(archive).map_err(unreadable)?;
    extract(decompress(file)?, &Destination::in_root(directory, "/"))
}

#[cfg(test)]
mod tests {
    use test_kit::LayerFixture;

    use super::{Form, recognize, unpack};

    #[test]
    fn archives_are_known_by_their_contents() {
        let directory = tempfile::tempdir().unwrap();
        let layer = LayerFixture::of(&[("a/", ""), ("a/b", "text")]);
        for (bytes, form) in [
            (layer.archive.clone(), Form::Archive),
            (layer.blob.clone(), Form::Archive),
            (b"text".to_vec(), Form::NoArchive),
            (Vec::new(), Form::NoArchive),
            (b"\x1f\x8bnot gzip".to_vec(), Form::NoArchive),
            (LayerFixture::compressed(b"text".to_vec()).blob, Form::NoArchive),
            (b"\xfd7zXZ\0...".to_vec(), Form::Unknown("xz")),
            (b"BZh9...".to_vec(), Form::Unknown("bzip2")),
            (b"\x28\xb5\x2f\xfd...".to_vec(), Form::Unknown("zstd")),
        ] {
            let path = directory.path().join("file");
            fs_err::write(&path, bytes).unwrap();
            assert_eq!(recognize(&path).unwrap(), form);
        }
        let path = directory.path().join("archive");
        fs_err::write(&path, layer.blob).unwrap();
        unpack(&path, &directory.path().join("out")).unwrap();
        assert_eq!(fs_err::read_to_string(directory.path().join("out/a/b")).unwrap(), "text");
    }
}
