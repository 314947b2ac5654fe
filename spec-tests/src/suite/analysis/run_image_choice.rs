//! Which run image is taken. Spec: platform.md § Run Image Resolution.

use serde_json::json;
use test_registry::Fault;

use super::{ANALYZED, REGISTRY};
use crate::scene::{Scene, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(it_is_read_from_stack_toml).with_images(),
        test!(it_is_read_from_run_toml).with_images(),
        test!(without_one_the_analysis_fails).with_images(),
        test!(one_in_the_registry_of_the_image_is_preferred).on(REGISTRY),
        test!(one_in_the_registry_of_the_image_has_to_be_readable).on(REGISTRY),
        test!(else_it_is_the_image_itself).on(REGISTRY),
        test!(else_it_is_the_first_that_can_be_read).on(REGISTRY),
        test!(mirrors_are_those_of_the_entry_that_names_it).with_images(),
        test!(mirrors_are_those_of_the_first_entry_if_none_names_it).with_images(),
    ]
}

/// Writes the file that lists an image and its mirrors, the image first.
fn list(scene: &Scene<'_>, images: &[&str]) {
    let (image, mirrors) = images.split_first().unwrap_or((&"", &[]));
    let entry = format!("image = '{image}'\nmirrors = {mirrors:?}\n");
    if scene.holds("platform.analyzer.run-image-from-run") {
        scene.write("/cnb/run.toml", format!("[[images]]\n{entry}"));
    } else {
        scene.write("/cnb/stack.toml", format!("[run-image]\n{entry}"));
    }
}

/// Analyzes for an app image, which has to select the run image of this reference.
fn takes(scene: &Scene<'_>, app: &str, reference: &str) -> Verdict {
    scene.phase("analyzer").arg(app).run()?.succeeds()?;
    same("the run image", at(&scene.read_toml(ANALYZED)?, "/run-image/reference"), json!(reference))
}

fn it_is_read_from_stack_toml(scene: &Scene<'_>) -> Verdict {
    is_read(scene, "/cnb/stack.toml", "/cnb/run.toml")
}

fn it_is_read_from_run_toml(scene: &Scene<'_>) -> Verdict {
    is_read(scene, "/cnb/run.toml", "/cnb/stack.toml")
}

/// The run image is that of one file, though another has one too.
fn is_read(scene: &Scene<'_>, file: &str, other: &str) -> Verdict {
    let run_image = scene.put("run", &scene.run_image());
    let unwanted = scene.put("other", &scene.run_image().label("of", "another"));
    for (file, image) in [(file, &run_image), (other, &unwanted)] {
        let table = if file.contains("run.toml") { "[[images]]" } else { "[run-image]" };
        scene.write(file, format!("{table}\nimage = '{}'\n", image.name));
    }
    takes(scene, &scene.reference("app"), &run_image.reference)
}

fn without_one_the_analysis_fails(scene: &Scene<'_>) -> Verdict {
    let file = if scene.holds("platform.analyzer.run-image-from-run") { "run" } else { "stack" };
    for contents in [None, Some(""), Some("[other]\nimage = 'registry.example/run'\n")] {
        if let Some(contents) = contents {
            scene.write(&format!("/cnb/{file}.toml"), contents);
        }
        scene.phase("analyzer").arg(scene.reference("app")).run()?.fails()?;
        scene.lacks(ANALYZED)?;
    }
    let run_image = scene.put("run", &scene.run_image());
    list(scene, &[&run_image.name]);
    takes(scene, &scene.reference("app"), &run_image.reference)
}

fn one_in_the_registry_of_the_image_is_preferred(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.put("run", &scene.run_image());
    let (proxy, other) = (scene.proxy(), scene.proxy());
    let app = scene.reference("app");
    let behind = |text: &str| scene.behind(&proxy, text);
    list(scene, &[&run_image.name, &scene.behind(&other, &run_image.name), &behind(&run_image.name)]);
    takes(scene, &app, &run_image.reference)?;
    takes(scene, &behind(&app), &behind(&run_image.reference))
}

fn one_in_the_registry_of_the_image_has_to_be_readable(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.put("run", &scene.run_image());
    let proxy = scene.proxy();
    let app = scene.behind(&proxy, &scene.reference("app"));
    list(scene, &[&scene.behind(&proxy, &run_image.name), &run_image.name]);
    takes(scene, &app, &scene.behind(&proxy, &run_image.reference))?;
    proxy.on("*", "/run/manifests/", .., Fault::error(403, "DENIED"));
    takes(scene, &app, &run_image.reference)
}

fn else_it_is_the_image_itself(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.put("run", &scene.run_image());
    let (proxy, other) = (scene.proxy(), scene.proxy());
    let behind = |text: &str| scene.behind(&proxy, text);
    list(scene, &[&behind(&run_image.name), &scene.behind(&other, &run_image.name)]);
    takes(scene, &scene.reference("app"), &behind(&run_image.reference))
}

fn else_it_is_the_first_that_can_be_read(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.put("run", &scene.run_image());
    let [first, second, third] = [scene.proxy(), scene.proxy(), scene.proxy()];
    let names = [&first, &second, &third].map(|proxy| scene.behind(proxy, &run_image.name));
    list(scene, &names.each_ref().map(String::as_str));
    let app = scene.reference("app");
    takes(scene, &app, &scene.behind(&first, &run_image.reference))?;
    first.on("*", "/manifests/", .., Fault::error(403, "DENIED"));
    takes(scene, &app, &scene.behind(&second, &run_image.reference))
}

/// Exports on a run image, of which the app image's label has to tell what the file says in one entry.
fn exports_with_mirrors(scene: &Scene<'_>, first: &str, second: &str, expected: [&str; 2]) -> Verdict {
    scene.built();
    let entry =
        |image: &str, mirror: &str| format!("[[images]]\nimage = '{image}'\nmirrors = ['{mirror}']\n");
    let file = [entry(first, "of.first/run:latest"), entry(second, "of.second/run:latest")];
    scene.write("/cnb/run.toml", file.concat());
    let metadata = scene.export()?.lifecycle_metadata()?;
    let [image, mirror] = expected;
    same("the image", at(&metadata, "/runImage/image"), json!(image))?;
    same("the mirrors", at(&metadata, "/runImage/mirrors"), json!([mirror]))
}

fn mirrors_are_those_of_the_entry_that_names_it(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.reference("run");
    exports_with_mirrors(scene, "first.example/run:latest", &run_image, [&run_image, "of.second/run:latest"])
}

fn mirrors_are_those_of_the_first_entry_if_none_names_it(scene: &Scene<'_>) -> Verdict {
    let (first, second) = ("first.example/run:latest", "second.example/run:latest");
    exports_with_mirrors(scene, first, second, [first, "of.first/run:latest"])
}
