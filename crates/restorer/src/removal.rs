//! Removing layers, also those whose directories their buildpack has made read-only.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use buildpack::layers_dir::Layer;

/// What the owner of a directory needs to empty it.
const OWNER_ALL: u32 = 0o700;

/// Removes a layer's directory, its metadata and its SBOM files, as far as they exist.
///
/// # Errors
/// The disk refuses; the error names the path.
pub(crate) fn remove(layer: &Layer) -> io::Result<()> {
    for (_, path) in layer.sbom_files() {
        fs_err::remove_file(path)?;
    }
    layer.remove().or_else(|error| {
        if error.kind() != io::ErrorKind::PermissionDenied {
            return Err(error);
        }
        open_up(layer.path())?;
        layer.remove()
    })
}

/// Makes all directories of a tree writable. Links are left alone.
fn open_up(directory: &Path) -> io::Result<()> {
    let metadata = fs_err::symlink_metadata(directory)?;
    if !metadata.is_dir() {
        return Ok(());
    }
    let mode = metadata.permissions().mode();
    if mode & OWNER_ALL != OWNER_ALL {
        fs_err::set_permissions(directory, PermissionsExt::from_mode(mode | OWNER_ALL))?;
    }
    for entry in fs_err::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::open_up;

    #[test]
    fn read_only_directories_are_opened_up_and_links_are_not_followed() {
        let tree = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let mode = |path: &std::path::Path| fs_err::metadata(path).unwrap().permissions().mode() & 0o7777;
        let inner = tree.path().join("a/b");
        fs_err::create_dir_all(&inner).unwrap();
        std::os::unix::fs::symlink(other.path(), tree.path().join("a/link")).unwrap();
        for path in [&inner, &tree.path().join("a"), other.path()] {
            fs_err::set_permissions(path, PermissionsExt::from_mode(0o555)).unwrap();
        }
        open_up(tree.path()).unwrap();
        assert_eq!((mode(&inner), mode(&tree.path().join("a"))), (0o755, 0o755));
        assert_eq!(mode(other.path()), 0o555);
        fs_err::set_permissions(other.path(), PermissionsExt::from_mode(0o755)).unwrap();
    }
}
