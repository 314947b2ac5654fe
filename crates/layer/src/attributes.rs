//! Extended attributes of files.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::io::Errno;

/// Extended attributes with their values.
pub type Attributes = BTreeMap<OsString, Vec<u8>>;

/// Enough for the names that most files have.
const FEW: usize = 256;

/// The most bytes that Linux has for the names, or for a value.
const MOST: usize = 64 * 1024;

/// Reads the extended attributes of what is at a path, without following a link, as far as layers have them.
///
/// Layers have what belongs to a file: its capabilities, access control lists, and what users and
/// administrators set. What describes where it is stays there: labels of the host's policy, and the notes of
/// storage drivers. Names with a `=` can't be told in layers.
///
/// # Errors
/// The system's. On file systems without extended attributes, there are none.
pub fn read_attributes(path: &Path) -> Result<Attributes, std::io::Error> {
    Ok(read(
        |names| rustix::fs::llistxattr(path, names),
        |name, value| rustix::fs::lgetxattr(path, name, value),
    )?)
}

/// As [`read_attributes`], but follows a link.
pub(crate) fn read_attributes_behind(path: &Path) -> Result<Attributes, Errno> {
    read(|names| rustix::fs::listxattr(path, names), |name, value| rustix::fs::getxattr(path, name, value))
}

/// Whether layers have this attribute.
pub(crate) fn is_carried(name: &OsStr) -> bool {
    let name = name.as_bytes();
    let of_overlays = name.starts_with(b"trusted.overlay.") || name.starts_with(b"user.overlay.");
    let of_users = name.starts_with(b"user.") || name.starts_with(b"trusted.");
    let of_the_system = name == b"security.capability" || name.starts_with(b"system.posix_acl_");
    (of_users && !of_overlays || of_the_system) && !name.contains(&b'=')
}

fn read(
    list: impl FnMut(&mut [u8]) -> Result<usize, Errno>,
    value: impl Fn(&OsStr, &mut [u8]) -> Result<usize, Errno>,
) -> Result<Attributes, Errno> {
    let names = match sized(list) {
        Err(Errno::NOTSUP) => return Ok(Attributes::new()),
        names => names?,
    };
    let names = names.split(|byte| *byte == 0).map(OsStr::from_bytes).filter(|name| is_carried(name));
    names.map(|name| Ok((name.to_owned(), sized(|buffer| value(name, buffer))?))).collect()
}

/// Calls `read` with a small buffer, and with a large one if that is too small.
fn sized(mut read: impl FnMut(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    let mut few = [0; FEW];
    match read(&mut few) {
        Err(Errno::RANGE) => {}
        length => return Ok(few.get(..length?).unwrap_or_default().to_vec()),
    }
    let mut most = vec![0; MOST];
    let length = read(&mut most)?;
    most.truncate(length);
    Ok(most)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::is_carried;

    #[test]
    fn what_describes_the_place_stays_there() {
        for name in ["user.a", "trusted.a", "security.capability", "system.posix_acl_access"] {
            assert!(is_carried(OsStr::new(name)), "{name}");
        }
        for name in [
            "security.selinux",
            "trusted.overlay.opaque",
            "user.overlay.x",
            "system.nfs4_acl",
            "user.a=b",
            "",
        ] {
            assert!(!is_carried(OsStr::new(name)), "{name}");
        }
    }
}
