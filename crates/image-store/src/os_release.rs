//! Finding `/etc/os-release` in the layers of an image, and what it says.
//!
//! The file is looked for in a stream of each layer, from the top, so that little of a large image is read.

use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use spec_model::target::Distro;
use tar::EntryType;

use crate::{ImageStore, StoreError, StoredImage};

/// Where the file is, or a link to it.
const FILE: &str = "etc/os-release";
/// Where the link leads in the distributions that have one.
const LINK_TARGET: &str = "usr/lib/os-release";

/// The largest `os-release` that is looked at, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Why the file could not be looked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// The store lacks a layer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A layer is compressed in an unknown way.
    #[error(transparent)]
    Compression(#[from] layer::CompressionError),
    /// A layer is no tar archive, or damaged.
    #[error("a layer cannot be read: {0}")]
    Layer(io::Error),
}

/// What a layer says of one path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Finding {
    /// Nothing: the layers below count.
    #[default]
    Unknown,
    /// The path was removed, or is something else than a file.
    Absent,
    /// A file with this content.
    File(String),
    /// A link to this path.
    Link(PathBuf),
}

/// The content of `/etc/os-release`, if the image has it.
pub(crate) fn find(store: &dyn ImageStore, image: &StoredImage) -> Result<Option<String>, Unreadable> {
    let (mut file, mut link_target) = (Finding::Unknown, Finding::Unknown);
    for layer in image.layers().rev() {
        let stored = store.open_layer(image, &layer.diff_id)?;
        let in_layer = scan(layer::decompress(stored)?).map_err(Unreadable::Layer)?;
        for (known, found) in [(&mut file, in_layer.file), (&mut link_target, in_layer.link_target)] {
            if *known == Finding::Unknown {
                *known = found;
            }
        }
        match (&file, &link_target) {
            (Finding::File(text), _) => return Ok(Some(text.clone())),
            (Finding::Link(path), Finding::File(text)) if path == Path::new(LINK_TARGET) => {
                return Ok(Some(text.clone()));
            }
            (Finding::Link(path), Finding::Unknown) if path == Path::new(LINK_TARGET) => {}
            (Finding::Link(_) | Finding::Absent, _) => return Ok(None),
            (Finding::Unknown, _) => {}
        }
    }
    Ok(None)
}

#[derive(Debug, Default)]
struct InLayer {
    file: Finding,
    link_target: Finding,
}

/// Reads a whole layer, as a later entry of a path replaces an earlier one.
fn scan(archive: impl Read) -> io::Result<InLayer> {
    let mut found = InLayer::default();
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries()? {
        let entry = entry?;
        let path = clean(&entry.path()?);
        for (wanted, finding) in [(FILE, &mut found.file), (LINK_TARGET, &mut found.link_target)] {
            if path == Path::new(wanted) {
                look_at(finding, entry)?;
                break;
            }
            // A whiteout is about the layers below, wherever it stands in its own.
            if *finding == Finding::Unknown && hides(&path, Path::new(wanted)) {
                *finding = Finding::Absent;
            }
        }
    }
    // What follows the archive is read too, so that the store notices a damaged layer.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok(found)
}

fn look_at<R: Read>(finding: &mut Finding, mut entry: tar::Entry<'_, R>) -> io::Result<()> {
    *finding = match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous => {
            let mut text = Vec::new();
            entry.by_ref().take(LARGEST).read_to_end(&mut text)?;
            Finding::File(String::from_utf8_lossy(&text).into_owned())
        }
        EntryType::Symlink => match entry.link_name()? {
            Some(target) if target.is_absolute() => Finding::Link(clean(&target)),
            Some(target) => Finding::Link(clean(&entry.path()?.with_file_name("").join(target))),
            None => Finding::Absent,
        },
        _ => Finding::Absent,
    };
    Ok(())
}

/// A path relative to the root, without `.` and `..`.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => clean.push(part),
            Component::ParentDir => drop(clean.pop()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    clean
}

/// Whether an entry of a layer removes `wanted` as the layers below have it: a whiteout of it or of a
/// directory it is in. Spec: OCI image-spec layer.md § Whiteouts.
fn hides(entry: &Path, wanted: &Path) -> bool {
    let Some(name) = entry.file_name().and_then(|name| name.to_str()) else { return false };
    let Some(removed) = name.strip_prefix(".wh.") else { return false };
    if removed == ".wh..opq" {
        return entry.parent().is_some_and(|dir| wanted.starts_with(dir));
    }
    wanted.starts_with(entry.with_file_name(removed))
}

/// The distribution that an `os-release` file names.
pub(crate) fn distro(text: &str) -> Option<Distro> {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_default().trim().trim_matches(['"', '\'']).to_owned()
    };
    let distro = Distro { name: value("ID"), version: value("VERSION_ID") };
    (distro != Distro::default()).then_some(distro)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use spec_model::target::Distro;

    use super::{distro, hides};

    #[test]
    fn a_distribution_is_read_with_and_without_quotes() {
        for (text, name, version) in [
            ("ID=debian\nVERSION_ID=\"12\"\n", "debian", "12"),
            ("# x\nVERSION_ID='3.20'\r\nID_LIKE=y\nID=alpine\r\n", "alpine", "3.20"),
            ("ID=arch\n", "arch", ""),
        ] {
            let expected = Distro { name: name.to_owned(), version: version.to_owned() };
            assert_eq!(distro(text), Some(expected));
        }
        assert_eq!(distro("NAME=x\n"), None);
        assert_eq!(distro(""), None);
    }

    #[test]
    fn whiteouts_hide_what_is_below_them() {
        for (entry, hidden) in [
            ("etc/.wh.os-release", true),
            (".wh.etc", true),
            ("etc/.wh..wh..opq", true),
            (".wh..wh..opq", true),
            ("etc/.wh.other", false),
            ("etc/os-release", false),
            ("usr/.wh..wh..opq", false),
        ] {
            assert_eq!(hides(Path::new(entry), Path::new("etc/os-release")), hidden, "{entry}");
        }
    }
}
