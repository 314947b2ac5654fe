//! What a tar archive has in it, for tests that look at layers.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a helper that fails fails the test")]

use std::io::Read;

use flate2::read::MultiGzDecoder;

/// An entry of a tar archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveEntry {
    /// Its name as it is in the archive, pax records included.
    pub path: String,
    /// Its type flag; `0` for files, `5` for directories, `2` for symbolic links.
    pub kind: char,
    /// Mode bits without the type.
    pub mode: u32,
    /// Owner and group.
    pub owner: (u64, u64),
    /// Names of owner and group.
    pub owner_names: (String, String),
    /// Seconds since 1970.
    pub mtime: u64,
    /// What a link points to.
    pub link: String,
    /// The bytes of a file.
    pub content: Vec<u8>,
    /// The 512 bytes of its header.
    pub header: Vec<u8>,
    /// The pax records before it.
    pub records: Vec<(String, Vec<u8>)>,
}

/// The entries of an archive, in order.
#[must_use]
pub fn archive_entries(archive: &[u8]) -> Vec<ArchiveEntry> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut entries = Vec::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let records = entry.pax_extensions().unwrap().into_iter().flatten().map(|record| {
            let record = record.unwrap();
            (text(record.key_bytes()), record.value_bytes().to_vec())
        });
        let records = records.collect();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let header = entry.header();
        let owner_names =
            [header.username_bytes(), header.groupname_bytes()].map(|name| text(name.unwrap_or_default()));
        let [user, group] = owner_names;
        entries.push(ArchiveEntry {
            path: text(&entry.path_bytes()),
            kind: char::from(header.entry_type().as_byte()),
            mode: header.mode().unwrap() & 0o7777,
            owner: (header.uid().unwrap(), header.gid().unwrap()),
            owner_names: (user, group),
            mtime: header.mtime().unwrap(),
            link: entry.link_name_bytes().map(|link| text(&link)).unwrap_or_default(),
            content,
            header: header.as_bytes().to_vec(),
            records,
        });
    }
    entries
}

/// The bytes of a layer that may be compressed by gzip.
#[must_use]
pub fn uncompressed(layer: &[u8]) -> Vec<u8> {
    if !layer.starts_with(&[0x1f, 0x8b]) {
        return layer.to_vec();
    }
    let mut bytes = Vec::new();
    MultiGzDecoder::new(layer).read_to_end(&mut bytes).unwrap();
    bytes
}
