//! Scenes in which a phase does its work if it finds everything at its default.

use platform_api::{Input, Phase};

use crate::scene::{BUILDPACK, EXTENDS, Phase as Call, Scene, USER};
use crate::suite::extend;
use crate::suite::inputs::case::Case;
use crate::suite::inputs::has_extensions;
use crate::verdict::Verdict;

/// Where the buildpack tells what it sees.
pub(super) const SEEN: &str = "/tmp/seen";

/// The image extension of the scenes, where there are any.
pub(super) const EXTENSION: &str = "of/extension";

/// Makes such a scene, whatever was there before.
pub(crate) fn ready(scene: &Scene<'_>, phase: Phase) -> Verdict {
    for (directory, user) in [
        ("/given", USER),
        ("/layers", USER),
        ("/workspace", USER),
        ("/cache", USER),
        ("/platform", 0),
        ("/cnb/build-config", 0),
        ("/cnb/buildpacks", 0),
        ("/cnb/extensions", 0),
        ("/kaniko", USER),
    ] {
        if scene.exists(directory) {
            scene.remove(directory);
        }
        scene.make_directory(directory);
        scene.give(directory, user, user);
    }
    for file in ["order", "run", "stack", "system"].map(|name| format!("/cnb/{name}.toml")) {
        if scene.exists(&file) {
            scene.remove(&file);
        }
    }
    scene.built();
    match phase {
        Phase::Analyzer => scene.remove("/layers/analyzed.toml"),
        Phase::Detector | Phase::Creator => {
            scene.remove("/layers/group.toml");
            scene.remove("/layers/config");
            scene.order(&[&[BUILDPACK]]);
            install(scene);
        }
        Phase::Builder => {
            scene.write("/layers/plan.toml", "");
            scene.remove("/layers/config");
            install(scene);
        }
        Phase::Rebaser => {
            scene.export()?;
            scene.remove("/layers/report.toml");
        }
        Phase::Extender => {
            scene.remove("/layers/config");
            extend::to_be_extended(scene, &script())?;
        }
        Phase::Restorer | Phase::Exporter => {}
    }
    Ok(())
}

/// Shell that tells where, by whom and with which variables a buildpack is run.
fn script() -> String {
    let told = ["in $PWD", "mark $MARK", "env $CNB_EXEC_ENV", "user $(id -u)", "group $(id -g)"];
    let told: String = told.map(|line| format!("echo \"{line}\"; ")).concat();
    format!("{{ {told} }} > {SEEN}\ncat > /dev/null")
}

/// Installs a buildpack that tells this.
fn install(scene: &Scene<'_>) {
    let script = script();
    scene.install(&scene.new_buildpack(BUILDPACK).detect(&script).build(&script));
    if has_extensions(scene.platform) {
        let extension = scene.new_extension(EXTENSION).without_generate();
        scene.install_extension(&extension.file("generate/build.Dockerfile", EXTENDS));
    }
}

/// A call of the phase as far as it needs one in such a scene.
pub(crate) fn call<'s>(scene: &'s Scene<'_>, phase: Phase) -> Call<'s> {
    with_image(scene, phase, begun(scene, phase, true))
}

/// The phase, before the input that is tested is given.
pub(super) fn phase<'s>(scene: &'s Scene<'_>, case: &Case) -> Call<'s> {
    let is_about_run_image = matches!(case.input, Input::RunImage | Input::Run | Input::Stack);
    begun(scene, case.phase, !is_about_run_image)
}

fn begun<'s>(scene: &'s Scene<'_>, phase: Phase, names_run_image: bool) -> Call<'s> {
    let call = scene.phase(phase.name()).env("CNB_EXPERIMENTAL_MODE", "quiet");
    match phase {
        Phase::Analyzer | Phase::Creator if names_run_image => {
            call.args(&["-run-image", &scene.reference("run")])
        }
        Phase::Extender => call.by_root(),
        _ => call,
    }
}

/// The phase with the image it is about, which comes last.
pub(super) fn with_image<'s>(scene: &Scene<'_>, phase: Phase, call: Call<'s>) -> Call<'s> {
    match phase {
        Phase::Analyzer | Phase::Creator | Phase::Exporter | Phase::Rebaser => {
            call.arg(scene.reference("app"))
        }
        Phase::Detector | Phase::Restorer | Phase::Extender | Phase::Builder => call,
    }
}
