//! Who has credentials for images, and where phases run. Spec: buildpack.md § Security Considerations.

use crate::scene::Scene;
use crate::suite::build::user::recorder;
use crate::suite::build::{Variables, buildpack, detect_and_build, file, record, recording_process};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(buildpacks_have_no_credentials),
        test!(buildpacks_of_the_creator_have_no_credentials).with_images(),
        test!(code_of_the_app_has_no_credentials),
        test!(detection_and_build_do_without_credentials),
        test!(each_phase_runs_in_its_own_container).with_images(),
    ]
}

/// Credentials for a registry that no image of the tests is in.
const CREDENTIALS: &str = r#"{"other.example":"Basic dXNlcjpwYXNzd29yZA=="}"#;

fn have_no_credentials(variables: &Variables) -> Verdict {
    variables.lacks("CNB_REGISTRY_AUTH")?;
    variables.lacks("DOCKER_CONFIG")?;
    let told = variables.all.iter().find(|(_, value)| value.contains("dXNlcjpwYXNzd29yZA"));
    ensure("no variable has credentials", told.is_none(), told.map_or("", |(name, _)| name))
}

fn buildpacks_have_no_credentials(scene: &Scene<'_>) -> Verdict {
    detect_and_build(scene, &recorder(scene), |phase| {
        phase.env("CNB_REGISTRY_AUTH", CREDENTIALS).env("DOCKER_CONFIG", "/home/user/.docker")
    })?;
    ["detect", "build"].iter().try_for_each(|name| have_no_credentials(&Variables::recorded(scene, name)?))
}

/// There is but one process for all phases, some of which need credentials.
fn buildpacks_of_the_creator_have_no_credentials(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.remove("/layers/config");
    scene.install(&recorder(scene));
    scene.order(&[&["of/recorder"]]);
    let creator = scene.phase("creator").env("CNB_REGISTRY_AUTH", CREDENTIALS);
    creator.env("DOCKER_CONFIG", "/home/user/.docker").arg(scene.reference("app")).run()?.succeeds()?;
    ["detect", "build"].iter().try_for_each(|name| have_no_credentials(&Variables::recorded(scene, name)?))
}

fn code_of_the_app_has_no_credentials(scene: &Scene<'_>) -> Verdict {
    scene.write_executable("/workspace/code", &record("\"$1\""));
    let runs = |name: &str| format!("/workspace/code {name}");
    let buildpack = buildpack(scene, "of/first", &runs("build")).detect(&runs("detect"));
    detect_and_build(scene, &buildpack, |phase| phase.env("CNB_REGISTRY_AUTH", CREDENTIALS))?;
    ["detect", "build"].iter().try_for_each(|name| have_no_credentials(&Variables::recorded(scene, name)?))
}

/// Whoever reads what is no credentials fails.
fn detection_and_build_do_without_credentials(scene: &Scene<'_>) -> Verdict {
    scene.write("/home/user/.docker/config.json", "this is no JSON");
    scene.set_mode("/home/user/.docker/config.json", 0o000);
    detect_and_build(scene, &recorder(scene), |phase| phase.env("CNB_REGISTRY_AUTH", "this is no JSON"))?;
    scene.has("/tmp/detect.call")?;
    scene.has("/tmp/build.call")
}

/// What containers share are the directories that the text names.
fn each_phase_runs_in_its_own_container(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.remove("/layers/config");
    let declared = file("launch.toml", &recording_process(scene, "web", ""));
    scene.install(&buildpack(scene, "of/first", &declared));
    scene.order(&[&["of/first"]]);
    let app = scene.reference("app");
    for phase in ["analyzer", "detector", "restorer", "builder", "exporter"] {
        let phase_run = scene.phase(phase);
        let has_image = matches!(phase, "analyzer" | "exporter");
        let phase_run = if has_image { phase_run.arg(&app) } else { phase_run };
        phase_run.run()?.succeeds()?;
        // Nothing but volumes outlives a container.
        scene.remove("/tmp");
        scene.make_directory("/tmp");
        scene.set_mode("/tmp", 0o1777);
    }
    scene.image("app")?;
    Ok(())
}
