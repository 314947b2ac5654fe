//! Images that the restorer records and saves for the extender. Spec: platform.md § restorer, Outputs.

use serde_json::json;
use test_registry::Fault;

use super::REGISTRY;
use crate::scene::{Put, Scene, USER, architecture, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_build_image_is_recorded_by_digest).on(REGISTRY),
        test!(documents_of_the_build_image_are_saved).on(REGISTRY),
        test!(the_run_image_is_recorded_by_digest).on(REGISTRY),
        test!(the_run_image_may_be_a_mirror).on(REGISTRY),
        test!(the_target_of_the_run_image_is_recorded).on(REGISTRY),
        test!(a_run_image_to_be_extended_is_saved).on(REGISTRY),
    ]
}

const ANALYZED: &str = "/layers/analyzed.toml";

/// Writes what the restorer reads, and the directory that it saves images in.
fn prepare(scene: &Scene<'_>) -> Put {
    scene.make_directory("/kaniko");
    scene.give("/kaniko", USER, USER);
    scene.built()
}

/// The files below a directory whose names have a text.
fn files(scene: &Scene<'_>, directory: &str, name: &str) -> Vec<String> {
    let paths = scene.names(directory).into_iter().map(|found| format!("{directory}/{found}"));
    let of = |path: String| {
        if scene.path(&path).is_dir() {
            files(scene, &path, name)
        } else if path.rsplit('/').next().is_some_and(|found| found.contains(name)) {
            vec![path]
        } else {
            Vec::new()
        }
    };
    paths.flat_map(of).collect()
}

/// A blob has to be saved, in whatever directory, under a name of its digest.
fn is_saved(scene: &Scene<'_>, what: &str, digest: &str) -> Verdict {
    let hex = digest.trim_start_matches("sha256:");
    let found = files(scene, "/kaniko/cache", hex);
    let bytes = found.first().map(|path| fs_err::read(scene.path(path)).unwrap_or_default());
    equal(what, &bytes.map(|bytes| test_kit::sha256(&bytes)).as_deref(), &Some(digest))
}

fn the_build_image_is_recorded_by_digest(scene: &Scene<'_>) -> Verdict {
    prepare(scene);
    let build_image = scene.put("build", &scene.run_image().label("of", "builds"));
    scene.phase("restorer").run()?.succeeds()?;
    let analyzed = scene.read_toml(ANALYZED)?;
    ensure("no build image is recorded", at(&analyzed, "/build-image/reference").is_null(), &analyzed)?;
    scene.phase("restorer").args(&["-build-image", &build_image.name]).run()?.succeeds()?;
    let analyzed = scene.read_toml(ANALYZED)?;
    same("the build image", at(&analyzed, "/build-image/reference"), json!(build_image.reference))
}

fn documents_of_the_build_image_are_saved(scene: &Scene<'_>) -> Verdict {
    prepare(scene);
    let build_image = scene.put("build", &scene.run_image().label("of", "builds"));
    scene.phase("restorer").args(&["-build-image", &build_image.name]).run()?.succeeds()?;
    is_saved(scene, "its manifest", &build_image.digest)?;
    is_saved(scene, "its config", &scene.image("build")?.id())
}

fn the_run_image_is_recorded_by_digest(scene: &Scene<'_>) -> Verdict {
    let run_image = prepare(scene);
    scene.write(ANALYZED, format!("[run-image]\nimage = '{}'\nextend = true\n", run_image.name));
    scene.phase("restorer").run()?.succeeds()?;
    same("the run image", at(&scene.read_toml(ANALYZED)?, "/run-image/reference"), json!(run_image.reference))
}

fn the_run_image_may_be_a_mirror(scene: &Scene<'_>) -> Verdict {
    let run_image = prepare(scene);
    let [first, second] = [scene.proxy(), scene.proxy()];
    let [image, mirror] = [&first, &second].map(|proxy| scene.behind(proxy, &run_image.name));
    scene.write("/cnb/run.toml", format!("[[images]]\nimage = '{image}'\nmirrors = ['{mirror}']\n"));
    let takes = |proxy| {
        scene.write(ANALYZED, format!("[run-image]\nimage = '{image}'\nextend = true\n"));
        scene.phase("restorer").run()?.succeeds()?;
        let expected = json!(scene.behind(proxy, &run_image.reference));
        same("the run image", at(&scene.read_toml(ANALYZED)?, "/run-image/reference"), expected)
    };
    takes(&first)?;
    first.on("*", "/manifests/", .., Fault::error(403, "DENIED"));
    takes(&second)
}

fn the_target_of_the_run_image_is_recorded(scene: &Scene<'_>) -> Verdict {
    let run_image = prepare(scene);
    scene.write(
        ANALYZED,
        format!("[run-image]\nreference = '{}'\nimage = '{}'\n", run_image.reference, run_image.name),
    );
    scene.phase("restorer").run()?.succeeds()?;
    let analyzed = scene.read_toml(ANALYZED)?;
    let target = at(&analyzed, "/run-image/target");
    same("the operating system", at(target, "/os"), json!("linux"))?;
    same("the architecture", at(target, "/arch"), json!(architecture()))?;
    let distribution = json!({ "name": "linux-of-tests", "version": "7" });
    same("the distribution", at(target, "/distro"), distribution)
}

fn a_run_image_to_be_extended_is_saved(scene: &Scene<'_>) -> Verdict {
    let run_image = prepare(scene);
    scene.phase("restorer").run()?.succeeds()?;
    equal("what is saved otherwise", &files(scene, "/kaniko", "index.json").len(), &0)?;
    let analyzed = scene.read(ANALYZED)?.replace("[run-image]\n", "[run-image]\nextend = true\n");
    let analyzed = analyzed.replace("extend = false\n", "");
    scene.write(ANALYZED, analyzed);
    scene.phase("restorer").run()?.succeeds()?;
    let indices = files(scene, "/kaniko/cache", "index.json");
    equal("the layouts", &indices.len(), &1)?;
    let index = scene.read(indices.first().map_or("", String::as_str))?;
    crate::verdict::contains("the index", &index, &run_image.digest)?;
    is_saved(scene, "its manifest", &run_image.digest)?;
    let image = scene.image("run")?;
    is_saved(scene, "its config", &image.id())?;
    for layer in at(&image.manifest, "/layers").as_array().into_iter().flatten() {
        is_saved(scene, "a layer", at(layer, "/digest").as_str().unwrap_or_default())?;
    }
    Ok(())
}
