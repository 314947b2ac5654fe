//! The part of an image's config that says how a container is run from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::unset;

/// How a container is run from the image. Fields print in the order that tools written in Go print them,
/// keys unknown here behind them.
///
/// Spec: OCI image-spec config.md § Properties, `config`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are those of the image specification and of Docker")]
#[expect(clippy::struct_excessive_bools, reason = "the document has them")]
pub struct ContainerConfig {
    #[serde(skip_serializing_if = "unset")]
    pub attach_stderr: bool,
    #[serde(skip_serializing_if = "unset")]
    pub attach_stdin: bool,
    #[serde(skip_serializing_if = "unset")]
    pub attach_stdout: bool,
    #[serde(skip_serializing_if = "unset")]
    pub cmd: Vec<String>,
    #[serde(skip_serializing_if = "unset")]
    pub healthcheck: Option<Healthcheck>,
    #[serde(skip_serializing_if = "unset")]
    pub domainname: String,
    #[serde(skip_serializing_if = "unset")]
    pub entrypoint: Vec<String>,
    /// Variables in the form `NAME=value`.
    #[serde(skip_serializing_if = "unset")]
    pub env: Vec<String>,
    #[serde(skip_serializing_if = "unset")]
    pub hostname: String,
    #[serde(skip_serializing_if = "unset")]
    pub image: String,
    #[serde(skip_serializing_if = "unset")]
    pub labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "unset")]
    pub on_build: Vec<String>,
    #[serde(skip_serializing_if = "unset")]
    pub open_stdin: bool,
    #[serde(skip_serializing_if = "unset")]
    pub stdin_once: bool,
    #[serde(skip_serializing_if = "unset")]
    pub tty: bool,
    #[serde(skip_serializing_if = "unset")]
    pub user: String,
    #[serde(skip_serializing_if = "unset")]
    pub volumes: BTreeMap<String, Map<String, Value>>,
    #[serde(skip_serializing_if = "unset")]
    pub working_dir: String,
    #[serde(skip_serializing_if = "unset")]
    pub exposed_ports: BTreeMap<String, Map<String, Value>>,
    #[serde(skip_serializing_if = "unset")]
    pub args_escaped: bool,
    #[serde(skip_serializing_if = "unset")]
    pub network_disabled: bool,
    #[serde(skip_serializing_if = "unset")]
    pub mac_address: String,
    #[serde(skip_serializing_if = "unset")]
    pub stop_signal: String,
    #[serde(skip_serializing_if = "unset")]
    pub shell: Vec<String>,
    /// Keys unknown here.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How a container's health is checked. Durations are in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are those of Docker")]
pub struct Healthcheck {
    #[serde(skip_serializing_if = "unset")]
    pub test: Vec<String>,
    #[serde(skip_serializing_if = "unset")]
    pub interval: i64,
    #[serde(skip_serializing_if = "unset")]
    pub timeout: i64,
    #[serde(skip_serializing_if = "unset")]
    pub start_period: i64,
    #[serde(skip_serializing_if = "unset")]
    pub retries: i64,
    /// Keys unknown here.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl ContainerConfig {
    /// The value of the variable `name`.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<&str> {
        self.env.iter().find_map(|variable| variable.strip_prefix(name)?.strip_prefix('='))
    }

    /// Sets the variable `name`: where it stands if it is there, else behind the others.
    pub fn set_env(&mut self, name: &str, value: &str) {
        let variable = format!("{name}={value}");
        let is_same = |old: &&mut String| old.split_once('=').map_or(old.as_str(), |(key, _)| key) == name;
        match self.env.iter_mut().find(is_same) {
            Some(old) => *old = variable,
            None => self.env.push(variable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ContainerConfig;

    #[test]
    fn a_variable_is_set_in_place_or_behind_the_others() {
        let env = ["PATH=/bin", "BARE", "A=b=c"].map(str::to_owned).to_vec();
        let mut config = ContainerConfig { env, ..ContainerConfig::default() };
        assert_eq!((config.env("A"), config.env("PAT"), config.env("BARE")), (Some("b=c"), None, None));
        config.set_env("PATH", "/usr/bin");
        config.set_env("BARE", "");
        config.set_env("NEW", "=");
        assert_eq!(config.env, ["PATH=/usr/bin", "BARE=", "A=b=c", "NEW=="]);
    }
}
