//! Features that platforms have to allow. Spec: platform.md § Experimental Features.

use crate::scene::{Phase, Run, Scene};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal, skip};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(without_a_mode_a_feature_fails).with_images(),
        test!(with_warn_a_feature_is_warned_about_and_used).with_images(),
        test!(with_error_a_feature_fails).with_images(),
        test!(with_silent_a_feature_is_used_without_a_word).with_images(),
        test!(image_extensions_are_experimental),
        test!(the_layout_form_is_experimental_in_the_analyzer).on(&[Store::Layout]),
        test!(the_layout_form_is_experimental_in_the_exporter).on(&[Store::Layout]),
        test!(the_layout_form_is_experimental_in_the_creator).on(&[Store::Layout]),
    ]
}

const MODE: &str = "CNB_EXPERIMENTAL_MODE";

/// A phase that is to use a feature that is experimental in this version, and what it leaves then.
fn experimental<'s>(scene: &'s Scene<'_>) -> (Phase<'s>, &'static str) {
    if scene.holds("platform.experimental.extensions-are") {
        return (with_extensions(scene), "/layers/group.toml");
    }
    if scene.store != Store::Layout {
        skip("the layout form is what is experimental in this version");
    }
    (analyzer(scene), "/layers/analyzed.toml")
}

/// The detector, with an order that has image extensions.
fn with_extensions<'s>(scene: &'s Scene<'_>) -> Phase<'s> {
    scene.extensions(&[scene.new_extension("e")]);
    // There is nothing else to warn about.
    scene.write(
        "/layers/analyzed.toml",
        "[run-image]\nreference = 'of/run'\n[run-image.target]\nos = 'linux'\n",
    );
    scene.phase("detector").args(&["-log-level", "warn"])
}

/// The analyzer, with images in layout form.
fn analyzer<'s>(scene: &'s Scene<'_>) -> Phase<'s> {
    let run_image = scene.put("run", &scene.run_image());
    let analyzer = scene.phase("analyzer").without(MODE).args(&["-log-level", "warn"]);
    analyzer.args(&["-run-image", &run_image.name, &scene.reference("app")])
}

/// Runs it in a mode; it has to do its work.
fn works(phase: Phase<'_>, scene: &Scene<'_>, mode: &str, result: &str) -> Verdict<Run> {
    let run = phase.env(MODE, mode).run()?;
    run.succeeds()?;
    scene.has(result)?;
    scene.remove(result);
    Ok(run)
}

fn without_a_mode_a_feature_fails(scene: &Scene<'_>) -> Verdict {
    let (phase, result) = experimental(scene);
    phase.run()?.fails()?;
    works(experimental(scene).0, scene, "warn", result)?;
    Ok(())
}

fn with_warn_a_feature_is_warned_about_and_used(scene: &Scene<'_>) -> Verdict {
    let (phase, result) = experimental(scene);
    let run = works(phase, scene, "warn", result)?;
    ensure("there is a warning", !run.output().is_empty(), run)
}

fn with_error_a_feature_fails(scene: &Scene<'_>) -> Verdict {
    let (phase, result) = experimental(scene);
    phase.env(MODE, "error").run()?.fails()?;
    works(experimental(scene).0, scene, "warn", result)?;
    Ok(())
}

fn with_silent_a_feature_is_used_without_a_word(scene: &Scene<'_>) -> Verdict {
    let (phase, result) = experimental(scene);
    let run = works(phase, scene, "silent", result)?;
    equal("what is said", run.output().as_str(), "")
}

fn image_extensions_are_experimental(scene: &Scene<'_>) -> Verdict {
    with_extensions(scene).run()?.fails()?;
    with_extensions(scene).env(MODE, "warn").run()?.succeeds()?;
    scene.order(&[&["buildpack"]]);
    scene.phase("detector").run()?.succeeds()?;
    Ok(())
}

fn the_layout_form_is_experimental_in_the_analyzer(scene: &Scene<'_>) -> Verdict {
    analyzer(scene).run()?.fails()?;
    analyzer(scene).env(MODE, "warn").run()?.succeeds()?;
    Ok(())
}

fn the_layout_form_is_experimental_in_the_exporter(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let exporter = || scene.phase("exporter").without(MODE).arg(scene.reference("app"));
    exporter().run()?.fails()?;
    exporter().env(MODE, "warn").run()?.succeeds()?;
    scene.image("app")?;
    Ok(())
}

fn the_layout_form_is_experimental_in_the_creator(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.put("run", &scene.run_image());
    scene.install(&scene.new_buildpack("buildpack"));
    scene.order(&[&["buildpack"]]);
    let arguments = ["-run-image", &run_image.name, &scene.reference("app")];
    let creator = || scene.phase("creator").without(MODE).args(&arguments);
    creator().run()?.fails()?;
    creator().env(MODE, "warn").run()?.succeeds()?;
    scene.image("app")?;
    Ok(())
}
