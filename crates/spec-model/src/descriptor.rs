//! `buildpack.toml` and `extension.toml`.
//!
//! Spec: buildpack.md § buildpack.toml, `image_extension.md` § extension.toml.

use serde::Deserialize;

use crate::BuildpackId;
use crate::order::OrderGroup;
use crate::target::BuildpackTarget;

/// `buildpack.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BuildpackToml {
    /// The Buildpack API it implements, as written.
    #[serde(default)]
    pub api: String,
    /// What the buildpack tells of itself.
    pub buildpack: DescriptorInfo,
    /// The order of a composite buildpack; a component buildpack has none.
    #[serde(default)]
    pub order: Vec<OrderGroup>,
    /// The targets it supports.
    #[serde(default)]
    pub targets: Vec<BuildpackTarget>,
    /// The stacks it supports; deprecated with Buildpack API 0.10.
    #[serde(default)]
    pub stacks: Vec<Stack>,
}

/// `extension.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExtensionToml {
    /// The Buildpack API it implements, as written.
    #[serde(default)]
    pub api: String,
    /// What the extension tells of itself.
    pub extension: DescriptorInfo,
    /// The targets it supports.
    #[serde(default)]
    pub targets: Vec<BuildpackTarget>,
}

/// What a buildpack or extension tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DescriptorInfo {
    /// Its id.
    pub id: BuildpackId,
    /// Its name for people.
    #[serde(default)]
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Where users read more about it.
    #[serde(default)]
    pub homepage: String,
    /// Whether user-provided variables are kept from it.
    #[serde(default, rename = "clear-env")]
    pub clear_env: bool,
    /// The media types of the SBOM files it may write.
    #[serde(default, rename = "sbom-formats")]
    pub sbom_formats: Vec<String>,
    /// The execution environments it supports; empty means all. Buildpack API 0.12 and later.
    #[serde(default, rename = "exec-env")]
    pub exec_env: Vec<ExecEnv>,
}

/// An execution environment, written as a table (as specified) or as a text (as commonly done).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "the name of an execution environment, or a table with its name")]
pub enum ExecEnv {
    /// `exec-env = ["<name>"]`
    Name(String),
    /// `[[buildpack.exec-env]]`
    Table {
        /// The environment's name.
        name: String,
    },
}

impl ExecEnv {
    /// The environment's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Table { name } => name,
        }
    }
}

/// A stack that a buildpack supports.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Stack {
    /// The stack's id; `*` means any.
    #[serde(default)]
    pub id: String,
}

#[cfg(test)]
mod tests {
    use super::BuildpackToml;
    use crate::text::parse;

    #[test]
    fn execution_environments_come_in_two_forms() {
        for form in ["exec-env = ['test', 'production']", "[[buildpack.exec-env]]\nname = 'test'"] {
            let descriptor: BuildpackToml = parse(&format!("[buildpack]\nid = 'a/b'\n{form}")).unwrap();
            assert_eq!(descriptor.buildpack.exec_env[0].name(), "test");
        }
    }

    #[test]
    fn a_missing_or_unsafe_id_is_refused() {
        assert!(parse::<BuildpackToml>("[buildpack]\nname = 'x'").is_err());
        let error = parse::<BuildpackToml>("api = '0.10'\n[buildpack]\nid = '..'").unwrap_err();
        assert_eq!((error.line, error.key.as_deref()), (3, Some("buildpack.id")));
    }
}
