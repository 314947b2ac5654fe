//! Deviations of a lifecycle that its makers know of and stand by.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// The deviations that are known.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deviations {
    #[serde(default)]
    deviation: Vec<Deviation>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deviation {
    /// The clause's id.
    clause: String,
    /// The versions of its document in which it is not kept; all if there are none.
    #[serde(default)]
    versions: Vec<String>,
    /// Why.
    #[serde(rename = "why")]
    _why: String,
}

impl Deviations {
    /// Reads the file, if there is one.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self> {
        let Some(file) = file else { return Ok(Self::default()) };
        let text = fs_err::read_to_string(file)?;
        toml::from_str(&text).with_context(|| format!("{} is not a list of deviations", file.display()))
    }

    /// Whether it is known that a clause is not kept in a version.
    pub(crate) fn has(&self, clause: &str, version: &str) -> bool {
        let of_version = |deviation: &Deviation| {
            deviation.versions.is_empty() || deviation.versions.iter().any(|known| known == version)
        };
        self.deviation.iter().any(|deviation| deviation.clause == clause && of_version(deviation))
    }

    /// The clauses that are named.
    pub(crate) fn clauses(&self) -> impl Iterator<Item = &str> {
        self.deviation.iter().map(|deviation| deviation.clause.as_str())
    }
}
