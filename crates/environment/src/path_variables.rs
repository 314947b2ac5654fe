//! Path variables: the variables that a layer's directories are put in front of.
//!
//! Spec: buildpack.md § Layer Paths, platform.md § POSIX Path Variables.

use std::ffi::OsStr;
use std::path::Path;

use crate::{Environment, EnvironmentError};

/// What stands between the entries of a path variable.
pub(crate) const SEPARATOR: &str = ":";

/// A directory of a layer and the variables it is put in front of.
pub(crate) type LayerPath = (&'static str, &'static [&'static str]);

/// The layer directories that buildpacks find in their environment.
pub(crate) const BUILD: &[LayerPath] = &[
    ("bin", &["PATH"]),
    ("lib", &["LD_LIBRARY_PATH", "LIBRARY_PATH"]),
    ("include", &["CPATH"]),
    ("pkgconfig", &["PKG_CONFIG_PATH"]),
];

/// The layer directories that launched processes find in their environment.
pub(crate) const LAUNCH: &[LayerPath] = &[("bin", &["PATH"]), ("lib", &["LD_LIBRARY_PATH"])];

/// Whether the variable is one of those in the table.
pub(crate) fn contains(table: &[LayerPath], name: &OsStr) -> bool {
    table.iter().any(|(_, names)| names.iter().any(|known| *known == name))
}

/// Puts those directories of a layer that exist in front of their variables.
pub(crate) fn apply(
    environment: &mut Environment,
    table: &[LayerPath],
    layer: &Path,
) -> Result<(), EnvironmentError> {
    let layer = std::path::absolute(layer)
        .map_err(|source| EnvironmentError::NotAbsolute { path: layer.to_owned(), source })?;
    for (directory, names) in table {
        let directory = layer.join(directory);
        match fs_err::metadata(&directory) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(EnvironmentError::Io(error)),
        }
        for name in *names {
            environment.prepend(name.as_ref(), directory.as_os_str(), SEPARATOR.as_ref());
        }
    }
    Ok(())
}
