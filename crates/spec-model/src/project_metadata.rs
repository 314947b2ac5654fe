//! `project-metadata.toml` and the label `io.buildpacks.project.metadata` made from it.
//!
//! Spec: platform.md § project-metadata.toml, § io.buildpacks.project.metadata.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use toml::Table;

use crate::metadata::{NotJson, print_label, to_json};

/// `project-metadata.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProjectMetadata {
    /// Where the app's source comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ProjectSource>,
}

/// The origin of an app's source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProjectSource {
    /// The kind of place, for example `git`.
    #[serde(default, rename = "type", skip_serializing_if = "String::is_empty")]
    pub source_type: String,
    /// What identifies the version.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub version: Table,
    /// What else is known.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub metadata: Table,
}

#[derive(Serialize)]
struct ProjectLabel<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceLabel<'a>>,
}

#[derive(Serialize)]
struct SourceLabel<'a> {
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    source_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Json>,
}

impl ProjectMetadata {
    /// Prints the label `io.buildpacks.project.metadata`.
    ///
    /// # Errors
    /// The metadata holds a number that JSON cannot hold.
    pub fn label(&self) -> Result<String, NotJson> {
        let json = |table: &Table| {
            (!table.is_empty()).then(|| to_json(&toml::Value::Table(table.clone()))).transpose()
        };
        let source = match &self.source {
            Some(source) => Some(SourceLabel {
                source_type: &source.source_type,
                version: json(&source.version)?,
                metadata: json(&source.metadata)?,
            }),
            None => None,
        };
        print_label(&ProjectLabel { source })
    }
}
