//! The report of an export. Spec: platform.md § report.toml.

use image_store::WrittenImage;
use spec_model::build_metadata::{BomBuildpack, BomEntry};
use spec_model::launch::BuildToml;
use spec_model::report::{BuildReport, Report};

use crate::error::ExportError;
use crate::inputs::ExporterInputs;

/// Makes the report of an image that was written.
pub(crate) fn make(inputs: &ExporterInputs, written: &WrittenImage) -> Result<Report, ExportError> {
    Ok(Report { build: BuildReport { bom: build_bom(inputs)? }, image: written.report() })
}

/// The unstructured bill of materials of the build environment, from each buildpack's `build.toml`.
fn build_bom(inputs: &ExporterInputs) -> Result<Vec<BomEntry>, ExportError> {
    let mut bom = Vec::new();
    if !inputs.platform_api.has_legacy_bom() {
        return Ok(bom);
    }
    for element in &inputs.group.group {
        let path = inputs.layers.join(element.id.escaped()).join("build.toml");
        let build: Option<BuildToml> = toml_file::read_if_present(&path).map_err(ExportError::State)?;
        bom.extend(build.unwrap_or_default().bom.into_iter().map(|dependency| BomEntry {
            name: dependency.name,
            version: dependency.version,
            metadata: dependency.metadata,
            buildpack: BomBuildpack { id: element.id.clone(), version: element.version.clone() },
        }));
    }
    Ok(bom)
}
