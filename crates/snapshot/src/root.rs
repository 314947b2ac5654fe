//! What of a file system is watched.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use crate::error::SnapshotError;
use crate::mounts;

/// What belongs to a container rather than to its image, wherever a platform runs it, as absolute paths: the
/// kernel's directories, what engines and clusters put into containers, and the extender's own directory.
///
/// Mount points need not be listed, as [`Root`] finds them.
pub const NEVER_WATCHED: [&str; 6] = ["/dev", "/etc/mtab", "/kaniko", "/proc", "/sys", "/var/run"];

/// What of the file system under a directory is watched: everything but the ignored paths, what is mounted
/// there, and what is below those.
#[derive(Debug, Clone)]
pub struct Root {
    path: PathBuf,
    ignored: Ignored,
}

impl Root {
    /// The file system under `root`. The ignored paths are absolute and mean what `root` has by that name, as if
    /// it were the system's root; a link of that name isn't followed. They need not exist.
    #[must_use]
    pub fn new(root: &Path, ignored: &[PathBuf]) -> Self {
        let mut paths = Ignored::default();
        for path in ignored {
            paths.insert(path);
        }
        Self { path: root.to_owned(), ignored: paths }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is not watched at the moment.
    pub(crate) fn ignored_now(&self) -> Result<Ignored, SnapshotError> {
        let mut ignored = self.ignored.clone();
        for path in mounts::below(&self.path)? {
            ignored.insert(&path);
        }
        Ok(ignored)
    }
}

/// Paths that are not watched, relative to the root.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ignored(BTreeSet<Box<OsStr>>);

impl Ignored {
    fn insert(&mut self, path: &Path) {
        let mut relative = PathBuf::new();
        for component in path.components() {
            match component {
                Component::Normal(name) => relative.push(name),
                Component::ParentDir => _ = relative.pop(),
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
        self.0.insert(relative.into_os_string().into_boxed_os_str());
    }

    /// Whether the path is among them. Those that lead to it must be asked for first.
    pub(crate) fn contains(&self, path: &Path) -> bool {
        self.0.contains(path.as_os_str())
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::Root;

    #[test]
    fn ignored_paths_are_relative_to_the_root() {
        let paths = ["/a", "b/", "/c/./d//", "/../e", "/f/../g"].map(PathBuf::from);
        let root = Root::new(Path::new("/somewhere"), &paths);
        for path in ["a", "b", "c/d", "e", "g"] {
            assert!(root.ignored.contains(Path::new(path)), "{path}");
        }
        for path in ["c", "a/b", "f", "A", "/a"] {
            assert!(!root.ignored.contains(Path::new(path)), "{path}");
        }
    }
}
