//! The layer of a base image: a directory that stands for the root of a file system.

use std::path::Path;

use rustix::fs::FileType;
use rustix::io::Errno;

use crate::archive::{Archive, Halt};
use crate::error::ArchiveError;
use crate::header::Owner;
use crate::walk::{Order, walk};

/// Adds all below the root. Everything is owned by the superuser, so that root file systems can be gathered
/// without being it.
pub(crate) fn add(archive: &mut Archive<'_>, root: &Path) -> Result<(), Halt> {
    walk(root, Order::DepthFirst, &mut |path, stat| {
        let name = path.strip_prefix(root).unwrap_or(path);
        if !name.as_os_str().is_empty() {
            return archive.add_as(name, path, stat, Owner::ROOT);
        }
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Err(ArchiveError::unreadable(root, Errno::NOTDIR).into());
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use tar::EntryType;

    use crate::LayerSource;

    fn archive(root: &Path) -> Vec<u8> {
        let mut bytes = Vec::new();
        LayerSource::root_file_system("base", root).write_uncompressed(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn names_are_relative_and_everything_belongs_to_root() {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(root.path().join("usr/bin")).unwrap();
        fs_err::write(root.path().join("usr/bin/true"), "").unwrap();
        fs_err::set_permissions(root.path().join("usr/bin"), PermissionsExt::from_mode(0o1750)).unwrap();
        fs_err::os::unix::fs::symlink("usr/bin", root.path().join("bin")).unwrap();
        // As root, what belongs to somebody else comes out the same.
        let _ = std::os::unix::fs::lchown(root.path().join("usr/bin/true"), Some(1234), Some(1234));

        let bytes = archive(root.path());
        let entries = tar::Archive::new(bytes.as_slice())
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
                let name = entry.path().unwrap().to_str().unwrap().to_owned();
                (name, header.entry_type(), header.mode().unwrap())
            })
            .collect::<Vec<_>>();
        let names: Vec<_> = entries.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["bin", "usr", "usr/bin", "usr/bin/true"]);
        assert_eq!(entries[0].1, EntryType::Symlink);
        assert_eq!((entries[2].1, entries[2].2), (EntryType::Directory, 0o1750));
    }

    #[test]
    fn the_place_of_the_root_does_not_show() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for root in [&one, &two] {
            fs_err::write(root.path().join("file"), "text").unwrap();
            fs_err::set_permissions(root.path().join("file"), PermissionsExt::from_mode(0o640)).unwrap();
        }
        let slash = two.path().join("");
        assert_eq!(archive(one.path()), archive(&slash));
    }

    #[test]
    fn only_a_directory_is_a_root() {
        let root = tempfile::tempdir().unwrap();
        fs_err::os::unix::fs::symlink("/", root.path().join("link")).unwrap();
        for name in ["link", "absent"] {
            let source = LayerSource::root_file_system("base", &root.path().join(name));
            let error = source.diff_id().unwrap_err().reason.to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
