//! How the launcher was called.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The name, arguments and environment that the launcher was started with; bytes, not text.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// `$0`: its last path element may name a process type.
    pub name: OsString,
    /// What the user gave behind the name, untouched.
    pub arguments: Vec<OsString>,
    /// The launcher's own environment.
    pub variables: Vec<(OsString, OsString)>,
}

impl Invocation {
    /// The invocation of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let mut arguments = std::env::args_os();
        Self {
            name: arguments.next().unwrap_or_default(),
            arguments: arguments.collect(),
            variables: std::env::vars_os().collect(),
        }
    }

    /// The last path element of the name; empty if the name ends in a slash.
    pub(crate) fn last_element(&self) -> &OsStr {
        self.name.as_bytes().rsplit(|byte| *byte == b'/').next().map_or(OsStr::new(""), OsStr::from_bytes)
    }

    /// A variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_os_str()).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::Invocation;

    #[test]
    fn the_last_element_stands_behind_the_last_slash() {
        for (name, expected) in [("/cnb/process/web", "web"), ("web", "web"), ("web/", ""), ("", "")] {
            let invocation = Invocation { name: name.into(), ..Invocation::default() };
            assert_eq!(invocation.last_element(), expected, "{name}");
        }
    }

    #[test]
    fn empty_variables_count_as_unset() {
        let variables = [("A", ""), ("B", "b")].map(|(name, value)| (name.into(), value.into()));
        let invocation = Invocation { variables: variables.into(), ..Invocation::default() };
        assert_eq!(invocation.variable("A"), None);
        assert_eq!(invocation.variable("B"), Some("b".as_ref()));
        assert_eq!(invocation.variable("C"), None);
    }
}
