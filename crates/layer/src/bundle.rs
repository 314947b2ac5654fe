//! Archives of files whose sizes are known before: the form in which whole images are passed around.

use std::io::{self, Read, Write};
use std::path::Path;

use tar::EntryType;

use crate::extract::{ArchiveFault, ArchiveReader};
use crate::header::{Entry, Kind, Owner, RECORD, Timestamp};

/// Writes a tar archive, file by file.
#[derive(Debug)]
pub struct BundleWriter<W> {
    output: W,
}

impl<W: Write> BundleWriter<W> {
    /// An archive without files yet.
    pub fn new(output: W) -> Self {
        Self { output }
    }

    /// Begins a file of so many bytes.
    ///
    /// # Errors
    /// The output fails.
    pub fn file(&mut self, name: &str, size: u64) -> io::Result<BundleFile<'_, W>> {
        let entry = Entry {
            path: Path::new(name),
            kind: Kind::File(size),
            mode: 0o644,
            owner: Owner::ROOT,
            modified: Timestamp::OF_LAYERS,
            copied: None,
        };
        let mut header = Vec::with_capacity(RECORD);
        entry.encode(&mut header);
        self.output.write_all(&header)?;
        Ok(BundleFile::new(&mut self.output, size))
    }

    /// Writes a small file whole.
    ///
    /// # Errors
    /// The output fails.
    pub fn small_file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.file(name, bytes.len() as u64)?;
        file.write_all(bytes)?;
        file.finish()
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// The output fails.
    pub fn finish(mut self) -> io::Result<()> {
        self.output.write_all(&[0; 2 * RECORD])?;
        self.output.flush()
    }
}

/// A file in an archive being written. It takes as many bytes as announced, neither more nor less.
#[derive(Debug)]
pub struct BundleFile<'a, W> {
    output: &'a mut W,
    size: u64,
    left: u64,
}

impl<'a, W: Write> BundleFile<'a, W> {
    pub(crate) fn new(output: &'a mut W, size: u64) -> Self {
        Self { output, size, left: size }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Bytes are missing, or the output fails.
    pub fn finish(self) -> io::Result<()> {
        if self.left > 0 {
            return Err(other_size(self.size));
        }
        let padding = self.size.wrapping_neg() % RECORD as u64;
        io::copy(&mut io::repeat(0).take(padding), self.output).map(|_| ())
    }
}

impl<W: Write> Write for BundleFile<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            return Err(other_size(self.size));
        }
        let count = self.output.write(bytes)?;
        self.left -= count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

fn other_size(size: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("a file has another size than the {size} bytes announced"),
    )
}

/// Reads the files of a tar archive of any maker, front to back; whatever else it has is passed over.
/// Between two calls of [`Self::next_file`] it yields the contents of a file.
#[derive(Debug)]
pub struct BundleReader<R> {
    archive: ArchiveReader<R>,
}

impl<R: Read> BundleReader<R> {
    /// An archive that is read from its beginning.
    pub fn new(input: R) -> Self {
        Self { archive: ArchiveReader::new(input) }
    }

    /// The name of the next file, or nothing at the archive's end.
    ///
    /// # Errors
    /// The archive cannot be read.
    pub fn next_file(&mut self) -> Result<Option<String>, ArchiveFault> {
        while let Some(member) = self.archive.next()? {
            if matches!(member.kind, EntryType::Regular | EntryType::Continuous) {
                return Ok(Some(member.path.to_string_lossy().into_owned()));
            }
        }
        Ok(None)
    }

    /// Reads what follows the archive's end.
    ///
    /// # Errors
    /// The archive cannot be read.
    pub fn drain(self) -> Result<(), ArchiveFault> {
        self.archive.drain()
    }
}

impl<R: Read> Read for BundleReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.archive.read(buffer).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::{BundleReader, BundleWriter};

    #[test]
    fn files_come_back_and_other_tools_read_them() {
        let files: Vec<(String, Vec<u8>)> = [0_usize, 1, 511, 512, 513, 70_000]
            .iter()
            .map(|size| (format!("dir/{size}"), vec![7; *size]))
            .collect();
        let mut archive = Vec::new();
        let mut bundle = BundleWriter::new(&mut archive);
        for (name, bytes) in &files {
            bundle.small_file(name, bytes).unwrap();
        }
        bundle.finish().unwrap();
        let mut reader = BundleReader::new(archive.as_slice());
        for (name, bytes) in &files {
            assert_eq!(reader.next_file().unwrap().as_ref(), Some(name));
            let mut found = Vec::new();
            reader.read_to_end(&mut found).unwrap();
            assert!(found == *bytes, "{name}");
        }
        assert_eq!(reader.next_file().unwrap(), None);
        reader.drain().unwrap();
        let mut other = tar::Archive::new(archive.as_slice());
        let names: Vec<_> = other
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(names, files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    }

    #[test]
    fn a_file_has_the_size_that_was_announced() {
        let mut bundle = BundleWriter::new(Vec::new());
        let mut file = bundle.file("short", 3).unwrap();
        file.write_all(b"ab").unwrap();
        assert!(file.finish().unwrap_err().to_string().contains("3 bytes"));
        let mut file = bundle.file("long", 3).unwrap();
        assert!(file.write_all(b"abcd").unwrap_err().to_string().contains("3 bytes"));
    }

    #[test]
    fn what_is_no_file_is_passed_over_and_damage_is_told() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(0);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_entry_type(tar::EntryType::Symlink);
        builder.append_link(&mut header, "link", "target").unwrap();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(3);
        builder.append_data(&mut header, "file", b"abc".as_slice()).unwrap();
        let archive = builder.into_inner().unwrap();
        let mut reader = BundleReader::new(archive.as_slice());
        assert_eq!(reader.next_file().unwrap().as_deref(), Some("file"));
        let mut cut = BundleReader::new(&archive[..1025]);
        cut.next_file().unwrap();
        assert!(cut.read_to_end(&mut Vec::new()).is_err());
    }
}
