//! Looking into an archive without extracting it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use tar::EntryType;

use super::reader::{ArchiveFault, ArchiveReader, Member};
use crate::walk::clean;

/// The most bytes that are read of a file.
const LIMIT: usize = 64 * 1024;

/// What an archive has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A file with these contents, of which what is beyond 64 KiB is left out.
    File(Vec<u8>),
    /// A symbolic link to this path, which is absolute and clean.
    Link(PathBuf),
    /// Anything else.
    Other,
}

/// Reads an uncompressed archive through and returns what it has at the paths that are `wanted`, which are
/// absolute and clean. A later entry of a path replaces an earlier one.
///
/// # Errors
/// The archive is damaged or can't be read.
pub fn find(
    archive: impl Read,
    wanted: impl Fn(&Path) -> bool,
) -> Result<BTreeMap<PathBuf, Found>, ArchiveFault> {
    let mut archive = ArchiveReader::new(archive);
    let mut found = BTreeMap::new();
    while let Some(member) = archive.next()? {
        let path = clean(&Path::new("/").join(&member.path));
        if wanted(&path) {
            let entry = look_at(&member, &path, &mut archive)?;
            found.insert(path, entry);
        }
    }
    archive.drain()?;
    Ok(found)
}

fn look_at(
    member: &Member,
    path: &Path,
    archive: &mut ArchiveReader<impl Read>,
) -> Result<Found, ArchiveFault> {
    Ok(match member.kind {
        EntryType::Regular | EntryType::Continuous => Found::File(contents(archive)?),
        EntryType::Symlink => {
            let directory = path.parent().unwrap_or(Path::new("/"));
            Found::Link(clean(&directory.join(&member.target)))
        }
        _ => Found::Other,
    })
}

fn contents(archive: &mut ArchiveReader<impl Read>) -> Result<Vec<u8>, ArchiveFault> {
    let mut contents = vec![0; LIMIT];
    let mut filled = 0;
    while let Some(rest) = contents.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match archive.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    contents.truncate(filled);
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use tar::{Builder, EntryType, Header};

    use super::{Found, LIMIT, find};
    use crate::extract::ArchiveFault;

    fn archive(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut archive = Builder::new(Vec::new());
        for (path, kind, text) in entries {
            let mut header = Header::new_ustar();
            header.set_entry_type(*kind);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mode(0o644);
            header.set_mtime(0);
            let contents = if *kind == EntryType::Regular { text } else { "" };
            header.set_size(contents.len() as u64);
            if *kind == EntryType::Symlink {
                header.set_link_name(text).unwrap();
            }
            archive.append_data(&mut header, path, contents.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap()
    }

    fn names(found: &[(&str, Found)]) -> Vec<(PathBuf, Found)> {
        found.iter().map(|(path, entry)| (PathBuf::from(path), entry.clone())).collect()
    }

    #[test]
    fn entries_are_found_by_clean_paths_and_the_last_one_counts() {
        let archive = archive(&[
            ("./etc/file", EntryType::Regular, "old"),
            ("etc/link", EntryType::Symlink, "../usr/./lib/file"),
            ("etc/absolute", EntryType::Symlink, "/opt/file"),
            ("etc/dir", EntryType::Directory, ""),
            ("etc/file", EntryType::Regular, "new"),
            ("other", EntryType::Regular, "other"),
        ]);
        let found = find(archive.as_slice(), |path| path.starts_with("/etc")).unwrap();
        let expected = names(&[
            ("/etc/absolute", Found::Link("/opt/file".into())),
            ("/etc/dir", Found::Other),
            ("/etc/file", Found::File(b"new".to_vec())),
            ("/etc/link", Found::Link("/usr/lib/file".into())),
        ]);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn large_files_are_cut_and_what_follows_them_is_found() {
        let large = "x".repeat(LIMIT + 1000);
        let archive = archive(&[("a", EntryType::Regular, &large), ("b", EntryType::Regular, "b")]);
        let found = find(archive.as_slice(), |_| true).unwrap();
        assert_eq!(found.get(Path::new("/a")), Some(&Found::File(large.as_bytes()[..LIMIT].to_vec())));
        assert_eq!(found.get(Path::new("/b")), Some(&Found::File(b"b".to_vec())));
    }

    #[test]
    fn a_damaged_archive_is_an_error() {
        let archive = archive(&[("a", EntryType::Regular, "text")]);
        assert!(matches!(find(&archive[..700], |_| true), Err(ArchiveFault::Truncated)));
        assert!(matches!(find(&[7; 1024][..], |_| true), Err(ArchiveFault::Checksum(0))));
    }
}
