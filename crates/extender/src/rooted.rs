//! Paths in a directory that stands for the root of a file system.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// How many links a path may lead through, as in the kernel.
const MOST_LINKS: usize = 40;

/// A directory that stands for the root. Nothing leads out of it: neither `..` nor a link.
///
/// Links are followed here, not by the kernel. So nobody else may change them meanwhile: no process of a step
/// outlives it.
#[derive(Debug, Clone)]
pub(crate) struct Rooted(PathBuf);

impl Rooted {
    pub(crate) fn new(root: &Path) -> Self {
        Self(root.to_owned())
    }

    /// The path on disk, free of links. Parts that do not exist are taken as they are.
    pub(crate) fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        self.walk(path, true)
    }

    /// The same, but the last name may be a link, which is not followed.
    pub(crate) fn resolve_parent(&self, path: &Path) -> io::Result<PathBuf> {
        self.walk(path, false)
    }

    fn walk(&self, path: &Path, follows_last: bool) -> io::Result<PathBuf> {
        let mut parts: Vec<OsString> = Vec::new();
        push_reversed(&mut parts, path);
        let mut resolved = PathBuf::new();
        let mut links = 0;
        while let Some(part) = parts.pop() {
            if part == ".." {
                resolved.pop();
                continue;
            }
            let candidate = self.0.join(&resolved).join(&part);
            let is_link = fs_err::symlink_metadata(&candidate).is_ok_and(|metadata| metadata.is_symlink());
            if !is_link || (parts.is_empty() && !follows_last) {
                resolved.push(part);
                continue;
            }
            links += 1;
            if links > MOST_LINKS {
                return Err(io::Error::other(format!("'{}' leads through too many links", path.display())));
            }
            let target = fs_err::read_link(&candidate)?;
            if target.is_absolute() {
                resolved.clear();
            }
            push_reversed(&mut parts, &target);
        }
        Ok(self.0.join(resolved))
    }
}

fn push_reversed(parts: &mut Vec<OsString>, path: &Path) {
    parts.extend(path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    }));
}

/// Removes `.` and `..` from an absolute path by their names alone.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use fs_err::os::unix::fs::symlink;

    use super::{Rooted, clean};

    #[test]
    fn no_path_leads_out_of_the_root() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        fs_err::create_dir_all(root.join("usr/bin")).unwrap();
        for (link, target) in [
            ("bin", "usr/bin"),
            ("absolute", "/usr"),
            ("out", "../../.."),
            ("usr/up", "../absolute/bin"),
            ("loop", "loop"),
            ("dangling", "nowhere"),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
        let rooted = Rooted::new(&root);
        for (path, expected) in [
            ("/bin/sh", "usr/bin/sh"),
            ("/absolute/bin/x", "usr/bin/x"),
            ("/out/etc", "etc"),
            ("/../../etc", "etc"),
            ("/usr/up/../x", "usr/x"),
            ("/dangling/x", "nowhere/x"),
            ("/new/./dir", "new/dir"),
            ("/", ""),
        ] {
            assert_eq!(rooted.resolve(Path::new(path)).unwrap(), root.join(expected), "{path}");
        }
        assert_eq!(rooted.resolve_parent(Path::new("/absolute")).unwrap(), root.join("absolute"));
        assert_eq!(rooted.resolve_parent(Path::new("/bin/x")).unwrap(), root.join("usr/bin/x"));
        assert!(rooted.resolve(Path::new("/loop/x")).is_err());
    }

    #[test]
    fn names_are_cleaned() {
        for (path, expected) in [("/a/../b/./c/", "/b/c"), ("/..", "/"), ("a/b", "/a/b")] {
            assert_eq!(clean(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
