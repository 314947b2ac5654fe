//! Whom variables of buildpacks, and those of the image, are for. Spec: buildpack.md § Provided by the Buildpacks,
//! platform.md § Launch Environment.

use crate::scene::Scene;
use crate::suite::build::{Variables, build, each, file, layer, record, record_variables, recording_process};
use crate::test::{Test, test};
use crate::verdict::Verdict;

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(build_layers_change_variables_of_later_buildpacks),
        test!(launch_layers_change_variables_of_a_process),
        test!(a_process_has_variables_of_its_own),
        test!(a_process_inherits_variables),
        test!(a_process_has_no_variables_of_the_launcher),
        test!(the_directory_of_processes_is_removed_from_path),
    ]
}

/// Shell that makes a layer with files of variables, each named for its directory.
fn with_files(name: &str, uses: &[&str]) -> String {
    let files = [("env", "ENV"), ("env.build", "BUILD"), ("env.launch", "LAUNCH"), ("env.launch/web", "WEB")];
    let write = each(&files, |(directory, variable)| {
        format!("mkdir {name}/{directory}\nprintf set > {name}/{directory}/{name}_{variable}\n")
    });
    layer(name, uses, "") + &write
}

/// Shell that declares processes `web` and `other`.
fn processes(scene: &Scene<'_>) -> String {
    file("launch.toml", &(recording_process(scene, "web", "") + &recording_process(scene, "other", "")))
}

/// Which of the variables of a layer have to be set.
fn sets(variables: &Variables, layer: &str, expected: &[&str]) -> Verdict {
    for suffix in ["ENV", "BUILD", "LAUNCH", "WEB"] {
        let value = expected.contains(&suffix).then_some("set");
        variables.check(&format!("{layer}_{suffix}"), value)?;
    }
    Ok(())
}

fn build_layers_change_variables_of_later_buildpacks(scene: &Scene<'_>) -> Verdict {
    let layers = with_files("built", &["build"]) + &with_files("launched", &["launch"]);
    build(scene, &[("of/first", &(layers + &record("first"))), ("of/second", &record("second"))])?;
    sets(&Variables::recorded(scene, "first")?, "built", &[])?;
    let second = Variables::recorded(scene, "second")?;
    sets(&second, "built", &["ENV", "BUILD"])?;
    sets(&second, "launched", &[])
}

fn launch_layers_change_variables_of_a_process(scene: &Scene<'_>) -> Verdict {
    build(scene, &[("of/first", &(with_files("launched", &["launch"]) + &processes(scene)))])?;
    sets(&Variables::launched(scene, "web")?, "launched", &["ENV", "LAUNCH", "WEB"])
}

fn a_process_has_variables_of_its_own(scene: &Scene<'_>) -> Verdict {
    build(scene, &[("of/first", &(with_files("launched", &["launch"]) + &processes(scene)))])?;
    Variables::launched(scene, "web")?.has("launched_WEB", "set")?;
    Variables::launched(scene, "other")?.lacks("launched_WEB")?;
    let of_user = ["--", "/bin/sh", "-c", &record_variables("command")];
    scene.phase("launcher").args(&of_user).run()?.succeeds()?;
    let command = Variables::recorded(scene, "command")?;
    command.has("launched_LAUNCH", "set")?;
    command.lacks("launched_WEB")
}

fn a_process_inherits_variables(scene: &Scene<'_>) -> Verdict {
    build(scene, &[("of/first", &processes(scene))])?;
    let inherited = [("OF_THE_IMAGE", "one"), ("BPL_OF_THE_USER", "$two\n"), ("HOME", "/some/home")];
    let variables = Variables::launched_by(scene, "web", |launcher| {
        inherited.iter().fold(launcher, |launcher, (name, value)| launcher.env(name, value))
    })?;
    inherited.iter().try_for_each(|(name, value)| variables.has(name, value))
}

fn a_process_has_no_variables_of_the_launcher(scene: &Scene<'_>) -> Verdict {
    build(scene, &[("of/first", &processes(scene))])?;
    let variables = Variables::launched_by(scene, "web", |launcher| {
        let launcher = launcher.env("CNB_APP_DIR", "/workspace").env("CNB_LAYERS_DIR", "/layers");
        launcher.env("CNB_PROCESS_TYPE", "web").env("OTHER", "kept")
    })?;
    variables.has("OTHER", "kept")?;
    ["CNB_APP_DIR", "CNB_LAYERS_DIR", "CNB_PROCESS_TYPE"].iter().try_for_each(|name| variables.lacks(name))
}

fn the_directory_of_processes_is_removed_from_path(scene: &Scene<'_>) -> Verdict {
    build(scene, &[("of/first", &processes(scene))])?;
    let path = "/cnb/process:/usr/bin:/bin";
    Variables::launched_by(scene, "web", |launcher| launcher.env("PATH", path))?.has("PATH", "/usr/bin:/bin")
}
