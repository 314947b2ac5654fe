//! Walking a directory tree in the orders that layers have.

use std::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType, Mode, OFlags, Stat};

use crate::archive::{Halt, look_at};
use crate::error::ArchiveError;

/// In which order a tree's paths come.
///
/// They differ where a name begins with another's: below `a` and `a-b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// A directory's contents follow it: `a`, `a/x`, `a-b`.
    DepthFirst,
    /// As the whole paths sort: `a`, `a-b`, `a/x`.
    WholePath,
}

/// What to do next in a directory. Names of directories occur twice, all others once.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    name: OsString,
    descend: bool,
}

impl Step {
    fn compare(&self, other: &Self, order: Order) -> Ordering {
        match order {
            Order::DepthFirst => (&self.name, self.descend).cmp(&(&other.name, other.descend)),
            Order::WholePath => self.sort_key().cmp(other.sort_key()),
        }
    }

    /// The name, with a slash behind it where it stands for what is below.
    fn sort_key(&self) -> impl Iterator<Item = &u8> {
        self.name.as_bytes().iter().chain(self.descend.then_some(&b'/'))
    }
}

/// Calls `visit` for the root and everything below with what [`look_at`] found.
///
/// Holds no more than the names of the directories on the way to the current path.
pub(crate) fn walk(
    root: &Path,
    order: Order,
    visit: &mut dyn FnMut(&Path, &Stat) -> Result<(), Halt>,
) -> Result<(), Halt> {
    let stat = look_at(root).map_err(|error| ArchiveError::unreadable(root, error))?;
    visit(root, &stat)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        return Ok(());
    }
    let mut path = root.to_owned();
    let mut open = vec![steps(&path, order)?];
    while let Some(steps) = open.last_mut() {
        let Some(step) = steps.next() else {
            open.pop();
            path.pop();
            continue;
        };
        path.push(&step.name);
        if step.descend {
            open.push(self::steps(&path, order)?);
        } else {
            let stat = look_at(&path).map_err(|error| ArchiveError::lost(&path, error))?;
            visit(&path, &stat)?;
            path.pop();
        }
    }
    Ok(())
}

/// The steps through one directory, in order.
fn steps(directory: &Path, order: Order) -> Result<std::vec::IntoIter<Step>, ArchiveError> {
    let mut steps = Vec::new();
    list(directory, &mut |name, kind| {
        steps.push(Step { name: name.to_owned(), descend: false });
        if kind == FileType::Directory {
            steps.push(Step { name: name.to_owned(), descend: true });
        }
    })?;
    steps.sort_unstable_by(|one, other| one.compare(other, order));
    Ok(steps.into_iter())
}

/// Calls `found` with each name in a directory and what it names, in no order.
fn list(directory: &Path, found: &mut dyn FnMut(&OsStr, FileType)) -> Result<(), ArchiveError> {
    let lost = |error: rustix::io::Errno| ArchiveError::lost(directory, error);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::open(directory, flags, Mode::empty()).map_err(lost)?;
    for entry in Dir::new(opened).map_err(lost)? {
        let entry = entry.map_err(lost)?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        // Some file systems leave it to the caller to find out.
        let kind = match entry.file_type() {
            FileType::Unknown => {
                let path = directory.join(name);
                let stat = look_at(&path).map_err(|error| ArchiveError::lost(&path, error))?;
                FileType::from_raw_mode(stat.st_mode)
            }
            kind => kind,
        };
        found(name, kind);
    }
    Ok(())
}

/// The directories that hold a path, outermost first, without the root directory.
pub(crate) fn parents(path: &Path) -> Vec<PathBuf> {
    let mut parents: Vec<_> = path.ancestors().skip(1).filter(|dir| dir.parent().is_some()).collect();
    parents.reverse();
    parents.into_iter().map(Path::to_owned).collect()
}

/// A path without `.`, `..` and surplus slashes, judged by its text alone. Nothing left makes `.`.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let absolute = path.has_root();
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.as_os_str().as_bytes().split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => _ = parts.pop(),
            b".." if absolute => {}
            part => parts.push(part),
        }
    }
    let text = parts.join(&b'/');
    let text = match (absolute, text.is_empty()) {
        (true, _) => [b"/", text.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => text,
    };
    OsString::from_vec(text).into()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Order, clean, parents, walk};

    fn walked(root: &Path, order: Order) -> Vec<String> {
        let mut paths = Vec::new();
        walk(root, order, &mut |path, _| {
            paths.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            Ok(())
        })
        .unwrap();
        paths
    }

    #[test]
    fn the_two_orders() {
        let root = tempfile::tempdir().unwrap();
        for directory in ["a/b", "a-b/c", "a0", "empty"] {
            fs_err::create_dir_all(root.path().join(directory)).unwrap();
        }
        for file in ["a/b/x", "a/b-x", "a!", "a-b/c/y", "A", "a.txt", "\u{fc}"] {
            fs_err::write(root.path().join(file), "").unwrap();
        }
        let depth_first = [
            "", "A", "a", "a/b", "a/b/x", "a/b-x", "a!", "a-b", "a-b/c", "a-b/c/y", "a.txt", "a0", "empty",
            "\u{fc}",
        ];
        assert_eq!(walked(root.path(), Order::DepthFirst), depth_first);
        let mut whole_path = depth_first;
        whole_path.sort_unstable();
        assert_ne!(whole_path, depth_first);
        assert_eq!(walked(root.path(), Order::WholePath), whole_path);
    }

    #[test]
    fn links_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(root.path().join("d/e")).unwrap();
        fs_err::os::unix::fs::symlink("d", root.path().join("l")).unwrap();
        assert_eq!(walked(root.path(), Order::DepthFirst), ["", "d", "d/e", "l"]);
        assert_eq!(walked(&root.path().join("l"), Order::DepthFirst), [""]);
    }

    #[test]
    fn parents_come_outermost_first() {
        assert_eq!(parents(Path::new("/layers/bp/l")), [Path::new("/layers"), Path::new("/layers/bp")]);
        assert_eq!(parents(Path::new("/layers")), [] as [PathBuf; 0]);
        assert_eq!(parents(Path::new("/")), [] as [PathBuf; 0]);
    }

    #[test]
    fn cleaning_is_lexical() {
        for (path, cleaned) in [
            ("", "."),
            (".", "."),
            ("/", "/"),
            ("//a//b/", "/a/b"),
            ("/../a", "/a"),
            ("./a/./b", "a/b"),
            ("a/../b", "b"),
            ("a/..", "."),
            ("../a", "../a"),
            ("../../a/..", "../.."),
        ] {
            assert_eq!(clean(Path::new(path)).to_str(), Some(cleaned), "{path}");
        }
    }
}
