//! The id of a buildpack or image extension, and the directory name made from it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text cannot be the id of a buildpack or image extension.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{id}' cannot be a buildpack or extension id: {reason}")]
pub struct MalformedBuildpackId {
    id: String,
    reason: &'static str,
}

/// The id of a buildpack or image extension, for example `samples/node.js`.
///
/// The specification allows letters, digits, `.`, `/` and `-`. Buildpacks in the field use more (`_`
/// above all), so only what would be unsafe or ambiguous as a directory name is refused.
/// Spec: buildpack.md § buildpack.toml (The buildpack ID).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BuildpackId(String);

impl BuildpackId {
    /// The id as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the id's directory below `<layers>` and `<buildpacks>`: `/` becomes `_`.
    #[must_use]
    pub fn escaped(&self) -> String {
        self.0.replace('/', "_")
    }
}

impl FromStr for BuildpackId {
    type Err = MalformedBuildpackId;

    fn from_str(id: &str) -> Result<Self, MalformedBuildpackId> {
        let reason = if id.is_empty() {
            "it is empty"
        } else if matches!(id, "." | "..") {
            "it would name another directory"
        } else if matches!(id, "app" | "config" | "generated" | "sbom") {
            "the name is reserved for a directory of the lifecycle"
        } else if id.chars().any(|character| character.is_control() || character.is_whitespace()) {
            "it holds white space or control characters"
        } else {
            return Ok(Self(id.to_owned()));
        };
        Err(MalformedBuildpackId { id: id.to_owned(), reason })
    }
}

impl TryFrom<String> for BuildpackId {
    type Error = MalformedBuildpackId;

    fn try_from(id: String) -> Result<Self, MalformedBuildpackId> {
        id.parse()
    }
}

impl From<BuildpackId> for String {
    fn from(id: BuildpackId) -> Self {
        id.0
    }
}

impl fmt::Display for BuildpackId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::BuildpackId;

    #[test]
    fn ids_make_directory_names() {
        let id: BuildpackId = "samples/node.js".parse().unwrap();
        assert_eq!((id.as_str(), id.escaped().as_str()), ("samples/node.js", "samples_node.js"));
    }

    #[test]
    fn unsafe_and_reserved_ids_are_refused() {
        for id in ["", ".", "..", "app", "config", "generated", "sbom", "a b", "a\0", "a\n"] {
            assert!(id.parse::<BuildpackId>().is_err(), "{id:?}");
        }
        assert_eq!("../..".parse::<BuildpackId>().unwrap().escaped(), ".._..");
    }
}
