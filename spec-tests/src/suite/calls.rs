//! What all phases do alike: versions, exit statuses, outputs. Spec: platform.md § Lifecycle Interface.

mod flags;
mod statuses;
mod told;

use crate::clauses::Phase;
use crate::scene::Scene;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, lacks};

pub(super) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test!(an_unsupported_platform_api_ends_with_11),
        test!(without_a_platform_api_a_phase_ends_with_11),
        test!(the_version_is_judged_before_flags),
        test!(the_version_flag_prints_the_version),
        test!(phases_that_only_run_buildpacks_refuse_root).by_root(),
        test!(another_user_builds_too),
        test!(missing_arguments_end_with_3).with_images(),
        test!(layers_are_told).with_images(),
        test!(errors_go_to_standard_error),
        test!(a_log_level_silences_lesser_messages),
        test!(outputs_have_no_colours),
    ];
    tests.extend(flags::tests());
    tests.extend(statuses::tests());
    tests.extend(told::tests());
    tests
}

/// The executables that take the Platform API from their variable in this version.
fn phases(scene: &Scene<'_>) -> impl Iterator<Item = String> {
    let has_extensions = scene.holds("platform.restorer.build-image.reference");
    Phase::ALL
        .into_iter()
        .filter(move |phase| *phase != Phase::Extender || has_extensions)
        .map(|phase| phase.to_string())
}

fn an_unsupported_platform_api_ends_with_11(scene: &Scene<'_>) -> Verdict {
    for phase in phases(scene) {
        for version in ["0.2", "99.0", "no-version"] {
            scene.phase(&phase).env("CNB_PLATFORM_API", version).run()?.exits(11)?;
        }
    }
    Ok(())
}

fn without_a_platform_api_a_phase_ends_with_11(scene: &Scene<'_>) -> Verdict {
    for phase in phases(scene).filter(|phase| phase != "launcher") {
        scene.phase(&phase).without("CNB_PLATFORM_API").run()?.exits(11)?;
    }
    Ok(())
}

fn the_version_is_judged_before_flags(scene: &Scene<'_>) -> Verdict {
    for phase in phases(scene).filter(|phase| phase != "launcher") {
        scene.phase(&phase).env("CNB_PLATFORM_API", "99.0").arg("-no-such-flag").run()?.exits(11)?;
    }
    Ok(())
}

fn the_version_flag_prints_the_version(scene: &Scene<'_>) -> Verdict {
    for phase in phases(scene).filter(|phase| phase != "launcher") {
        let run = scene.phase(&phase).arg("-version").run()?;
        let has_digits = run.succeeds()?.output().contains(|letter: char| letter.is_ascii_digit());
        ensure("-version prints a version", has_digits, &run)?;
    }
    Ok(())
}

fn phases_that_only_run_buildpacks_refuse_root(scene: &Scene<'_>) -> Verdict {
    scene.install(
        &scene.new_buildpack("of/tests").detect("touch /workspace/detected").build("touch /workspace/built"),
    );
    scene.order(&[&["of/tests"]]);
    scene.phase("detector").by_root().run()?.fails()?;
    scene.detected(&[scene.new_buildpack("of/tests").build("touch /workspace/built")]);
    scene.phase("builder").by_root().run()?.fails()?;
    scene.lacks("/workspace/detected")?;
    scene.lacks("/workspace/built")
}

fn another_user_builds_too(scene: &Scene<'_>) -> Verdict {
    let build = "id -u > \"${CNB_LAYERS_DIR:-$1}/user\"";
    scene.detected(&[scene.new_buildpack("of/tests").build(build)]);
    scene.set_mode("/layers", 0o777);
    scene.phase("builder").by_user(4321, 4321).run()?.succeeds()?;
    let user = scene.read("/layers/of_tests/user")?;
    ensure("buildpacks run as the phase's user", user.trim() == "4321", user)
}

fn missing_arguments_end_with_3(scene: &Scene<'_>) -> Verdict {
    // Nothing else is missing.
    scene.built();
    for phase in ["analyzer", "exporter", "creator", "rebaser"] {
        scene.phase(phase).run()?.exits(3)?;
    }
    scene.phase("detector").arg("surplus").run()?.exits(3)?;
    Ok(())
}

fn layers_are_told(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.write("/layers/of_tests/deps/file", "of the layer");
    scene.write("/layers/of_tests/deps.toml", "[types]\nlaunch = true\n");
    let run = scene.run_exporter()?;
    run.succeeds()?.says("Adding layer 'of/tests:deps'")?.does_not_say("Reusing layer 'of/tests:deps'")?;
    // The analyzer tells the exporter what the image has by then.
    scene
        .phase("analyzer")
        .args(&["-run-image", &scene.reference("run"), &scene.reference("app")])
        .run()?
        .succeeds()?;
    let run = scene.run_exporter()?;
    run.succeeds()?.says("Reusing layer 'of/tests:deps'")?.does_not_say("Adding layer 'of/tests:deps'")?;
    Ok(())
}

fn errors_go_to_standard_error(scene: &Scene<'_>) -> Verdict {
    scene.write("/cnb/order.toml", "no TOML");
    let run = scene.phase("detector").run()?;
    run.fails()?;
    ensure("the error is on standard error", run.stderr.contains("order.toml"), &run)?;
    lacks("standard output", &run.stdout, "ERROR")
}

fn a_log_level_silences_lesser_messages(scene: &Scene<'_>) -> Verdict {
    scene.install(&scene.new_buildpack("of/tests"));
    scene.order(&[&["of/tests"]]);
    let run = scene.phase("detector").run()?;
    ensure("a detection tells its group", run.succeeds()?.output().contains("of/tests"), &run)?;
    let run = scene.phase("detector").args(&["-log-level", "error"]).run()?;
    ensure("nothing is told at level error", !run.succeeds()?.output().contains("of/tests"), &run)
}

fn outputs_have_no_colours(scene: &Scene<'_>) -> Verdict {
    scene.install(&scene.new_buildpack("of/tests").detect("exit 1"));
    scene.order(&[&["of/tests"]]);
    let run = scene.phase("detector").run()?;
    run.fails()?;
    ensure("outputs have no control sequences", !run.output().contains('\u{1b}'), &run)
}
