//! The creator. Spec: platform.md § creator.

use crate::scene::{BUILDPACK, Phase, Put, Scene, USER};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(it_does_what_the_phases_do).with_images(),
        test!(the_image_itself_is_the_previous_image_by_default).with_images(),
        test!(what_was_restored_is_there_for_the_build).with_images(),
        test!(without_restoring_nothing_comes_back).with_images(),
        test!(without_restoring_the_store_alone_comes_back).with_images(),
        test!(tags_are_further_images).on(&[Store::Registry]),
        test!(errors_have_the_status_of_their_phase).with_images(),
    ]
}

const CACHE: [&str; 2] = ["-cache-dir", "/cache"];

/// Shell that tells which files of the build before are there, and leaves those for the next.
const BUILD: &str = r#"
cd "${CNB_LAYERS_DIR:-$1}" || exit 9
for file in store.toml launched.toml launched.sbom.cdx.json cached.toml cached/file; do
  if [ -e "$file" ]; then echo "has <$file>"; fi
done
mkdir -p launched cached
echo of-the-app > launched/file
echo '{}' > launched.sbom.cdx.json
echo of-the-cache > cached/file
printf '[types]\nlaunch = true\n[metadata]\nof = "launched"\n' > launched.toml
printf '[types]\ncache = true\n' > cached.toml
printf '[metadata]\nof = "store"\n' > store.toml
"#;

/// Installs a buildpack with a script for builds, and puts the run image.
fn prepare(scene: &Scene<'_>, build: &str) -> Put {
    let formats = "sbom-formats = ['application/vnd.cyclonedx+json']";
    scene.install(&scene.new_buildpack(BUILDPACK).key(formats).build(build));
    scene.order(&[&[BUILDPACK]]);
    scene.write("/workspace/page", "of the app");
    let run_image = scene.put("run", &scene.run_image());
    scene.analyzed(&run_image);
    run_image
}

fn creator<'s>(scene: &'s Scene<'_>, run_image: &Put) -> Phase<'s> {
    scene.phase("creator").args(&["-run-image", &run_image.name]).args(&CACHE)
}

/// Begins a build in an empty directory of layers.
fn begin(scene: &Scene<'_>) {
    scene.remove("/layers");
    scene.make_directory("/layers");
    scene.give("/layers", USER, USER);
}

fn it_does_what_the_phases_do(scene: &Scene<'_>) -> Verdict {
    let run_image = prepare(scene, BUILD);
    begin(scene);
    let app = scene.reference("app");
    let analyzer = || scene.phase("analyzer").args(&["-run-image", &run_image.name]);
    analyzer().arg(&app).run()?.succeeds()?;
    for phase in ["detector", "restorer", "builder"] {
        scene.phase(phase).run()?.succeeds()?;
    }
    scene.phase("exporter").arg(&app).run()?.succeeds()?;
    let by_phases = scene.image("app")?;
    begin(scene);
    let created = scene.reference("created");
    creator(scene, &run_image).arg(&created).run()?.succeeds()?;
    let by_creator = scene.image("created")?;
    equal("the layers", &by_creator.diff_ids(), &by_phases.diff_ids())?;
    equal("the config", &by_creator.config, &by_phases.config)?;
    for file in ["analyzed", "group", "plan", "config/metadata", "report"] {
        scene.has(&format!("/layers/{file}.toml"))?;
    }
    scene.has("/cache/committed")
}

/// Creates the image twice, the second time with these arguments, and tells what the buildpack had then.
fn second(scene: &Scene<'_>, arguments: &[&str]) -> Verdict<Vec<String>> {
    let run_image = prepare(scene, BUILD);
    let app = scene.reference("app");
    begin(scene);
    creator(scene, &run_image).arg(&app).run()?.succeeds()?.does_not_say("has <")?;
    begin(scene);
    let run = creator(scene, &run_image).args(arguments).arg(&app).run()?;
    run.succeeds()?;
    let output = run.output();
    let parts = output.split("has <").skip(1).filter_map(|part| part.split('>').next());
    Ok(parts.map(str::to_owned).collect())
}

fn the_image_itself_is_the_previous_image_by_default(scene: &Scene<'_>) -> Verdict {
    let had = second(scene, &[])?;
    equal("metadata of a layer comes back", &had.contains(&"launched.toml".to_owned()), &true)?;
    begin(scene);
    let other = ["-previous-image", &scene.reference("other")];
    let creator = creator(scene, &scene.put("run", &scene.run_image())).args(&other);
    creator.arg(scene.reference("app")).run()?.succeeds()?.does_not_say("has <launched.toml>")?;
    Ok(())
}

fn what_was_restored_is_there_for_the_build(scene: &Scene<'_>) -> Verdict {
    let had = second(scene, &[])?;
    let expected = ["store.toml", "launched.toml", "launched.sbom.cdx.json", "cached.toml", "cached/file"];
    equal("what comes back", &had, &expected)
}

fn without_restoring_nothing_comes_back(scene: &Scene<'_>) -> Verdict {
    equal("what comes back", &second(scene, &["-skip-restore"])?.len(), &0)
}

fn without_restoring_the_store_alone_comes_back(scene: &Scene<'_>) -> Verdict {
    equal("what comes back", &second(scene, &["-skip-restore"])?, &["store.toml"])
}

fn tags_are_further_images(scene: &Scene<'_>) -> Verdict {
    let run_image = prepare(scene, BUILD);
    begin(scene);
    let tag = scene.reference("tagged:more");
    creator(scene, &run_image).args(&["-tag", &tag]).arg(scene.reference("app")).run()?.succeeds()?;
    equal("the digest", &scene.image(&tag)?.digest, &scene.image("app")?.digest)
}

fn errors_have_the_status_of_their_phase(scene: &Scene<'_>) -> Verdict {
    let run_image = prepare(scene, "exit 1");
    begin(scene);
    let app = scene.reference("app");
    creator(scene, &run_image).arg(&app).run()?.exits(51)?;
    scene.install(&scene.new_buildpack("of/nobody").detect("exit 100"));
    scene.order(&[&["of/nobody"]]);
    creator(scene, &run_image).arg(&app).run()?.exits_within(20..=29)?;
    Ok(())
}
