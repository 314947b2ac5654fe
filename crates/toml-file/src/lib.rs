//! TOML files on disk: what enters is a path, what leaves is a type of `spec-model`, and the reverse.
//!
//! Errors name the file, and for malformed ones line, column and key. Files are replaced whole or not at
//! all: the text goes to a temporary name beside the target, which is then renamed.

use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::{getegid, geteuid};
use serde::Serialize;
use serde::de::DeserializeOwned;
use spec_model::text::{self, NotToml, TomlError};

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be opened or read; the error names it.
    #[error("failed to read file: {0}")]
    Io(#[source] io::Error),
    /// The path leads to something that is no file, such as a pipe, which would be waited for forever.
    #[error("{}: not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is not text.
    #[error("{}: not UTF-8 text from byte {offset} on", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// Where the first byte is that is no text.
        offset: usize,
    },
    /// The file is not TOML or does not have the expected shape.
    #[error("{}: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The place in it.
        source: TomlError,
    },
}

impl ReadError {
    /// Whether there is no such file.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads a file.
///
/// # Errors
/// The file cannot be read, is not TOML or has another shape.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ReadError> {
    if !fs_err::metadata(path).map_err(ReadError::Io)?.is_file() {
        return Err(ReadError::NotAFile { path: path.to_owned() });
    }
    let bytes = fs_err::read(path).map_err(ReadError::Io)?;
    let text = String::from_utf8(bytes).map_err(|error| ReadError::NotText {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })?;
    text::parse(&text).map_err(|source| ReadError::Malformed { path: path.to_owned(), source })
}

/// Reads a file that need not be there.
///
/// # Errors
/// The file is there but cannot be read, is not TOML or has another shape.
pub fn read_if_present<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ReadError> {
    match read(path) {
        Ok(document) => Ok(Some(document)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A file that could not be written. What was there before still is.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The document cannot be expressed.
    #[error("{}: {source}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: NotToml,
    },
    /// Permissions forbid it, mostly those of a volume that belongs to somebody else.
    #[error(
        "failed to write '{}': permission denied at '{}', which belongs to user {}, group {} with mode {mode:04o}; \
         this process runs as user {uid}, group {gid}: give that user the path, or run as its owner",
        path.display(), nearest.display(), owner.0, owner.1
    )]
    Denied {
        /// The file.
        path: PathBuf,
        /// The nearest path that can be looked at.
        nearest: PathBuf,
        /// Its user and group.
        owner: (u32, u32),
        /// Its permission bits.
        mode: u32,
        /// The user the process runs as.
        uid: u32,
        /// The group the process runs as.
        gid: u32,
    },
    /// The disk refused; the error names the file.
    #[error("failed to write file: {0}")]
    Io(#[source] io::Error),
}

impl WriteError {
    /// The error of a failed write to `path`: missing permissions are traced to their owner.
    fn io(path: &Path, error: io::Error) -> Self {
        let denied = error.kind() == io::ErrorKind::PermissionDenied;
        // Not those of the file itself: it is replaced, so its directory's count.
        let mut directories = path.ancestors().skip(1);
        match directories.find_map(|path| Some((path, fs_err::symlink_metadata(path).ok()?))) {
            Some((nearest, metadata)) if denied => Self::Denied {
                path: path.to_owned(),
                nearest: nearest.to_owned(),
                owner: (metadata.uid(), metadata.gid()),
                mode: metadata.mode() & 0o7777,
                uid: geteuid().as_raw(),
                gid: getegid().as_raw(),
            },
            _ => Self::Io(error),
        }
    }
}

/// Replaces a file by the printed document. Missing parent directories are made.
///
/// # Errors
/// The document cannot be printed or the disk refuses; the old file is then untouched.
pub fn write<T: Serialize>(path: &Path, document: &T) -> Result<(), WriteError> {
    let text =
        text::print(document).map_err(|source| WriteError::NotToml { path: path.to_owned(), source })?;
    replace(path, text.as_bytes()).map_err(|error| WriteError::io(path, error))
}

/// Replaces a file by the given bytes, whole or not at all. Missing parent directories are made.
///
/// # Errors
/// The disk refuses; the old file is then untouched and the temporary one removed.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs_err::create_dir_all(parent)?;
    }
    // The process id keeps two phases that write the same file from sharing the temporary one.
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let written = fs_err::File::create(&temporary)
        .and_then(|mut file| file.write_all(contents))
        .and_then(|()| fs_err::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report; a leftover does no harm.
        let _ = fs_err::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use spec_model::group::Group;

    use super::{ReadError, WriteError, read, read_if_present, write};

    #[test]
    fn what_was_written_is_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("made/on/the/way/group.toml");
        let group: Group = spec_model::text::parse("[[group]]\nid = 'a/b'\nversion = '1'").unwrap();
        write(&path, &group).unwrap();
        assert_eq!(read::<Group>(&path).unwrap(), group);
        assert_eq!(fs_err::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn errors_name_file_and_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("group.toml");
        fs_err::write(&path, "[[group]]\nid = 1\n").unwrap();
        let message = read::<Group>(&path).unwrap_err().to_string();
        assert!(message.contains("group.toml: line 2, column 6, key 'group[0].id'"), "{message}");
        fs_err::write(&path, b"\xff").unwrap();
        assert!(matches!(read::<Group>(&path), Err(ReadError::NotText { offset: 0, .. })));
    }

    #[test]
    fn an_absent_file_is_told_from_an_unreadable_one() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(read_if_present::<Group>(&directory.path().join("group.toml")).unwrap(), None);
        let no_file = read_if_present::<Group>(directory.path()).unwrap_err().to_string();
        assert!(no_file.contains("not a regular file"), "{no_file}");
        let message = read::<Group>(Path::new("/nowhere/group.toml")).unwrap_err().to_string();
        assert!(message.contains("/nowhere/group.toml"), "{message}");
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("group.toml");
        fs_err::create_dir(&path).unwrap();
        assert!(write(&path, &Group::default()).is_err());
        assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn missing_permissions_are_traced_to_the_nearest_directory_and_its_owner() {
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let user = rustix::process::geteuid().as_raw();
        for (path, nearest) in [("/proc/1/absent/group.toml", "/proc/1"), ("/proc/1/cmdline", "/proc/1")] {
            let message = WriteError::io(path.as_ref(), denied()).to_string();
            let expected =
                format!("'{path}': permission denied at '{nearest}', which belongs to user 0, group 0");
            assert!(message.contains(&expected) && message.contains("with mode 0555"), "{message}");
            assert!(message.contains(&format!("runs as user {user},")), "{message}");
        }
        // Without a directory to blame, the cause alone is told.
        assert!(matches!(WriteError::io("group.toml".as_ref(), denied()), WriteError::Io(_)));
    }
}
