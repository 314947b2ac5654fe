//! What is mounted below a directory.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::error::SnapshotError;

/// Where the kernel tells this process what is mounted.
const MOUNTS: &str = "/proc/self/mountinfo";

/// The mount points below a root, relative to it.
pub(crate) fn below(root: &Path) -> Result<Vec<PathBuf>, SnapshotError> {
    let root = fs_err::canonicalize(root).map_err(|error| SnapshotError::unreadable(root, error))?;
    let table = fs_err::read(MOUNTS);
    let table = table.map_err(|source| SnapshotError::Mounts { path: MOUNTS.into(), source })?;
    Ok(parse(&table, &root))
}

/// The fifth field of each line is a mount point.
fn parse(table: &[u8], root: &Path) -> Vec<PathBuf> {
    let points =
        table.split(|byte| *byte == b'\n').filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    let points = points.map(|point| PathBuf::from(OsString::from_vec(unescape(point))));
    let below = points.filter_map(|point| Some(point.strip_prefix(root).ok()?.to_owned()));
    below.filter(|point| !point.as_os_str().as_bytes().is_empty()).collect()
}

/// The kernel writes spaces and the like as a backslash and three octal digits.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, others)) = rest.split_first() {
        let digits = others.first_chunk::<3>().and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if *first == b'\\' => {
                plain.push(byte);
                rest = others.get(3..).unwrap_or_default();
            }
            _ => {
                plain.push(*first);
                rest = others;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::parse;

    const TABLE: &[u8] = b"21 1 0:20 / / rw,relatime - overlay overlay rw\n\
        22 21 0:21 / /proc rw shared:1 - proc proc rw\n\
        23 21 8:1 /a\\040b /layers/with\\040space\\134here rw - ext4 /dev/sda1 rw\n\
        24 21 8:1 / /layers2 rw - ext4 /dev/sda1 rw\n\
        25 21 8:1 / /odd\\9\xff rw - ext4 /dev/sda1 rw\n\
        short line\n";

    #[test]
    fn all_but_the_root_itself() {
        let points = parse(TABLE, Path::new("/"));
        assert_eq!(points[..3], ["proc", "layers/with space\\here", "layers2"].map(PathBuf::from));
        assert_eq!(points[3].as_os_str().as_encoded_bytes(), b"odd\\9\xff");
        assert_eq!(points.len(), 4);
    }

    #[test]
    fn only_what_is_below() {
        assert_eq!(parse(TABLE, Path::new("/layers")), [Path::new("with space\\here")]);
        assert_eq!(parse(TABLE, Path::new("/layers2")), [] as [PathBuf; 0]);
    }
}
