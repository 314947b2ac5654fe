//! The course of a build: each buildpack in turn, then the files for the exporter.

use std::collections::BTreeMap;
use std::path::PathBuf;

use buildpack::build::BuildOutputs;
use buildpack::catalogue::Catalogue;
use buildpack::command::Surroundings;
use buildpack::descriptor::{Descriptor, Kind};
use environment::BuildEnvironment;
use spec_model::build_metadata::BuildMetadata;
use spec_model::group::{Group, GroupElement};

use crate::plan::OpenPlan;
use crate::processes::Processes;
use crate::results::{self, BillsOfMaterials};
use crate::{BuildError, BuilderInputs};

/// Runs the buildpacks of the group in their order and writes `<layers>/config/metadata.toml`, which is
/// also returned, and `<layers>/sbom`.
///
/// # Errors
/// A buildpack cannot be found, is of an unknown API, fails, or leaves something that cannot be used; or
/// the disk refuses.
pub fn build(inputs: &BuilderInputs) -> Result<BuildMetadata, BuildError> {
    inputs.group.check_apis()?;
    check_directories(&inputs.group)?;
    if !inputs.app.is_dir() {
        return Err(BuildError::App { path: inputs.app.clone() });
    }
    let buildpacks = find_buildpacks(inputs)?;
    results::remove_old_sboms(&inputs.layers)?;

    let mut run = Run::new(inputs);
    for descriptor in &buildpacks {
        run.buildpack(descriptor)?;
    }
    let metadata = run.finish()?;
    results::write_metadata(&inputs.layers, &metadata)?;
    Ok(metadata)
}

/// Ids that differ may be the same when escaped.
fn check_directories(group: &Group) -> Result<(), BuildError> {
    let mut owners = BTreeMap::new();
    for GroupElement { id, .. } in &group.group {
        let directory = id.escaped();
        let owner = owners.entry(directory.clone()).or_insert(id);
        if *owner != id {
            return Err(BuildError::SharedDirectory { one: owner.clone(), other: id.clone(), directory });
        }
    }
    Ok(())
}

fn find_buildpacks(inputs: &BuilderInputs) -> Result<Vec<Descriptor>, BuildError> {
    let catalogue = Catalogue { buildpacks: inputs.buildpacks.clone(), extensions: PathBuf::new() };
    let find = |element: &GroupElement| catalogue.find(Kind::Buildpack, &element.id, &element.version);
    inputs.group.group.iter().map(|element| Ok(find(element)?)).collect()
}

/// A build in progress.
struct Run<'a> {
    inputs: &'a BuilderInputs,
    environment: BuildEnvironment,
    plan: OpenPlan,
    processes: Processes,
    boms: BillsOfMaterials,
    metadata: BuildMetadata,
}

impl<'a> Run<'a> {
    fn new(inputs: &'a BuilderInputs) -> Self {
        Self {
            inputs,
            environment: BuildEnvironment::from_process(inputs.environment.iter().cloned()),
            plan: OpenPlan::new(&inputs.plan),
            processes: Processes::default(),
            boms: BillsOfMaterials::default(),
            metadata: BuildMetadata {
                buildpacks: inputs.group.group.clone(),
                // Extensions are optional by nature, so the files do not say it.
                extensions: inputs.group.extensions.iter().map(not_optional).collect(),
                ..BuildMetadata::default()
            },
        }
    }

    fn buildpack(&mut self, descriptor: &Descriptor) -> Result<(), BuildError> {
        let name = format!("{}@{}", descriptor.id, descriptor.version);
        log::debug!("Running build of buildpack {name}");
        let plan = self.plan.for_buildpack(&descriptor.id);
        let surroundings = Surroundings {
            app: &self.inputs.app,
            platform: &self.inputs.platform,
            build_config: self.inputs.operator_variables(),
            exec_env: self.inputs.exec_env.as_deref(),
            target: &self.inputs.target,
            environment: &self.environment,
        };
        let outputs = buildpack::build::build(descriptor, &plan, &self.inputs.layers, &surroundings)
            .map_err(|fault| BuildError::of_buildpack(name.clone(), fault))?;
        for layer in &outputs.build_layers {
            self.environment
                .apply_layer(layer)
                .map_err(|source| BuildError::LayerEnvironment { buildpack: name.clone(), source })?;
        }
        self.gather(outputs);
        Ok(())
    }

    fn gather(&mut self, outputs: BuildOutputs) {
        self.plan.close(&outputs.met);
        self.processes.add(outputs.processes);
        self.metadata.labels.extend(outputs.labels);
        self.metadata.slices.extend(outputs.slices);
        self.boms.files.extend(outputs.sbom_files);
        self.boms.launch.extend(outputs.launch_bom);
        self.boms.build.extend(outputs.build_bom);
    }

    fn finish(self) -> Result<BuildMetadata, BuildError> {
        let api = self.inputs.platform_api;
        let (processes, default_process_type) = self.processes.finish(api);
        Ok(BuildMetadata {
            bom: self.boms.write(&self.inputs.layers, api)?,
            processes,
            default_process_type: default_process_type.unwrap_or_default(),
            ..self.metadata
        })
    }
}

fn not_optional(extension: &GroupElement) -> GroupElement {
    GroupElement { optional: false, ..extension.clone() }
}
