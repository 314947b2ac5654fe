//! Where an archive's names lead.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use tar::EntryType;

use super::Refusal;
use crate::walk::clean;

/// A directory that stands for an archive's root, and the one directory in it that may be written to.
///
/// Layers hold absolute names, such as `/layers/acme_node/deps`. They are taken relative to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    root: PathBuf,
    /// Relative to the root, and clean.
    permitted: PathBuf,
    leaves_out_special_files: bool,
    keeps_set_ids: bool,
}

/// What an archive's name is to a destination.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The permitted directory or one that leads to it.
    OnTheWay,
    /// A path below the permitted directory, relative to it.
    Below(PathBuf),
}

impl Destination {
    /// The file system itself, of which nothing outside of one directory may be touched.
    pub fn below(permitted: impl AsRef<Path>) -> Self {
        Self::in_root("/", permitted)
    }

    /// A directory that stands for the root. `permitted` is a path in it, and may be `/` for all of it.
    pub fn in_root(root: impl Into<PathBuf>, permitted: impl AsRef<Path>) -> Self {
        let permitted = clean(&Path::new("/").join(permitted));
        let permitted = permitted.strip_prefix("/").unwrap_or(&permitted).to_owned();
        Self { root: root.into(), permitted, leaves_out_special_files: false, keeps_set_ids: true }
    }

    /// Leaves out devices and fifos instead of refusing archives that hold them. For the layers of base images:
    /// containers get their devices from who runs them.
    #[must_use]
    pub fn without_special_files(self) -> Self {
        Self { leaves_out_special_files: true, ..self }
    }

    /// Leaves out the bits of files that give whoever runs them the rights of their owner or group, and the
    /// sticky bit. A cache is to bring nobody rights; other lifecycles restore files so.
    #[must_use]
    pub fn without_set_ids(self) -> Self {
        Self { keeps_set_ids: false, ..self }
    }

    /// The mode that a file gets.
    pub(super) fn file_mode(&self, recorded: u32) -> u32 {
        if self.keeps_set_ids { recorded } else { recorded & 0o777 }
    }

    pub(super) fn leaves_out(&self, kind: EntryType) -> bool {
        self.leaves_out_special_files && matches!(kind, EntryType::Char | EntryType::Block | EntryType::Fifo)
    }

    /// The directory on disk that may be written to.
    pub(super) fn directory(&self) -> PathBuf {
        self.root.join(&self.permitted)
    }

    /// The name in archives of the directory that may be written to.
    pub(super) fn permitted(&self) -> PathBuf {
        Path::new("/").join(&self.permitted)
    }

    /// Finds an archive's name.
    pub(super) fn place(&self, name: &Path) -> Result<Place, Refusal> {
        let mut permitted = self.permitted.iter();
        let mut below = PathBuf::new();
        for part in name.as_os_str().as_bytes().split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => continue,
                b".." => return Err(Refusal::ParentDirectory),
                _ => {}
            }
            let part = OsStr::from_bytes(part);
            match permitted.next() {
                None => below.push(part),
                Some(expected) if expected == part => {}
                Some(_) => return Err(Refusal::Outside(self.permitted())),
            }
        }
        Ok(if below.as_os_str().is_empty() { Place::OnTheWay } else { Place::Below(below) })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Destination, Place, Refusal};

    #[test]
    fn names_are_taken_relative_to_the_root() {
        let layers = Destination::below("/layers/");
        for name in ["/layers/bp/l", "layers/bp/l", "./layers/bp/l/", "//layers/./bp//l"] {
            assert_eq!(layers.place(Path::new(name)), Ok(Place::Below("bp/l".into())), "{name}");
        }
        for name in ["", "/", ".", "/layers", "layers/"] {
            assert_eq!(layers.place(Path::new(name)), Ok(Place::OnTheWay), "{name}");
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let layers = Destination::in_root("/tmp/root", "layers");
        for name in ["/etc", "/etc/passwd", "/layers2", "/Layers/x", "/layers.toml"] {
            assert_eq!(layers.place(Path::new(name)), Err(Refusal::Outside("/layers".into())), "{name}");
        }
        for name in ["..", "/layers/..", "/layers/../etc", "/layers/a/../b", "../layers/a"] {
            assert_eq!(layers.place(Path::new(name)), Err(Refusal::ParentDirectory), "{name}");
        }
    }

    #[test]
    fn all_of_a_root_may_be_permitted() {
        let all = Destination::in_root("/tmp/root", "/");
        assert_eq!(all.place(Path::new("/etc/passwd")), Ok(Place::Below("etc/passwd".into())));
        assert_eq!(all.directory(), Path::new("/tmp/root/"));
    }
}
