//! A layer that is put together by hand: names, and for files where their contents are.

use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};

use crate::archive::{Archive, Halt};
use crate::error::ArchiveError;
use crate::header::{Entry, Kind, Owner, Timestamp};

/// Something in a layer that is put together by hand. It belongs to root and has one of a few modes, so nothing
/// there runs with other rights than those of who runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembled {
    name: PathBuf,
    kind: AssembledKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum AssembledKind {
    Directory { mode: u32 },
    File { mode: u32, contents: PathBuf },
}

impl Assembled {
    /// A directory that everybody can read (0755).
    pub fn directory(name: impl Into<PathBuf>) -> Self {
        Self { name: name.into(), kind: AssembledKind::Directory { mode: 0o755 } }
    }

    /// A directory for everybody's temporary files (1777).
    pub fn temporary_directory(name: impl Into<PathBuf>) -> Self {
        Self { name: name.into(), kind: AssembledKind::Directory { mode: 0o1777 } }
    }

    /// A file that everybody can read (0644), with the contents of one on disk.
    pub fn file(name: impl Into<PathBuf>, contents: impl Into<PathBuf>) -> Self {
        let kind = AssembledKind::File { mode: 0o644, contents: contents.into() };
        Self { name: name.into(), kind }
    }

    /// A file that everybody can execute (0755), with the contents of one on disk.
    pub fn executable(name: impl Into<PathBuf>, contents: impl Into<PathBuf>) -> Self {
        let kind = AssembledKind::File { mode: 0o755, contents: contents.into() };
        Self { name: name.into(), kind }
    }

    /// The name that it has in the layer.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    pub(crate) fn add(&self, archive: &mut Archive<'_>) -> Result<(), Halt> {
        match &self.kind {
            AssembledKind::Directory { mode } => {
                let (path, mode) = (self.name.as_path(), *mode);
                archive.add_entry(&Entry {
                    path,
                    kind: Kind::Directory,
                    mode,
                    owner: Owner::ROOT,
                    modified: Timestamp::OF_LAYERS,
                    copied: None,
                })
            }
            AssembledKind::File { mode, contents } => add_file(archive, &self.name, *mode, contents),
        }
    }
}

/// Adds a file that belongs to root.
pub(crate) fn add_file(
    archive: &mut Archive<'_>,
    name: &Path,
    mode: u32,
    contents: &Path,
) -> Result<(), Halt> {
    let unreadable = |error: rustix::io::Errno| ArchiveError::unreadable(contents, error);
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(contents, flags, Mode::empty()).map_err(unreadable)?;
    let stat = rustix::fs::fstat(&file).map_err(unreadable)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(ArchiveError::NotAFile(contents.to_owned()).into());
    }
    let size = stat.st_size.unsigned_abs();
    archive.add_entry(&Entry {
        path: name,
        kind: Kind::File(size),
        mode,
        owner: Owner::ROOT,
        modified: Timestamp::OF_LAYERS,
        copied: None,
    })?;
    archive.add_contents(&mut std::fs::File::from(file), contents, size)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::Assembled;
    use crate::LayerSource;

    #[test]
    fn owners_and_modes_are_not_those_on_disk() {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("program");
        fs_err::write(&program, "text").unwrap();
        fs_err::set_permissions(&program, PermissionsExt::from_mode(0o6700)).unwrap();
        let entries = vec![
            Assembled::temporary_directory("tmp"),
            Assembled::directory("bin"),
            Assembled::executable("bin/program", &program),
            Assembled::file("bin/notes", &program),
        ];
        let mut archive = Vec::new();
        LayerSource::assembled("tools", entries).write_uncompressed(&mut archive).unwrap();
        let found: Vec<_> = tar::Archive::new(archive.as_slice())
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
                let name = entry.path().unwrap().to_str().unwrap().to_owned();
                (name, header.mode().unwrap(), header.size().unwrap())
            })
            .collect();
        let expected =
            [("tmp", 0o1777, 0), ("bin", 0o755, 0), ("bin/program", 0o755, 4), ("bin/notes", 0o644, 4)];
        assert_eq!(found, expected.map(|(name, mode, size)| (name.to_owned(), mode, size)));
    }

    #[test]
    fn a_file_needs_one_on_disk() {
        let directory = tempfile::tempdir().unwrap();
        for contents in [directory.path().to_owned(), directory.path().join("absent")] {
            let source = LayerSource::assembled("tools", vec![Assembled::file("file", &contents)]);
            let error = source.diff_id().unwrap_err().reason.to_string();
            assert!(error.contains(contents.to_str().unwrap()), "{error}");
        }
    }
}
