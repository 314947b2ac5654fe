//! What the names in a layer stand for.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::change::{OPAQUE_WHITEOUT, WHITEOUT_PREFIX};
use crate::extract::Refusal;

/// What begins the names that a storage driver of old kept for itself, and that layers of its time still have.
const METADATA_PREFIX: &[u8] = b".wh..wh.";

/// What an entry's name stands for. Paths are relative to the root and hold names only.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// The root itself.
    Root,
    /// Something in it.
    Path(PathBuf),
    /// The whiteout of this path.
    Whiteout(PathBuf),
    /// The whiteout of all that is in this directory.
    OpaqueDirectory(PathBuf),
    /// Nothing of the image's.
    Metadata,
}

/// Reads the name of an entry or of what it links to.
pub(super) fn name(text: &Path) -> Result<Name, Refusal> {
    let mut path = PathBuf::new();
    let mut last = &b""[..];
    for part in text.as_os_str().as_bytes().split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => continue,
            b".." => return Err(Refusal::ParentDirectory),
            _ => {}
        }
        if last.starts_with(METADATA_PREFIX) {
            return Ok(Name::Metadata);
        }
        if !last.is_empty() {
            path.push(OsStr::from_bytes(last));
        }
        last = part;
    }
    if last == OPAQUE_WHITEOUT.as_bytes() {
        return Ok(Name::OpaqueDirectory(path));
    }
    if last.starts_with(METADATA_PREFIX) {
        return Ok(Name::Metadata);
    }
    match last.strip_prefix(WHITEOUT_PREFIX.as_bytes()) {
        None if last.is_empty() => Ok(Name::Root),
        None => Ok(Name::Path(path.join(OsStr::from_bytes(last)))),
        Some(b"..") => Err(Refusal::ParentDirectory),
        Some(b"" | b".") => Err(Refusal::Whiteout),
        Some(hidden) => Ok(Name::Whiteout(path.join(OsStr::from_bytes(hidden)))),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Name, name};
    use crate::extract::Refusal;

    #[test]
    fn names_are_relative_to_the_root() {
        for text in ["a/b", "/a/b", "./a/b/", "//a/./b"] {
            assert_eq!(name(Path::new(text)), Ok(Name::Path("a/b".into())), "{text}");
        }
        for text in ["", ".", "./", "/"] {
            assert_eq!(name(Path::new(text)), Ok(Name::Root), "{text}");
        }
    }

    #[test]
    fn whiteouts() {
        for (text, found) in [
            ("a/.wh.b", Name::Whiteout("a/b".into())),
            ("/.wh.b", Name::Whiteout("b".into())),
            (".wh.b/", Name::Whiteout("b".into())),
            (".wh.b/c", Name::Path(".wh.b/c".into())),
            (".wh....", Name::Whiteout("...".into())),
            ("a/.wh..wh..opq", Name::OpaqueDirectory("a".into())),
            (".wh..wh..opq", Name::OpaqueDirectory("".into())),
            (".wh..wh.plnk", Name::Metadata),
            ("./.wh..wh.plnk/12.34", Name::Metadata),
            ("a/.wh", Name::Path("a/.wh".into())),
        ] {
            assert_eq!(name(Path::new(text)), Ok(found), "{text}");
        }
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        for (text, reason) in [
            ("..", Refusal::ParentDirectory),
            ("a/../b", Refusal::ParentDirectory),
            (".wh..wh.plnk/../../a", Refusal::ParentDirectory),
            ("/../.wh.a", Refusal::ParentDirectory),
            ("a/.wh...", Refusal::ParentDirectory),
            ("a/.wh..", Refusal::Whiteout),
            ("a/.wh.", Refusal::Whiteout),
        ] {
            assert_eq!(name(Path::new(text)), Err(reason), "{text}");
        }
    }
}
