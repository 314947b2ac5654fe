//! The process's environment, as it was handed over.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// The variables, in order; the first of a name counts.
#[derive(Clone, Default)]
pub(crate) struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    pub(crate) fn new(variables: &[(OsString, OsString)]) -> Self {
        Self(variables.to_vec())
    }

    /// The variable's value; an empty one is as good as none.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.as_os_str()).filter(|value| !value.is_empty())
    }

    /// The variable's value as a path.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// All variables but the one named.
    pub(crate) fn without(&self, name: &str) -> impl Iterator<Item = &(OsString, OsString)> {
        self.0.iter().filter(move |(key, _)| key != name)
    }
}
