//! Running `bin/detect` of one buildpack or extension.
//!
//! Spec: buildpack.md § Detection, § Phase #1: Detection; `image_extension.md` § Detection.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use environment::EnvironmentError;
use spec_model::plan::{BuildPlan, Require};
use spec_model::target::TargetData;
use toml_file::ReadError;

use crate::command::{StartError, Surroundings};
use crate::descriptor::{Descriptor, Kind, UnsupportedApi};
use crate::target;

/// As much of an executable's output is kept for the log, in bytes.
const OUTPUT_LIMIT: u64 = 256 * 1024;

/// The exit status by which `bin/detect` says that a buildpack does not apply.
const FAIL: i32 = 100;

/// What `bin/detect` said.
#[derive(Debug)]
pub struct Detection {
    /// What it printed.
    pub output: Output,
    /// How it ended.
    pub result: DetectResult,
}

/// What an executable printed to both of its streams, in order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Output {
    /// The beginning.
    pub bytes: Vec<u8>,
    /// How many bytes came behind it.
    pub left_out: u64,
}

/// How `bin/detect` ended.
#[derive(Debug)]
pub enum DetectResult {
    /// The buildpack applies, with this contribution to the build plan.
    Pass(BuildPlan),
    /// The buildpack does not apply.
    Fail,
    /// The buildpack is at fault.
    Error(DetectFault),
}

