//! Which group of buildpacks is detected. Spec: platform.md § detector, buildpack.md § Detection.

mod environments;
mod order;
mod plan;
mod process;
mod results;
mod system;
mod targets;

use crate::scene::Scene;
use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    [
        environments::tests(),
        order::tests(),
        plan::tests(),
        process::tests(),
        results::tests(),
        system::tests(),
        targets::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What `bin/detect` of a buildpack that does not apply does.
const FAIL: &str = "exit 100";

/// Installs buildpacks: ids with what `bin/detect` does.
fn install(scene: &Scene<'_>, buildpacks: &[(&str, &str)]) {
    for (id, detect) in buildpacks {
        scene.install(&scene.new_buildpack(id).detect(detect));
    }
}

/// Installs a buildpack that is an order of others and has no executables; groups are in the form of TOML.
fn install_composite(scene: &Scene<'_>, id: &str, groups: &[&str]) {
    let mut order = String::new();
    for group in groups {
        order.push_str(&format!("[[order]]\ngroup = [{group}]\n"));
    }
    let composite = test_kit::ScriptedBuildpack::new(id, scene.buildpack.as_str()).tables(&order);
    scene.install(&composite.without("detect").without("build"));
}

/// An entry of an order.
fn entry(id: &str) -> String {
    format!("{{ id = '{id}', version = '1.0.0' }}")
}

/// Several entries.
fn entries(ids: &[&str]) -> String {
    ids.iter().map(|id| entry(id)).collect::<Vec<_>>().join(", ")
}
