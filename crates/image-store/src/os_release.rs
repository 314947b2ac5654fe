//! Finding `/etc/os-release` in the layers of an image, and what it says.
//!
//! The layers are looked through from the top, as streams, until the file is found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use layer::{ArchiveFault, CompressionError, Found};
use spec_model::target::Distro;

use crate::{ImageStore, StoreError, StoredImage};

/// The file, or a link to it.
const FILE: &str = "/etc/os-release";
/// Where the link leads in the distributions that have one.
const LINK_TARGET: &str = "/usr/lib/os-release";

/// Why the file could not be looked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// The store lacks a layer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A layer is compressed in an unknown way.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// A layer is no archive, or damaged.
    #[error(transparent)]
    Archive(#[from] ArchiveFault),
}

/// What is known of a path from the layers looked through so far.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    Nothing,
    /// It was removed.
    Removed,
    It(Found),
}

/// The content of `/etc/os-release`, if the image has it.
pub(crate) fn find(store: &dyn ImageStore, image: &StoredImage) -> Result<Option<String>, Unreadable> {
    let (mut file, mut link_target) = (Known::Nothing, Known::Nothing);
    for layer in image.layers().rev() {
        let stored = store.open_layer(image, &layer.diff_id)?;
        let in_layer = layer::find(layer::decompress(stored)?, |path| {
            [FILE, LINK_TARGET]
                .iter()
                .any(|wanted| path == Path::new(wanted) || hides(path, Path::new(wanted)))
        })?;
        file.learn(&in_layer, Path::new(FILE));
        link_target.learn(&in_layer, Path::new(LINK_TARGET));
        match (&file, &link_target) {
            (Known::It(Found::File(text)), _) => return Ok(Some(String::from_utf8_lossy(text).into_owned())),
            (Known::Nothing, _) => {}
            (Known::It(Found::Link(path)), target) if path == Path::new(LINK_TARGET) => match target {
                Known::It(Found::File(text)) => return Ok(Some(String::from_utf8_lossy(text).into_owned())),
                Known::Nothing => {}
                Known::Removed | Known::It(Found::Link(_) | Found::Other) => return Ok(None),
            },
            (Known::Removed | Known::It(Found::Link(_) | Found::Other), _) => return Ok(None),
        }
    }
    Ok(None)
}

impl Known {
    /// What a layer has at a path counts before what the layers below have; a whiteout hides those.
    fn learn(&mut self, in_layer: &BTreeMap<PathBuf, Found>, path: &Path) {
        if *self != Self::Nothing {
            return;
        }
        if let Some(found) = in_layer.get(path) {
            *self = Self::It(found.clone());
        } else if in_layer.keys().any(|entry| hides(entry, path)) {
            *self = Self::Removed;
        }
    }
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

/// The distribution that an `os-release` file names, if it does.
#[must_use]
pub fn distro(text: &str) -> Option<Distro> {
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
            ("/etc/.wh.os-release", true),
            ("/.wh.etc", true),
            ("/etc/.wh..wh..opq", true),
            ("/.wh..wh..opq", true),
            ("/etc/.wh.other", false),
            ("/etc/os-release", false),
            ("/usr/.wh..wh..opq", false),
        ] {
            assert_eq!(hides(Path::new(entry), Path::new("/etc/os-release")), hidden, "{entry}");
        }
    }
}
