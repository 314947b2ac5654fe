//! What phases tell, and what they tell buildpacks.

use platform_api::Phase;

use crate::scene::Scene;
use crate::suite::inputs::{cached, cached_layer, call, ready};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(information_goes_to_standard_output),
        test!(layers_of_the_cache_are_told).with_images(),
        test!(a_restored_layer_is_told).with_images(),
        test!(buildpacks_that_did_not_pass_are_told),
        test!(a_detection_without_result_is_told),
        test!(the_creator_tells_what_it_begins).with_images(),
        test!(what_buildpacks_print_is_passed_on),
        test!(variables_of_proxies_come_to_buildpacks),
        test!(the_host_s_name_comes_to_buildpacks),
        test!(other_variables_do_not_come_to_buildpacks),
        test!(credentials_do_not_come_to_buildpacks),
        test!(an_sbom_of_an_undeclared_format_ends_the_build),
    ]
}

fn information_goes_to_standard_output(scene: &Scene<'_>) -> Verdict {
    ready(scene, Phase::Detector)?;
    let run = call(scene, Phase::Detector).run()?;
    ensure("the group is told on standard output", run.succeeds()?.stdout.contains("of/tests"), &run)?;
    ensure("it is not told on standard error", !run.stderr.contains("of/tests"), &run)
}

const CACHE: [&str; 2] = ["-cache-dir", "/cache"];

fn layers_of_the_cache_are_told(scene: &Scene<'_>) -> Verdict {
    scene.built();
    cached_layer(scene);
    let export = || scene.phase("exporter").args(&CACHE).arg(scene.reference("app")).run();
    let [adding, reusing] = ["Adding", "Reusing"].map(|verb| format!("{verb} cache layer 'of/tests:kept'"));
    export()?.succeeds()?.says(&adding)?.does_not_say(&reusing)?;
    export()?.succeeds()?.says(&reusing)?;
    Ok(())
}

fn a_restored_layer_is_told(scene: &Scene<'_>) -> Verdict {
    scene.built();
    cached(scene, "/cache")?;
    scene
        .phase("restorer")
        .args(&CACHE)
        .run()?
        .succeeds()?
        .says("Restoring data for \"of/tests:kept\" from cache")?;
    Ok(())
}

fn buildpacks_that_did_not_pass_are_told(scene: &Scene<'_>) -> Verdict {
    scene.install(&scene.new_buildpack("of/tests").detect("exit 100"));
    scene.order(&[&["of/tests"]]);
    scene.phase("detector").run()?.fails()?.says("fail: of/tests@1.0.0")?;
    Ok(())
}

fn a_detection_without_result_is_told(scene: &Scene<'_>) -> Verdict {
    scene.install(&scene.new_buildpack("of/tests").detect("exit 100"));
    scene.order(&[&["of/tests"]]);
    scene.phase("detector").run()?.fails()?.says("No buildpack groups passed detection")?;
    Ok(())
}

fn the_creator_tells_what_it_begins(scene: &Scene<'_>) -> Verdict {
    ready(scene, Phase::Creator)?;
    let run = call(scene, Phase::Creator).run()?;
    let told: Vec<_> = run
        .succeeds()?
        .stdout
        .lines()
        .filter_map(|line| line.split_once("===> "))
        .map(|(_, name)| name)
        .collect();
    let told: Vec<_> = told.iter().map(|name| name.trim_end_matches("\u{1b}[0m")).collect();
    equal(
        "what the creator begins",
        told.as_slice(),
        &["ANALYZING", "DETECTING", "RESTORING", "BUILDING", "EXPORTING"],
    )
}

fn what_buildpacks_print_is_passed_on(scene: &Scene<'_>) -> Verdict {
    scene.detected(&[scene.new_buildpack("of/tests").build("echo to the output\necho to the errors >&2")]);
    scene.phase("builder").run()?.succeeds()?.says("to the output")?.says("to the errors")?;
    Ok(())
}

/// The variables that a buildpack has, when the phase has these too.
fn variables(scene: &Scene<'_>, variables: &[(&str, &str)]) -> Verdict<String> {
    let seen = "/home/user/variables";
    let script = format!("env > {seen}");
    ready(scene, Phase::Detector)?;
    scene.install(&scene.new_buildpack("of/tests").detect(&script).build(&script));
    let mut all = String::new();
    for phase in [Phase::Detector, Phase::Builder] {
        let mut call = call(scene, phase);
        for (name, value) in variables {
            call = call.env(name, value);
        }
        call.run()?.succeeds()?;
        all += &scene.read(seen)?;
    }
    Ok(all)
}

/// Variables have to come to buildpacks in detection and build, or in neither.
fn come(scene: &Scene<'_>, given: &[(&str, &str)], expected: usize) -> Verdict {
    let seen = variables(scene, given)?;
    given.iter().try_for_each(|(name, value)| {
        let line = format!("{name}={value}");
        let count = seen.lines().filter(|known| *known == line).count();
        equal(&format!("how often buildpacks have {name}"), &count, &expected)
    })
}

fn variables_of_proxies_come_to_buildpacks(scene: &Scene<'_>) -> Verdict {
    let names = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];
    come(scene, &names.map(|name| (name, "proxy.example")), 2)
}

fn the_host_s_name_comes_to_buildpacks(scene: &Scene<'_>) -> Verdict {
    come(scene, &[("HOSTNAME", "host.example")], 2)
}

fn other_variables_do_not_come_to_buildpacks(scene: &Scene<'_>) -> Verdict {
    come(scene, &[("OF_THE_PHASE", "a"), ("CNB_USER_ID", "1000"), ("DOCKER_HOST", "c")], 0)
}

fn credentials_do_not_come_to_buildpacks(scene: &Scene<'_>) -> Verdict {
    let seen = variables(scene, &[("CNB_REGISTRY_AUTH", "{\"registry.example\":\"Basic c2VjcmV0\"}")])?;
    ensure("no variable has them", !seen.contains("c2VjcmV0"), seen)
}

fn an_sbom_of_an_undeclared_format_ends_the_build(scene: &Scene<'_>) -> Verdict {
    for (format, is_declared) in [("application/vnd.cyclonedx+json", true), ("application/spdx+json", false)]
    {
        let buildpack = scene.new_buildpack("of/tests").key(&format!("sbom-formats = ['{format}']"));
        scene.detected(&[buildpack.build("echo '{}' > \"${CNB_LAYERS_DIR:-$1}/build.sbom.cdx.json\"")]);
        let run = scene.phase("builder").run()?;
        run.succeeds_if(is_declared)?;
    }
    Ok(())
}
