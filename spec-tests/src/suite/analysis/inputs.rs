//! References that the analyzer takes, and those that it refuses. Spec: platform.md § analyzer, Inputs.

use test_registry::Fault;

use super::{ANALYZED, REGISTRY, analyzer, put_run_image};
use crate::scene::{Phase, Put, Run, Scene};
use crate::test::{Test, test};
use crate::verdict::Verdict;

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_image_is_a_valid_reference).with_images(),
        test!(each_tag_is_a_valid_reference).with_images(),
        test!(tags_are_in_the_registry_of_the_image).on(REGISTRY),
        test!(the_previous_image_is_a_valid_reference).with_images(),
        test!(images_that_do_not_exist_are_accepted).on(REGISTRY),
        test!(errors_of_analysis_have_a_status_of_their_own).on(REGISTRY),
        test!(an_analysis_that_fails_leaves_no_file).on(REGISTRY),
    ]
}

const INVALID: [&str; 3] = ["no reference at all", "UPPER/case", "registry.example/app:t*g"];

/// Such an analysis fails, and leaves no file.
fn is_refused(scene: &Scene<'_>, analyzer: Phase<'_>) -> Verdict {
    analyzer.run()?.fails()?;
    scene.lacks(ANALYZED)
}

fn the_image_is_a_valid_reference(scene: &Scene<'_>) -> Verdict {
    let run_image = put_run_image(scene);
    for invalid in INVALID {
        is_refused(scene, analyzer(scene, &run_image).arg(invalid))?;
    }
    analyzer(scene, &run_image).arg(scene.reference("app")).run()?.succeeds()?;
    Ok(())
}

fn each_tag_is_a_valid_reference(scene: &Scene<'_>) -> Verdict {
    let run_image = put_run_image(scene);
    let valid = scene.reference("app:other");
    for invalid in INVALID {
        let analyzer = analyzer(scene, &run_image).args(&["-tag", &valid, "-tag", invalid]);
        is_refused(scene, analyzer.arg(scene.reference("app")))?;
    }
    let analyzer = analyzer(scene, &run_image).args(&["-tag", &valid]);
    analyzer.arg(scene.reference("app")).run()?.succeeds()?;
    Ok(())
}

fn tags_are_in_the_registry_of_the_image(scene: &Scene<'_>) -> Verdict {
    let (run_image, proxy) = (put_run_image(scene), scene.proxy());
    let (tag, app) = (scene.reference("app:other"), scene.reference("app"));
    let elsewhere = scene.behind(&proxy, &tag);
    is_refused(scene, analyzer(scene, &run_image).args(&["-tag", &elsewhere, &app]))?;
    analyzer(scene, &run_image).args(&["-tag", &tag, &app]).run()?.succeeds()?;
    Ok(())
}

fn the_previous_image_is_a_valid_reference(scene: &Scene<'_>) -> Verdict {
    let run_image = put_run_image(scene);
    let app = scene.reference("app");
    for invalid in INVALID {
        is_refused(scene, analyzer(scene, &run_image).args(&["-previous-image", invalid, &app]))?;
    }
    let previous_image = scene.reference("previous");
    analyzer(scene, &run_image).args(&["-previous-image", &previous_image, &app]).run()?.succeeds()?;
    Ok(())
}

fn images_that_do_not_exist_are_accepted(scene: &Scene<'_>) -> Verdict {
    let run_image = put_run_image(scene);
    let (previous_image, cache_image) = (scene.reference("previous"), scene.reference("cache"));
    let inputs = ["-previous-image", &previous_image, "-cache-image", &cache_image];
    analyzer(scene, &run_image).args(&inputs).arg(scene.reference("app")).run()?.succeeds()?;
    scene.has(ANALYZED)
}

/// The analyzer with a run image that may be read until it is forbidden; the second one is run then.
fn forbidden(scene: &Scene<'_>) -> Verdict<[Run; 2]> {
    let (run_image, proxy) = (put_run_image(scene), scene.proxy());
    let run_image = Put { name: scene.behind(&proxy, &run_image.name), ..run_image };
    let analyzer = || analyzer(scene, &run_image).arg(scene.reference("app"));
    let allowed = analyzer().run()?;
    scene.has(ANALYZED)?;
    scene.remove(ANALYZED);
    proxy.on("*", "/v2/", .., Fault::error(403, "DENIED"));
    Ok([allowed, analyzer().run()?])
}

fn errors_of_analysis_have_a_status_of_their_own(scene: &Scene<'_>) -> Verdict {
    let [allowed, forbidden] = forbidden(scene)?;
    allowed.succeeds()?;
    forbidden.exits_within(30..=39)?;
    Ok(())
}

fn an_analysis_that_fails_leaves_no_file(scene: &Scene<'_>) -> Verdict {
    let [_, forbidden] = forbidden(scene)?;
    forbidden.fails()?;
    scene.lacks(ANALYZED)
}
