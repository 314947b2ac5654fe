//! Runs of the suite.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::fault::Fault;

/// The suite's executable and what is known to fail without faults.
#[derive(Debug)]
pub(crate) struct Suite {
    executable: PathBuf,
    known: PathBuf,
}

impl Suite {
    /// The suite's executable lies beside this one.
    pub(crate) fn new(source: &Path) -> Result<Self> {
        let executable = std::env::current_exe()?.with_file_name("spec-tests");
        if !executable.exists() {
            bail!("{} does not exist: build the package spec-tests", executable.display());
        }
        Ok(Self { executable, known: source.join("spec-tests/deviations/ours.toml") })
    }

    /// The clauses that fail with these executables.
    pub(crate) fn failing(&self, fault: &Fault, executables: &Path) -> Result<Vec<String>> {
        let report = tempfile::NamedTempFile::new()?;
        let mut command = Command::new(&self.executable);
        command.arg("--lifecycle").arg(executables).arg("--known").arg(&self.known);
        command.args(["--platform-api", &fault.platform_api, "--filter", &fault.filter]);
        if let Some(api) = &fault.buildpack_api {
            command.args(["--buildpack-api", api]);
        }
        let output = command.arg("--json").arg(report.path()).output().context("the suite does not start")?;
        let results = fs_err::read(report.path())?;
        let results: Value = serde_json::from_slice(&results).with_context(|| {
            format!("the suite tells nothing: {}", String::from_utf8_lossy(&output.stderr))
        })?;
        let clauses = results.get("clauses").and_then(Value::as_array).context("no clauses")?;
        let failed =
            clauses.iter().filter(|clause| clause.get("state").is_some_and(|state| state == "failed"));
        Ok(failed.filter_map(|clause| clause.get("id")?.as_str().map(str::to_owned)).collect())
    }
}
