//! The tarball that builders are made with: `lifecycle.toml`, and the lifecycle's directory.

use std::path::{Path, PathBuf};

use anyhow::Result;
use layer::{Assembled, Compressors, LayerSource};

use crate::contents::Contents;
use crate::descriptor::{self, VERSION};

/// Writes the tarball into a directory; returns its path.
pub(crate) fn write(contents: &Contents, scratch: &Path, output: &Path) -> Result<PathBuf> {
    let descriptor = scratch.join("lifecycle.toml");
    fs_err::write(&descriptor, descriptor::toml()?)?;
    let mut entries = vec![Assembled::file("lifecycle.toml", descriptor)];
    entries.extend(contents.below("lifecycle"));
    let name = format!("lifecycle-v{VERSION}+linux.{}.tgz", contents.target.in_file_names());
    let path = output.join(&name);
    let mut file = fs_err::File::create(&path)?;
    LayerSource::assembled(name, entries).write(&mut file, None, Compressors::default())?;
    Ok(path)
}
