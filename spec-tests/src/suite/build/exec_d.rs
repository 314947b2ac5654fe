//! The executables of `exec.d`, as launchers run them. Spec: buildpack.md § Exec.d.

use crate::scene::Scene;
use crate::suite::build::{Variables, build, file, layer, process, recording_process};
use crate::test::{Test, test};
use crate::verdict::Verdict;

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(variables_are_written_to_file_descriptor_3),
        test!(a_failing_executable_keeps_the_process_from_starting),
    ]
}

/// Builds a layer for launch with an executable in `exec.d`, and a process `web`.
fn build_with(scene: &Scene<'_>, executable: &str) -> Verdict {
    let script = [
        layer("a", &["launch"], ""),
        "mkdir a/exec.d\n".to_owned(),
        file("a/exec.d/run", &format!("#!/bin/sh\n{executable}")),
        "chmod +x a/exec.d/run\n".to_owned(),
        file("launch.toml", &recording_process(scene, "web", "")),
    ];
    build(scene, &[("of/first", &script.concat())])
}

fn variables_are_written_to_file_descriptor_3(scene: &Scene<'_>) -> Verdict {
    build_with(scene, "echo 'FROM_3 = \"three\"' >&3\necho 'FROM_2 = \"two\"' >&2")?;
    let variables = Variables::launched(scene, "web")?;
    variables.has("FROM_3", "three")?;
    variables.lacks("FROM_2")
}

fn a_failing_executable_keeps_the_process_from_starting(scene: &Scene<'_>) -> Verdict {
    build_with(scene, "exit 1")?;
    process(scene, "web").run()?.fails()?;
    scene.lacks("/tmp/web.variables")
}
