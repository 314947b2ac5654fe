//! Reading files of a root file system that nobody has vouched for.

use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// The most that is read of a file, in bytes.
const LIMIT: u64 = 1024 * 1024;

/// Reads a text file, `None` if it does not exist. `path` is relative to the root, which links don't lead out
/// of: an absolute one is taken from there, as in a container.
pub(crate) fn read_to_string(root: &Path, path: &str) -> Result<Option<String>> {
    let read = || -> io::Result<Option<String>> {
        let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(CWD, root, directory, Mode::empty())?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let file = match rustix::fs::openat2(&directory, path, flags, Mode::empty(), resolve) {
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            opened => std::fs::File::from(opened?),
        };
        let mut bytes = Vec::new();
        file.take(LIMIT).read_to_end(&mut bytes)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    };
    read().with_context(|| format!("cannot read '/{path}' of the root file system '{}'", root.display()))
}

#[cfg(test)]
mod tests {
    use fs_err::os::unix::fs::symlink;

    use super::read_to_string;

    #[test]
    fn links_stay_in_the_root() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("root");
        fs_err::create_dir_all(root.join("etc")).unwrap();
        fs_err::write(outside.path().join("secret"), "outside").unwrap();
        fs_err::write(root.join("secret"), "inside").unwrap();
        symlink("/secret", root.join("etc/absolute")).unwrap();
        symlink("../../../secret", root.join("etc/upwards")).unwrap();
        symlink("nowhere", root.join("etc/dangling")).unwrap();
        let read = |path| read_to_string(&root, path).unwrap();
        assert_eq!(read("etc/absolute").as_deref(), Some("inside"));
        assert_eq!(read("etc/upwards").as_deref(), Some("inside"));
        assert_eq!((read("etc/dangling"), read("absent"), read("secret/x")), (None, None, None));
    }

    #[test]
    fn what_is_no_file_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir(root.path().join("directory")).unwrap();
        let error = read_to_string(root.path(), "directory").unwrap_err();
        assert!(error.to_string().contains("'/directory'"), "{error}");
    }
}
