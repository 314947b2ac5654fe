//! The SBOM files of the lifecycle and the launcher, copied to where those of buildpacks are.
//!
//! Spec: platform.md § exporter (`<layers>/sbom/…/buildpacksio_lifecycle`).

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::inputs::ExporterInputs;

/// Where builder images keep the lifecycle.
const LIFECYCLE: &str = "/cnb/lifecycle";

/// The endings of SBOM files, by format.
const ENDINGS: [&str; 3] = ["sbom.cdx.json", "sbom.spdx.json", "sbom.syft.json"];

/// Copies what is there.
pub(crate) fn copy(inputs: &ExporterInputs) -> io::Result<()> {
    let sbom = inputs.layers.join("sbom");
    let build = sbom.join("build/buildpacksio_lifecycle");
    let launch = sbom.join("launch/buildpacksio_lifecycle/launcher");
    copy_of("lifecycle", &build)?;
    if inputs.launcher_sbom == Path::new(LIFECYCLE) {
        copy_of("launcher", &launch)
    } else {
        copy_all(&inputs.launcher_sbom, &launch)
    }
}

fn copy_of(component: &str, target: &Path) -> io::Result<()> {
    for ending in ENDINGS {
        let source = Path::new(LIFECYCLE).join(format!("{component}.{ending}"));
        if source.is_file() {
            copy_file(&source, &target.join(ending))?;
        } else {
            log::debug!("No SBOM of the {component} in '{}'", source.display());
        }
    }
    Ok(())
}

/// Copies all SBOM files of a directory, under their names.
fn copy_all(directory: &Path, target: &Path) -> io::Result<()> {
    make_directories(target)?;
    for entry in fs_err::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if ENDINGS.iter().any(|ending| name.to_string_lossy().ends_with(ending)) {
            copy_file(&entry.path(), &target.join(name))?;
        }
    }
    Ok(())
}

/// Modes are fixed, because they end in a layer and must not depend on the umask.
fn copy_file(source: &Path, target: &Path) -> io::Result<()> {
    if let Some(parent) = target.parent() {
        make_directories(parent)?;
    }
    let contents = fs_err::read(source)?;
    toml_file::replace(target, &contents)?;
    fs_err::set_permissions(target, PermissionsExt::from_mode(0o644))
}

fn make_directories(path: &Path) -> io::Result<()> {
    let mut missing: Vec<&Path> = path.ancestors().take_while(|ancestor| !ancestor.exists()).collect();
    while let Some(directory) = missing.pop() {
        fs_err::create_dir(directory)?;
        fs_err::set_permissions(directory, PermissionsExt::from_mode(0o755))?;
    }
    Ok(())
}
