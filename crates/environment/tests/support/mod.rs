//! A layer with files, and environments written as text.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use environment::Environment;
use tempfile::TempDir;

/// Makes a directory that holds files of the given paths and contents.
pub(crate) fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, contents) in files {
        write(&directory.path().join(path), contents.as_bytes());
    }
    directory
}

/// Writes a file and the directories above it.
pub(crate) fn write(path: &Path, contents: &[u8]) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, contents).unwrap();
}

/// An environment of a process, from lines `NAME=value`.
pub(crate) fn process(lines: &[&str]) -> Vec<(OsString, OsString)> {
    lines
        .iter()
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// The lines `NAME=value` of an environment.
pub(crate) fn lines(environment: &Environment) -> Vec<String> {
    let text = |part: &OsStr| String::from_utf8_lossy(part.as_bytes()).into_owned();
    environment.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect()
}
