//! Archives whose entries are as no tool would write them.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a helper that fails fails the test")]

/// An entry whose name and link go into the header as they are.
#[derive(Debug, Clone)]
pub struct RawEntry {
    /// The name, of 100 bytes at most.
    pub name: Vec<u8>,
    /// The type flag.
    pub kind: char,
    /// What a link points to.
    pub link: Vec<u8>,
    /// The bytes of a file.
    pub content: Vec<u8>,
    /// The size that the header tells, if it is not that of the content.
    pub size: Option<u64>,
}

impl RawEntry {
    /// An entry without content: `5` for a directory, `1` and `2` for hard and symbolic links, `3` and `4` for
    /// devices, which are those of number 1, 5.
    #[must_use]
    pub fn new(kind: char, name: &str, link: &str) -> Self {
        Self { name: name.into(), kind, link: link.into(), content: Vec::new(), size: None }
    }

    /// A file.
    #[must_use]
    pub fn file(name: &str, content: &str) -> Self {
        Self { content: content.into(), ..Self::new('0', name, "") }
    }
}

/// An archive of entries, for user and group 1000.
#[must_use]
pub fn raw_archive(entries: &[RawEntry]) -> Vec<u8> {
    let mut archive = Vec::new();
    for entry in entries {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::new(u8::try_from(entry.kind).unwrap()));
        header.set_mode(if entry.kind == '0' { 0o666 } else { 0o777 });
        header.set_uid(1000);
        header.set_gid(1000);
        header.set_mtime(315_532_801);
        header.set_size(entry.size.unwrap_or(entry.content.len() as u64));
        header.set_device_major(1).unwrap();
        header.set_device_minor(5).unwrap();
        let fields = header.as_ustar_mut().unwrap();
        fields.name.get_mut(..entry.name.len()).unwrap().copy_from_slice(&entry.name);
        fields.linkname.get_mut(..entry.link.len()).unwrap().copy_from_slice(&entry.link);
        header.set_cksum();
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(&entry.content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}
