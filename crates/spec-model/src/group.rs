//! `group.toml`: the group that passed detection, as `detector` writes it and later phases read it.
//!
//! Spec: platform.md § group.toml.

use serde::{Deserialize, Serialize};

use crate::{BuildpackApi, BuildpackId, UnusableApiVersion};

/// The detected group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The buildpacks, in the order of their execution.
    #[serde(default)]
    pub group: Vec<GroupElement>,
    /// The image extensions, in the order of their execution.
    #[serde(default, rename = "group-extensions", skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<GroupElement>,
}

/// A buildpack or image extension of the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupElement {
    /// Its id.
    pub id: BuildpackId,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// The Buildpack API it implements, as written in its descriptor.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Where users read more about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub homepage: String,
    /// Whether the order marked it optional.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// A buildpack of the group whose Buildpack API is not supported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("buildpack '{buildpack}' of the group cannot be used because of its Buildpack API: {source}")]
pub struct UnsupportedGroup {
    /// The buildpack, as `<id>@<version>`.
    pub buildpack: String,
    /// What is wrong with its API.
    pub source: UnusableApiVersion,
}

impl Group {
    /// Checks that the Buildpack API of each buildpack is supported, before any of them is worked on.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check_apis(&self) -> Result<(), UnsupportedGroup> {
        for element in &self.group {
            element
                .api
                .parse::<BuildpackApi>()
                .map_err(|source| UnsupportedGroup { buildpack: element.full_name(), source })?;
        }
        Ok(())
    }
}

impl GroupElement {
    /// `<id>@<version>`, as users know it.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::Group;
    use crate::text::parse;

    #[test]
    fn the_first_unsupported_api_is_told() {
        let group = |api: &str| {
            let text = format!("[[group]]\nid='a'\napi='0.12'\n[[group]]\nid='b/c'\nversion='1'\n{api}");
            parse::<Group>(&text).unwrap()
        };
        assert_eq!(group("api='0.7'").check_apis(), Ok(()));
        for api in ["", "api='0.99'", "api='x'"] {
            let message = group(api).check_apis().unwrap_err().to_string();
            assert!(message.contains("'b/c@1'"), "{message}");
        }
    }
}