/// What is wrong with a buildpack that should have said whether it applies.
#[derive(Debug, thiserror::Error)]
pub enum DetectFault {
    /// It declares a Buildpack API that is no version.
    #[error(transparent)]
    Api(#[from] UnsupportedApi),
    /// Its targets do not include the build's, so it was not run.
    #[error("is for target {declared}, this build is for {build}")]
    OtherTarget {
        /// What it declares, in words.
        declared: String,
        /// What the build is for, in words.
        build: String,
    },
    /// Its environment could not be made.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// Files that it works with could not be made.
    #[error("failed to prepare detection: {0}")]
    Temporary(#[source] io::Error),
    /// `bin/detect` did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// `bin/detect` ended with another status than those for pass and fail.
    #[error("bin/detect ended with status {0}; 0 means pass and 100 fail")]
    Status(i32),
    /// `bin/detect` was killed.
    #[error("bin/detect was killed by {0}")]
    Killed(ExitStatus),
    /// There is no file where the build plan was.
    #[error("{} is not a regular file; bin/detect must write its build plan there", path.display())]
    PlanNotAFile {
        /// The build plan.
        path: PathBuf,
    },
    /// The build plan cannot be read.
    #[error("the build plan is malformed: {0}")]
    MalformedPlan(#[source] ReadError),
    /// A requirement has a version both in its metadata and outside.
    #[error("the build plan requires '{name}' with two versions; use metadata.version alone")]
    TwoVersions {
        /// What is required.
        name: String,
    },
    /// A requirement has a version outside of its metadata.
    #[error(
        "the build plan requires '{name}' with a version key, which is not allowed; use metadata.version"
    )]
    TopLevelVersion {
        /// What is required.
        name: String,
    },
    /// An extension requires something.
    #[error("the build plan requires '{name}', but image extensions may only provide")]
    ExtensionRequires {
        /// What is required.
        name: String,
    },
}

impl Detection {
    /// What is said of a buildpack that is not run because its targets do not include the build's.
    #[must_use]
    pub fn other_target(descriptor: &Descriptor, build: &TargetData) -> Self {
        let declared = descriptor.targets().iter().map(target::describe_buildpack_target);
        let fault = DetectFault::OtherTarget {
            declared: declared.collect::<Vec<_>>().join("; or "),
            build: target::describe(build),
        };
        Self { output: Output::default(), result: DetectResult::Error(fault) }
    }
}

impl DetectFault {
    /// The status of `bin/detect`, where that is the fault.
    #[must_use]
    pub fn status(&self) -> Option<i32> {
        match self {
            Self::Status(status) => Some(*status),
            _ => None,
        }
    }
}

/// Runs `bin/detect` and reads the build plan it wrote. An extension without `bin/detect` passes with the
/// plan in its `detect` directory, if there is one.
#[must_use]
pub fn detect(descriptor: &Descriptor, surroundings: &Surroundings<'_>) -> Detection {
    let mut output = Output::default();
    let result = run(descriptor, surroundings, &mut output);
    let result = match result {
        Ok(Some(plan)) => DetectResult::Pass(plan),
        Ok(None) => DetectResult::Fail,
        Err(fault) => DetectResult::Error(fault),
    };
    Detection { output, result }
}

fn run(
    descriptor: &Descriptor,
    surroundings: &Surroundings<'_>,
    output: &mut Output,
) -> Result<Option<BuildPlan>, DetectFault> {
    if descriptor.kind == Kind::Extension && !descriptor.root.join("bin/detect").exists() {
        let plan = descriptor.root.join("detect/plan.toml");
        let plan = if plan.exists() { read_plan(&plan)? } else { BuildPlan::default() };
        return check(descriptor, plan).map(Some);
    }
    let directory = tempfile::Builder::new().prefix("plan.").tempdir().map_err(DetectFault::Temporary)?;
    let plan = directory.path().join("plan.toml");
    fs_err::write(&plan, "").map_err(DetectFault::Temporary)?;
    let status = execute(descriptor, surroundings, &plan, output)?;
    match status.code() {
        Some(0) => check(descriptor, read_plan(&plan)?).map(Some),
        Some(FAIL) => Ok(None),
        Some(status) => Err(DetectFault::Status(status)),
        None => Err(DetectFault::Killed(status)),
    }
}

/// Output goes to a file rather than a pipe: a process left in the background cannot keep it open for
/// us, and however much is printed, little of it is kept in memory.
fn execute(
    descriptor: &Descriptor,
    surroundings: &Surroundings<'_>,
    plan: &Path,
    output: &mut Output,
) -> Result<ExitStatus, DetectFault> {
    let api = descriptor.nearest_api()?;
    let mut command = surroundings.command(descriptor, api, "detect")?;
    command.arg(surroundings.platform).arg(plan);
    if api.has_path_variables() {
        command.env("CNB_BUILD_PLAN_PATH", plan);
    }
    let mut printed = tempfile::tempfile().map_err(DetectFault::Temporary)?;
    let stream = || printed.try_clone().map_err(DetectFault::Temporary);
    command.stdout(stream()?).stderr(stream()?);
    let status = command.status().map_err(|error| StartError::explain(&command, error))?;
    *output = read_output(&mut printed).map_err(DetectFault::Temporary)?;
    Ok(status)
}

fn read_output(printed: &mut File) -> io::Result<Output> {
    let length = printed.metadata()?.len();
    printed.rewind()?;
    let mut bytes = Vec::new();
    printed.take(OUTPUT_LIMIT).read_to_end(&mut bytes)?;
    Ok(Output { left_out: length.saturating_sub(OUTPUT_LIMIT), bytes })
}

fn read_plan(path: &Path) -> Result<BuildPlan, DetectFault> {
    // A fifo would keep us waiting forever.
    if !path.is_file() {
        return Err(DetectFault::PlanNotAFile { path: path.to_owned() });
    }
    toml_file::read(path).map_err(DetectFault::MalformedPlan)
}

fn check(descriptor: &Descriptor, mut plan: BuildPlan) -> Result<BuildPlan, DetectFault> {
    let takes_versions = descriptor.nearest_api()?.has_version_beside_metadata();
    for require in
        plan.requires.iter_mut().chain(plan.or.iter_mut().flat_map(|sections| &mut sections.requires))
    {
        if descriptor.kind == Kind::Extension {
            return Err(DetectFault::ExtensionRequires { name: require.name.clone() });
        }
        if !require.version.is_empty() {
            move_version(require, takes_versions)?;
        }
    }
    Ok(plan)
}

/// Puts a version outside of the metadata into it, as older versions of the Buildpack API have it.
fn move_version(require: &mut Require, is_allowed: bool) -> Result<(), DetectFault> {
    let name = require.name.clone();
    if !is_allowed {
        return Err(DetectFault::TopLevelVersion { name });
    }
    if require.metadata.contains_key("version") {
        return Err(DetectFault::TwoVersions { name });
    }
    let version = std::mem::take(&mut require.version);
    require.metadata.insert("version".to_owned(), version.into());
    Ok(())
}
