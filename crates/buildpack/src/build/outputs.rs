//! What a buildpack leaves behind: `build.toml`, `launch.toml`, SBOM files, build layers.
//!
//! Spec: buildpack.md § launch.toml, § build.toml, § Unmet Buildpack Plan Entries.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use spec_model::BuildpackApi;
use spec_model::build_metadata::{BomBuildpack, BomEntry, Process};
use spec_model::launch::{BuildToml, Label, LaunchToml, Slice, Unmet};
use spec_model::plan::{BuildpackPlan, Require};
use toml::{Table, Value};
use toml_file::ReadError;

use super::BuildFault;
use super::launch_processes::{self, ProcessFault};
use crate::descriptor::Descriptor;
use crate::layers_dir::{Layer, LayersDir};
use crate::sbom::{self, SbomFile};

/// What the build of one buildpack contributes.
#[derive(Debug, Default, PartialEq)]
pub struct BuildOutputs {
    /// The names of the plan's entries that the buildpack has satisfied.
    pub met: BTreeSet<String>,
    /// Labels for the app image.
    pub labels: Vec<Label>,
    /// Processes, in the buildpack's order; at most one of them is marked as default.
    pub processes: Vec<Process>,
    /// Parts of the app directory that become layers of their own.
    pub slices: Vec<Slice>,
    /// The unstructured bill of materials of the app image.
    pub launch_bom: Vec<BomEntry>,
    /// The unstructured bill of materials of the build environment.
    pub build_bom: Vec<BomEntry>,
    /// SBOM files.
    pub sbom_files: Vec<SbomFile>,
    /// The directories of the layers that buildpacks behind this one see, sorted by name.
    pub build_layers: Vec<PathBuf>,
}

/// A `build.toml` or `launch.toml` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OutputFault {
    /// The file cannot be read or is malformed.
    #[error(transparent)]
    Malformed(#[from] ReadError),
    /// An entry of `unmet` does not match the buildpack plan.
    #[error(
        "{}: 'unmet' names '{name}', which is no entry of the buildpack plan; it has [{}]",
        path.display(), planned.join(", ")
    )]
    Unmet {
        /// The file.
        path: PathBuf,
        /// The name, perhaps empty.
        name: String,
        /// The names in the plan.
        planned: Vec<String>,
    },
    /// An entry of `bom` has a version outside of its metadata.
    #[error("{}: entry '{name}' of 'bom' has a key 'version', which is not allowed; set metadata.version", path.display())]
    BomVersion {
        /// The file.
        path: PathBuf,
        /// The entry.
        name: String,
    },
    /// A process cannot be used.
    #[error("{}: {source}", path.display())]
    Process {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ProcessFault,
    },
}

/// Reads what a buildpack left in its directory below `<layers>`.
pub(super) fn read(
    descriptor: &Descriptor,
    api: BuildpackApi,
    plan: &BuildpackPlan,
    layers: &LayersDir,
) -> Result<BuildOutputs, BuildFault> {
    let build_path = layers.path().join("build.toml");
    let build: BuildToml = read_output(&build_path)?;
    let launch_path = layers.path().join("launch.toml");
    let launch: LaunchToml = read_output(&launch_path)?;
    let sbom_files = sbom::find(layers, &descriptor.sbom_formats)?;
    if sbom_files.is_empty() && !(build.bom.is_empty() && launch.bom.is_empty()) {
        log::warn!(
            "Buildpack {}@{} writes its bill of materials as [[bom]], which is deprecated; \
             its authors should write SBOM files",
            descriptor.id,
            descriptor.version
        );
    }
    let processes = launch_processes::convert(launch.processes, descriptor, api)
        .map_err(|source| OutputFault::Process { path: launch_path.clone(), source })?;
    Ok(BuildOutputs {
        met: met(&build_path, plan, &build.unmet)?,
        labels: launch.labels,
        processes,
        slices: launch.slices,
        launch_bom: bom_entries(&launch_path, descriptor, launch.bom)?,
        build_bom: bom_entries(&build_path, descriptor, build.bom)?,
        sbom_files,
        build_layers: layers.build_layers().map(Layer::path).map(Path::to_owned).collect(),
    })
}

fn read_output<T: serde::de::DeserializeOwned + Default>(path: &Path) -> Result<T, OutputFault> {
    Ok(toml_file::read_if_present(path)?.unwrap_or_default())
}

/// All names of the plan but the unmet ones.
fn met(path: &Path, plan: &BuildpackPlan, unmet: &[Unmet]) -> Result<BTreeSet<String>, OutputFault> {
    let mut met: BTreeSet<String> = plan.entries.iter().map(|entry| entry.name.clone()).collect();
    let planned: Vec<String> = met.iter().cloned().collect();
    for Unmet { name } in unmet {
        if !planned.contains(name) {
            return Err(OutputFault::Unmet { path: path.to_owned(), name: name.clone(), planned });
        }
        met.remove(name);
    }
    Ok(met)
}

fn bom_entries(
    path: &Path,
    descriptor: &Descriptor,
    bom: Vec<Require>,
) -> Result<Vec<BomEntry>, OutputFault> {
    let buildpack = BomBuildpack { id: descriptor.id.clone(), version: descriptor.version.clone() };
    let entries = bom.into_iter().map(|Require { name, version, metadata }| {
        if !version.is_empty() {
            return Err(OutputFault::BomVersion { path: path.to_owned(), name });
        }
        Ok(BomEntry { name, version, metadata: sorted(metadata), buildpack: buildpack.clone() })
    });
    entries.collect()
}

/// The table with its keys sorted, as `metadata.toml` has them whatever order the buildpack wrote.
fn sorted(table: Table) -> Table {
    let mut entries: Vec<_> = table.into_iter().map(|(key, value)| (key, sorted_value(value))).collect();
    entries.sort_by(|(left, _), (right, _)| left.cmp(right));
    entries.into_iter().collect()
}

fn sorted_value(value: Value) -> Value {
    match value {
        Value::Table(table) => Value::Table(sorted(table)),
        Value::Array(items) => Value::Array(items.into_iter().map(sorted_value).collect()),
        scalar => scalar,
    }
}
