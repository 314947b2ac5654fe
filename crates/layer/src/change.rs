//! Layers as lists of changes to a root file system.
//! Spec: OCI image-spec layer.md § Representing Changes.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::attributes::Attributes;
use crate::bundle::BundleFile;
use crate::header::{Entry, Kind, Owner, PaxRecords, RECORD, Timestamp};

/// What the names of whiteouts begin with, so that nothing else in a layer can have such a name.
pub const WHITEOUT_PREFIX: &str = ".wh.";

/// The whiteout in a directory that hides all that lower layers have there.
pub(crate) const OPAQUE_WHITEOUT: &str = ".wh..wh..opq";

/// What the pax records of extended attributes begin with.
pub(crate) const ATTRIBUTE_RECORD: &[u8] = b"SCHILY.xattr.";

/// Size of the buffer for headers and small files.
const BUFFER: usize = 128 * 1024;

/// Something that a layer makes or replaces.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Its name, relative to the root.
    pub path: &'a Path,
    /// What it is. The names that hard links lead to are relative to the root, too.
    pub kind: Kind<'a>,
    /// Permissions with the setuid, setgid and sticky bits.
    pub mode: u32,
    /// Who it belongs to.
    pub owner: Owner,
    /// When it was modified.
    pub modified: Timestamp,
    /// Its extended attributes. Their names must have no `=` in them, which pax records can't tell.
    pub attributes: &'a Attributes,
}

/// Writes an uncompressed layer, change by change.
///
/// Names are written as the changes have them; directories come before what is in them.
#[derive(Debug)]
pub struct ChangeWriter<W: Write> {
    output: BufWriter<W>,
    /// Kept between entries to spare its allocation.
    header: Vec<u8>,
}

impl<W: Write> ChangeWriter<W> {
    /// A layer without changes yet.
    pub fn new(output: W) -> Self {
        Self { output: BufWriter::with_capacity(BUFFER, output), header: Vec::new() }
    }

    /// Writes a change. If it is a regular file, the contents must follow, of as many bytes as its kind says.
    ///
    /// # Errors
    /// The output fails.
    pub fn change(&mut self, change: &Change<'_>) -> io::Result<BundleFile<'_, BufWriter<W>>> {
        let records = change.attributes.iter().map(|(name, value)| {
            let keyword = [ATTRIBUTE_RECORD, name.as_encoded_bytes()].concat();
            (keyword, value.clone())
        });
        let records: PaxRecords = records.collect();
        let Change { path, kind, mode, owner, modified, .. } = *change;
        self.entry(&Entry { path, kind, mode, owner, modified, copied: Some(&records) })?;
        let size = if let Kind::File(size) = kind { size } else { 0 };
        Ok(BundleFile::new(&mut self.output, size))
    }

    /// Hides what lower layers have by that name, with all below it.
    ///
    /// # Errors
    /// The output fails.
    pub fn whiteout(&mut self, path: &Path) -> io::Result<()> {
        let mut name = OsString::from(WHITEOUT_PREFIX);
        name.push(path.file_name().unwrap_or_default());
        self.empty_file(&path.with_file_name(name))
    }

    /// Hides all that lower layers have in a directory.
    ///
    /// # Errors
    /// The output fails.
    pub fn opaque(&mut self, directory: &Path) -> io::Result<()> {
        self.empty_file(&directory.join(OPAQUE_WHITEOUT))
    }

    /// Ends the layer.
    ///
    /// # Errors
    /// The output fails.
    pub fn finish(mut self) -> io::Result<()> {
        self.output.write_all(&[0; 2 * RECORD])?;
        self.output.flush()
    }

    fn empty_file(&mut self, path: &Path) -> io::Result<()> {
        self.entry(&Entry {
            path,
            kind: Kind::File(0),
            mode: 0,
            owner: Owner::ROOT,
            modified: Timestamp::OF_LAYERS,
            copied: None,
        })
    }

    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.header.clear();
        entry.encode(&mut self.header);
        self.output.write_all(&self.header)
    }
}
