//! A directory that is gone at the end.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::output;

/// Where large things are put unless `TMPDIR` says otherwise: unlike `/tmp` it is rarely kept in memory.
const DEFAULT_PARENT: &str = "/var/tmp";

/// A directory that only this user can enter, and that is removed when this value is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes one in `TMPDIR`, or where large temporary files belong.
    pub(crate) fn new() -> Result<Self> {
        let parent = std::env::var_os("TMPDIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let parent = std::path::absolute(parent.unwrap_or_else(|| DEFAULT_PARENT.into()))?;
        let directory = tempfile::Builder::new()
            .prefix("cnb-")
            .permissions(PermissionsExt::from_mode(0o700))
            .tempdir_in(&parent)
            .with_context(|| {
                format!(
                    "cannot make a directory in '{}'; name another place by setting TMPDIR",
                    parent.display()
                )
            })?;
        Ok(Self(directory.keep()))
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            output::print_warning(&format!("temporary files are left: {error}"));
        }
    }
}

/// Removes a directory with all below it, also what its owner may not change.
pub(crate) fn remove(directory: &Path) -> io::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        open_up(directory)?;
    }
    fs_err::remove_dir_all(directory)
}

fn open_up(directory: &Path) -> io::Result<()> {
    fs_err::set_permissions(directory, std::fs::Permissions::from_mode(0o700))?;
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

    use super::Scratch;

    #[test]
    fn closed_directories_are_removed_and_links_are_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        fs_err::write(outside.path().join("kept"), "").unwrap();
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        fs_err::create_dir_all(path.join("a/b")).unwrap();
        fs_err::write(path.join("a/b/file"), "").unwrap();
        fs_err::os::unix::fs::symlink(outside.path(), path.join("a/link")).unwrap();
        for closed in ["a/b", "a"] {
            fs_err::set_permissions(path.join(closed), PermissionsExt::from_mode(0o000)).unwrap();
        }
        assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        drop(scratch);
        assert!(!path.exists());
        assert!(outside.path().join("kept").exists());
    }
}
