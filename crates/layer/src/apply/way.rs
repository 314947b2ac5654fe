//! The way to a path through links, as a process would go whose root is the directory.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// The most links on one way, as on Linux.
const LINKS: usize = 40;

/// The most bytes of a path, as on Linux.
const LENGTH: usize = 4096;

/// The directory's place by a path without links.
///
/// What is missing counts as directories that will be made. Whoever uses the answer must not follow links.
pub(super) fn resolve(root: BorrowedFd<'_>, directory: &Path) -> Result<PathBuf, Errno> {
    if directory.as_os_str().len() >= LENGTH {
        return Err(Errno::NAMETOOLONG);
    }
    let mut reached = PathBuf::new();
    let mut links = 0;
    let mut left: VecDeque<OsString> = directory.iter().map(OsStr::to_owned).collect();
    while let Some(name) = left.pop_front() {
        if name == ".." {
            reached.pop();
            continue;
        }
        reached.push(name);
        let target = match rustix::fs::readlinkat(root, &reached, Vec::new()) {
            // No link, nothing, or a file is on the way, as will show.
            Err(Errno::INVAL | Errno::NOENT | Errno::NOTDIR) => continue,
            target => target?.into_bytes(),
        };
        links += 1;
        if links > LINKS {
            return Err(Errno::LOOP);
        }
        reached.pop();
        if target.starts_with(b"/") {
            reached.clear();
        }
        for part in target.split(|byte| *byte == b'/').rev() {
            if !matches!(part, b"" | b".") {
                left.push_front(OsStr::from_bytes(part).to_owned());
            }
        }
    }
    Ok(reached)
}
