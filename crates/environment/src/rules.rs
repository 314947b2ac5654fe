//! The rules by which variable files change an environment.
//!
//! Spec: buildpack.md § Environment Variable Modification Rules.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::variable_files::{self, VariableFile};
use crate::{Environment, EnvironmentError};

/// How a variable file changes its variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The contents go behind the value (`.append`).
    Append,
    /// The contents are the value of a variable that is unset or empty (`.default`).
    Default,
    /// The contents replace the value (`.override`).
    Override,
    /// The contents go in front of the value (`.prepend`).
    Prepend,
}

const DELIMITER_SUFFIX: &[u8] = b"delim";

impl Action {
    /// The action of a suffix; `.delim` is none, and unknown suffixes are ignored.
    fn of_suffix(suffix: &[u8]) -> Option<Self> {
        match suffix {
            b"append" => Some(Self::Append),
            b"default" => Some(Self::Default),
            b"override" => Some(Self::Override),
            b"prepend" => Some(Self::Prepend),
            _ => None,
        }
    }
}

/// Applies the variable files of `directory`, in the order of their names. No directory means no change.
///
/// A name without suffix means `unsuffixed`.
pub(crate) fn apply(
    environment: &mut Environment,
    directory: &Path,
    unsuffixed: Action,
) -> Result<(), EnvironmentError> {
    let files = variable_files::read(directory)?;
    for file in &files {
        let (name, suffix) = split(&file.name);
        let action = suffix.map_or(Some(unsuffixed), Action::of_suffix);
        let Some(action) = action.filter(|_| variable_files::is_variable_name(name)) else { continue };
        match action {
            Action::Append => environment.append(name, &file.contents, delimiter(&files, name)),
            Action::Default => environment.set_default(name, &file.contents),
            Action::Override => environment.set(name, &file.contents),
            Action::Prepend => environment.prepend(name, &file.contents, delimiter(&files, name)),
        }
    }
    Ok(())
}

/// The variable's name, up to the first period, and the suffix behind that period.
fn split(file_name: &OsStr) -> (&OsStr, Option<&[u8]>) {
    let mut parts = file_name.as_bytes().splitn(2, |byte| *byte == b'.');
    (OsStr::from_bytes(parts.next().unwrap_or_default()), parts.next())
}

/// What the directory's `.delim` file puts between values; nothing without such a file.
fn delimiter<'a>(files: &'a [VariableFile], name: &OsStr) -> &'a OsStr {
    files
        .iter()
        .find(|file| split(&file.name) == (name, Some(DELIMITER_SUFFIX)))
        .map_or(OsStr::new(""), |file| &file.contents)
}
