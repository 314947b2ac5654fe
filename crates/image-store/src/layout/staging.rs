//! Where the files of an image lie until the image is complete.

use std::fs::TryLockError;
use std::io;
use std::path::Path;

use tempfile::TempDir;

const PREFIX: &str = ".writing-";

/// A directory beside an image's blobs, removed when dropped. What a killed process has left is removed
/// by the next one that writes the image; a lock tells such left-overs from directories in use.
#[derive(Debug)]
pub(crate) struct Staging {
    dir: TempDir,
    /// The lock lasts as long as the file is open.
    _lock: fs_err::File,
}

impl Staging {
    /// Makes the directory in an image's directory, which it creates if need be.
    pub(crate) fn create(image: &Path) -> io::Result<Self> {
        fs_err::create_dir_all(image)?;
        // A directory that another process has made, but not locked yet, must not look like a left-over.
        let guard = fs_err::File::open(image)?;
        let _ = guard.file().lock();
        remove_left_overs(image)?;
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(image)?;
        let lock = fs_err::File::open(dir.path())?;
        // Some network file systems know no locks: there, left-overs stay.
        let _ = lock.file().lock();
        Ok(Self { dir, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

fn remove_left_overs(image: &Path) -> io::Result<()> {
    for entry in fs_err::read_dir(image)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(dir) = fs_err::File::open(entry.path()) else { continue };
        match dir.file().try_lock() {
            // Someone else's left-over may not be removable; it does no harm.
            Ok(()) => drop(fs_err::remove_dir_all(entry.path())),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Staging;

    #[test]
    fn left_overs_are_removed_and_directories_in_use_are_not() {
        let image = tempfile::tempdir().unwrap();
        let left_over = image.path().join(".writing-killed");
        fs_err::create_dir(&left_over).unwrap();
        fs_err::write(left_over.join("layer-1"), "half").unwrap();
        let first = Staging::create(image.path()).unwrap();
        assert!(!left_over.exists());
        let second = Staging::create(image.path()).unwrap();
        assert!(first.path().exists() && second.path() != first.path());
        drop((first, second));
        assert_eq!(fs_err::read_dir(image.path()).unwrap().count(), 0);
    }
}
