//! The statuses with which phases end.

use platform_api::Phase;

use crate::scene::Scene;
use crate::store::Store;
use crate::suite::inputs::{cached, call, ready};
use crate::test::{Test, test};
use crate::verdict::Verdict;

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_phase_that_did_its_work_ends_with_0).on(&[Store::Registry]),
        test!(an_unusable_buildpack_api_ends_with_12).with_images(),
        test!(analysis_that_fails_ends_with_32).on(&[Store::Registry]),
        test!(detection_that_fails_otherwise_ends_with_22),
        test!(generation_that_fails_otherwise_ends_with_92),
        test!(restoration_that_fails_ends_with_42).with_images(),
        test!(a_build_that_fails_otherwise_ends_with_52),
        test!(an_export_that_fails_ends_with_62).with_images(),
        test!(a_rebase_that_fails_ends_with_72).on(&[Store::Registry]),
        test!(a_launch_that_fails_ends_with_82),
        test!(unusable_files_end_with_a_status_of_the_phase).with_images(),
    ]
}

const PHASES: [Phase; 7] = [
    Phase::Analyzer,
    Phase::Detector,
    Phase::Restorer,
    Phase::Builder,
    Phase::Exporter,
    Phase::Creator,
    Phase::Rebaser,
];

fn a_phase_that_did_its_work_ends_with_0(scene: &Scene<'_>) -> Verdict {
    for phase in PHASES {
        ready(scene, phase)?;
        call(scene, phase).run()?.exits(0)?;
    }
    Ok(())
}

fn an_unusable_buildpack_api_ends_with_12(scene: &Scene<'_>) -> Verdict {
    for (phase, file) in [
        (Phase::Detector, "/cnb/buildpacks/of_tests/1.0.0/buildpack.toml"),
        (Phase::Restorer, "/layers/group.toml"),
        (Phase::Builder, "/layers/group.toml"),
        (Phase::Exporter, "/layers/group.toml"),
    ] {
        for version in ["0.1", "99.0"] {
            ready(scene, phase)?;
            let text = scene.read(file)?;
            scene.write(file, text.replace(scene.buildpack.as_str(), version));
            call(scene, phase).run()?.exits(12)?;
        }
    }
    Ok(())
}

fn analysis_that_fails_ends_with_32(scene: &Scene<'_>) -> Verdict {
    ready(scene, Phase::Analyzer)?;
    scene
        .phase("analyzer")
        .args(&["-run-image", &scene.reference("run"), "127.0.0.1:1/app"])
        .run()?
        .exits(32)?;
    Ok(())
}

fn detection_that_fails_otherwise_ends_with_22(scene: &Scene<'_>) -> Verdict {
    let order = "[[order]]\n[[order.group]]\nid = 'no/such'\nversion = '1.0.0'\n";
    scene.install(&scene.new_buildpack("of/tests").without("detect").without("build").tables(order));
    scene.order(&[&["of/tests"]]);
    scene.phase("detector").run()?.exits(22)?;
    Ok(())
}

fn generation_that_fails_otherwise_ends_with_92(scene: &Scene<'_>) -> Verdict {
    ready(scene, Phase::Detector)?;
    let extension = scene.new_extension("a").without_generate();
    scene.extensions(&[extension.file("generate/build.Dockerfile", "RUN no base\n")]);
    call(scene, Phase::Detector).run()?.exits(92)?;
    Ok(())
}

fn restoration_that_fails_ends_with_42(scene: &Scene<'_>) -> Verdict {
    ready(scene, Phase::Restorer)?;
    cached(scene, "/cache")?;
    scene.write("/layers/of_tests", "a file where a directory has to be");
    call(scene, Phase::Restorer).args(&["-cache-dir", "/cache"]).run()?.exits(42)?;
    Ok(())
}

fn a_build_that_fails_otherwise_ends_with_52(scene: &Scene<'_>) -> Verdict {
    scene.detected(&[scene
        .new_buildpack("of/tests")
        .build("echo '[[malformed' > \"${CNB_LAYERS_DIR:-$1}/launch.toml\"")]);
    scene.phase("builder").run()?.exits(52)?;
    Ok(())
}

fn an_export_that_fails_ends_with_62(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.phase("exporter").args(&["-process-type", "missing", &scene.reference("app")]).run()?.exits(62)?;
    Ok(())
}

fn a_rebase_that_fails_ends_with_72(scene: &Scene<'_>) -> Verdict {
    scene.put("app", &scene.run_image());
    scene.phase("rebaser").arg(scene.reference("app")).run()?.exits(72)?;
    Ok(())
}

fn a_launch_that_fails_ends_with_82(scene: &Scene<'_>) -> Verdict {
    scene.metadata("");
    scene.phase("launcher").args(&["--", "/no/such/program"]).run()?.exits(82)?;
    Ok(())
}

fn unusable_files_end_with_a_status_of_the_phase(scene: &Scene<'_>) -> Verdict {
    for (phase, file, statuses) in [
        (Phase::Detector, "/cnb/order.toml", 20..=29),
        (Phase::Builder, "/layers/plan.toml", 50..=59),
        (Phase::Exporter, "/layers/config/metadata.toml", 60..=69),
    ] {
        ready(scene, phase)?;
        scene.write(file, "[[malformed");
        let run = call(scene, phase).run()?;
        // Statuses up to 19 belong to no phase in particular.
        if run.exits_within(1..=19).is_err() {
            run.exits_within(statuses)?;
        }
    }
    Ok(())
}
