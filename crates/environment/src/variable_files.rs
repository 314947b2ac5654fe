//! Directories of variable files: one file a variable, its name in the file's, its value the contents.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Why an environment could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// A directory or file could not be read; the error names it.
    #[error("failed to read environment variables of layer, platform or operator: {0}")]
    Io(#[source] io::Error),
    /// The contents of a file cannot be the value of a variable.
    #[error("{}: holds a NUL byte, which no environment variable can; write the value as text", path.display())]
    NulByte {
        /// The file.
        path: PathBuf,
    },
    /// A relative path could not be resolved, because the working directory is gone or unreadable.
    #[error("failed to resolve path '{}': {source}", path.display())]
    NotAbsolute {
        /// The path as given.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A file of a directory of variable files.
#[derive(Debug)]
pub(crate) struct VariableFile {
    /// The name of the file, suffix included.
    pub(crate) name: OsString,
    /// All of its bytes.
    pub(crate) contents: OsString,
}

/// Reads the files of a directory, sorted by name. No directory means no files.
///
/// Only regular files count, links to them included: sub-directories belong to process types, and a
/// fifo would wait forever.
pub(crate) fn read(directory: &Path) -> Result<Vec<VariableFile>, EnvironmentError> {
    let entries = match fs_err::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(EnvironmentError::Io(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(EnvironmentError::Io)?;
        let mut kind = entry.file_type().map_err(EnvironmentError::Io)?;
        if kind.is_symlink() {
            kind = fs_err::metadata(entry.path()).map_err(EnvironmentError::Io)?.file_type();
        }
        if kind.is_file() {
            names.push(entry.file_name());
        }
    }
    names.sort_unstable();
    names.into_iter().map(|name| read_file(directory, name)).collect()
}

fn read_file(directory: &Path, name: OsString) -> Result<VariableFile, EnvironmentError> {
    let path = directory.join(&name);
    let mut file = fs_err::File::open(&path).map_err(EnvironmentError::Io)?;
    let mut contents = Vec::new();
    // The files are small and many, and the launcher reads them at each start: no time for their sizes.
    io::copy(&mut file, &mut contents).map_err(EnvironmentError::Io)?;
    if contents.contains(&0) {
        return Err(EnvironmentError::NulByte { path });
    }
    Ok(VariableFile { name, contents: OsString::from_vec(contents) })
}

/// Whether an environment can hold a variable of that name.
pub(crate) fn is_variable_name(name: &OsStr) -> bool {
    !name.is_empty() && !name.as_bytes().contains(&b'=')
}
