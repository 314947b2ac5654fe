//! Probes for images, and for switches that matter to them.

use platform_api::Phase;
use serde_json::json;
use test_kit::{ImageFixture, sha256};

use crate::scene::{Put, Scene, at};
use crate::suite::inputs::case::Case;
use crate::suite::inputs::paths::{cached, cached_layer};
use crate::suite::inputs::ready::{SEEN, ready};
use crate::verdict::{Verdict, contains, ensure, equal};

/// Stands for the registry by a name for which no phase does without TLS unless told.
pub(super) const INSECURE: &str = "registry:by-name";

/// Puts two images that differ by a layer; they have the names that cases give.
fn two(scene: &Scene<'_>, image: impl Fn(&str) -> ImageFixture) -> [Put; 2] {
    ["one", "two"].map(|name| scene.put(name, &image(name)))
}

/// Run images with a layer of their own.
fn run_images(scene: &Scene<'_>) -> [Put; 2] {
    two(scene, |name| scene.run_image().layer(&[("own", name)]))
}

/// Which of two images a case wants, or the other one.
fn wanted<'p>(case: &Case, images: &'p [Put; 2], other: &'p Put) -> &'p Put {
    let [one, two] = images;
    match case.expected.as_deref() {
        Some("image:one") => one,
        Some(_) => two,
        None => other,
    }
}

/// The layers of the app image begin with those of the run image.
fn is_on(scene: &Scene<'_>, name: &str, run_image: &Put) -> Verdict {
    let image = scene.image(name)?;
    let first: Vec<_> = image.diff_ids().into_iter().take(3).collect();
    let count = run_image.diff_ids.len();
    equal(
        "the first layers",
        &first.get(..count).map(<[&str]>::to_vec),
        &Some(run_image.diff_ids.iter().map(String::as_str).collect()),
    )?;
    let own: Vec<_> = first.into_iter().skip(count).collect();
    ensure(
        "there is no layer of another run image",
        !own.iter().any(|layer| own_layers().iter().any(|known| known == layer)),
        own.join(", "),
    )
}

fn own_layers() -> [String; 2] {
    ["one", "two"].map(|name| sha256(&test_kit::LayerFixture::of(&[("own", name)]).archive))
}

/// The analyzed file has the run image.
pub(super) fn is_analyzed(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    let default = scene.put("run", &scene.run_image());
    let images = run_images(scene);
    case.run(scene)?.succeeds()?;
    let analyzed = scene.read_toml("/layers/analyzed.toml")?;
    let reference = at(&analyzed, "/run-image/reference").as_str().unwrap_or_default();
    contains("the reference", reference, &wanted(case, &images, &default).digest)
}

/// The app image is made on the run image.
pub(super) fn is_base(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    let default = scene.put("run", &scene.run_image());
    let images = run_images(scene);
    case.run(scene)?.succeeds()?;
    is_on(scene, "app", wanted(case, &images, &default))
}

/// The app image is rebased on the run image.
pub(super) fn is_rebased_on(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    let default = scene.put("run", &scene.run_image());
    let images = run_images(scene);
    // The app image knows all three as names of its run image.
    let mirrors = images.each_ref().map(|image| &image.name);
    for file in ["/cnb/run.toml", "/cnb/stack.toml"].into_iter().filter(|file| scene.exists(file)) {
        let text = scene.read(file)?;
        scene.write(file, format!("{text}mirrors = {mirrors:?}\n"));
    }
    scene.export()?;
    scene.remove("/layers/report.toml");
    case.run(scene)?.succeeds()?;
    is_on(scene, "app", wanted(case, &images, &default))
}

/// The analyzed file has the previous image.
pub(super) fn is_previous(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    let app = scene.put("app", &scene.run_image().label("of", "app"));
    let images = run_images(scene);
    case.run(scene)?.succeeds()?;
    let analyzed = scene.read_toml("/layers/analyzed.toml")?;
    let pointer = if scene.holds("platform.analyzed-toml.run-image.image")
        || analyzed.get("previous-image").is_none()
    {
        "/image/reference"
    } else {
        "/previous-image/reference"
    };
    let reference = at(&analyzed, pointer).as_str().unwrap_or_default();
    contains("the reference", reference, &wanted(case, &images, &app).digest)
}

/// An app image with the metadata of a layer, in which its name is.
fn app(scene: &Scene<'_>, name: &str) -> ImageFixture {
    let data = json!({ "of": name });
    let layer = json!({ "sha": sha256(b""), "launch": true, "build": false, "cache": false, "data": data });
    let buildpack = json!({ "key": "of/tests", "version": "1.0.0", "layers": { "kept": layer } });
    let label = json!({ "buildpacks": [buildpack] });
    scene.run_image().label("io.buildpacks.lifecycle.metadata", &label.to_string())
}

/// The metadata of layers that come back are those of the file.
pub(super) fn is_analyzed_file(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    let analyzed = scene.read("/layers/analyzed.toml")?;
    for (number, place) in
        [case.expected()].into_iter().chain(case.others.iter().map(String::as_str)).enumerate()
    {
        let layer = format!("sha = '{}'\nlaunch = true\nmetadata = {{ of = 'place {number}' }}", sha256(b""));
        let buildpack = "[[metadata.buildpacks]]\nkey = 'of/tests'\nversion = '1.0.0'";
        scene.write(place, format!("{analyzed}\n{buildpack}\n[metadata.buildpacks.layers.kept]\n{layer}\n"));
    }
    case.run(scene)?.succeeds()?;
    contains("the metadata of the layer", &scene.read("/layers/of_tests/kept.toml")?, "place 0")
}

/// The buildpack finds the metadata of a layer of the previous image.
pub(super) fn has_layers_restored(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    scene.put("app", &app(scene, "app"));
    two(scene, |name| app(scene, name));
    let script = format!(
        "cat \"${{CNB_LAYERS_DIR:-$1}}/kept.toml\" > {SEEN}; rm -f \"${{CNB_LAYERS_DIR:-$1}}/kept.toml\""
    );
    scene.install(&scene.new_buildpack("of/tests").build(&script));
    case.run(scene)?.succeeds()?;
    let of = case.expected.as_deref().map_or("app", |name| name.trim_start_matches("image:"));
    contains("the metadata of the layer", &scene.read(SEEN)?, &format!("\"{of}\""))
}

/// What is rebased is the previous image.
pub(super) fn is_rebased(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    for name in ["one", "two"] {
        scene.write("/workspace/page", name);
        scene.phase("exporter").arg(scene.reference(name)).run()?.succeeds()?;
    }
    scene.remove("/layers/report.toml");
    case.run(scene)?.succeeds()?;
    let page = scene.image("app")?.file("/workspace/page")?.content;
    let expected = case.expected.as_deref().map_or("of the app", |name| name.trim_start_matches("image:"));
    equal("the app", page.as_slice(), expected.as_bytes())
}

/// The analyzed file has the build image.
pub(super) fn is_build_image(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    scene.make_directory("/kaniko");
    scene.give("/kaniko", crate::scene::USER, crate::scene::USER);
    let images = run_images(scene);
    case.run(scene)?.succeeds()?;
    let analyzed = scene.read_toml("/layers/analyzed.toml")?;
    let reference = at(&analyzed, "/build-image/reference").as_str().unwrap_or_default();
    let [one, _] = &images;
    match case.expected {
        None => equal("the reference", reference, ""),
        Some(_) => contains("the reference", reference, &wanted(case, &images, one).digest),
    }
}

/// An image that cannot be reached fails the phase, so it was looked for.
pub(super) fn is_checked(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    let run = case.run(scene)?;
    match &case.expected {
        None => run.succeeds()?,
        Some(_) => run.fails()?,
    };
    Ok(())
}

/// A further image is written.
pub(super) fn is_written(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    case.run(scene)?.succeeds()?;
    equal("whether it is there", &scene.image("one").is_ok(), &case.expected.is_some())
}

/// The cache is written to the image.
pub(super) fn is_cached_to(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    // What an earlier run wrote is no cache any more.
    two(scene, |name| scene.run_image().label("of", name));
    case.run(scene)?.succeeds()?;
    for name in ["one", "two"] {
        let is_cache = scene.image(name)?.label("io.buildpacks.lifecycle.cache.metadata").is_ok();
        let expected = case.expected.as_deref() == Some(&format!("image:{name}"));
        equal(&format!("whether {name} is the cache"), &is_cache, &expected)?;
    }
    Ok(())
}

/// Layers come from the cache image.
pub(super) fn is_restored_from(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    for name in ["one", "two"] {
        cached_layer(scene);
        scene.write("/layers/of_tests/kept/file", name);
        let exporter = scene.phase("exporter").args(&["-cache-image", &scene.reference(name)]);
        exporter.arg(scene.reference("app")).run()?.succeeds()?;
    }
    scene.remove("/layers/of_tests");
    case.run(scene)?.succeeds()?;
    let restored = "/layers/of_tests/kept/file";
    match case.expected.as_deref() {
        None => scene.lacks(restored),
        Some(image) => equal("the layer", scene.read(restored)?.as_str(), image.trim_start_matches("image:")),
    }
}

/// With the switch, layers of the cache do not come back.
pub(super) fn skips_layers(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    if case.phase == Phase::Creator {
        scene.built();
    }
    cached(scene, "/cache")?;
    let restored = if case.phase == Phase::Creator {
        let script =
            format!("ls \"${{CNB_LAYERS_DIR:-$1}}\" > {SEEN}; rm -f \"${{CNB_LAYERS_DIR:-$1}}/kept.toml\"");
        scene.install(&scene.new_buildpack("of/tests").build(&script));
        case.call(scene).env("CNB_CACHE_DIR", "/cache").run()?.succeeds()?;
        scene.read(SEEN)?.contains("kept.toml")
    } else {
        case.call(scene).env("CNB_CACHE_DIR", "/cache").run()?.succeeds()?;
        scene.exists("/layers/of_tests/kept/file")
    };
    equal("whether the layer is restored", &restored, &!case.is_on())
}

/// With the switch, the SBOM of the previous image does not come back.
pub(super) fn skips_sboms(scene: &Scene<'_>, case: &Case) -> Verdict {
    const SBOM: &str = "/layers/sbom/launch/of_tests/sbom.cdx.json";
    ready(scene, Phase::Exporter)?;
    scene.write(SBOM, "{}");
    scene.export()?;
    scene.remove("/layers/sbom");
    case.run(scene)?.succeeds()?;
    equal("whether the SBOM is restored", &scene.exists(SBOM), &!case.is_on())
}

/// An image that says that it is not to be rebased is rebased with the switch alone.
pub(super) fn is_forced(scene: &Scene<'_>, case: &Case) -> Verdict {
    scene.built();
    let run_image = scene.run_image().label("io.buildpacks.rebasable", "false");
    scene.analyzed(&scene.put("run", &run_image));
    scene.export()?;
    let run = case.run(scene)?;
    run.succeeds_if(case.is_on())?;
    Ok(())
}

/// A restorer looks at the run image if it does not know its target and extensions may want to.
fn forget_target(scene: &Scene<'_>, case: &Case) -> Verdict {
    if case.phase == Phase::Restorer {
        let analyzed = scene.read("/layers/analyzed.toml")?;
        let known = analyzed.split("[run-image.target]").next().unwrap_or_default();
        scene.write("/layers/analyzed.toml", known);
        let group = scene.read("/layers/group.toml")?;
        let extension = format!("id = 'of/extension'\nversion = '1.0.0'\napi = '{}'", scene.buildpack);
        scene.write("/layers/group.toml", format!("{group}[[group-extensions]]\n{extension}\n"));
    }
    Ok(())
}

/// Images are found in the scene's store with the switch alone; without it they are looked for in a registry that
/// does not exist.
pub(super) fn is_store(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    forget_target(scene, case)?;
    // Refused at once, while a name that nobody knows is looked for again and again.
    scene.write(
        "/etc/hosts",
        "127.0.0.1 localhost registry.example layout-repo index.docker.io registry-1.docker.io\n",
    );
    let run = case.run(scene)?;
    run.succeeds_if(case.is_on())?;
    Ok(())
}

/// The registry is reached by a name for which it takes the input to do without TLS.
pub(super) fn is_reached(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    forget_target(scene, case)?;
    let (address, name) = (scene.registry().address().to_owned(), by_name(scene));
    for file in ["/layers/analyzed.toml", "/cnb/run.toml"] {
        if scene.exists(file) {
            let text = scene.read(file)?;
            scene.write(file, text.replace(&address, &name));
        }
    }
    scene.write("/etc/hosts", "127.0.0.1 localhost registry.of.tests\n");
    let run = case.call(scene).renamed(&address, &name).run()?;
    run.succeeds_if(case.expected.as_deref() == Some(INSECURE))?;
    Ok(())
}

/// The registry's address with a name instead of the number, which phases trust.
pub(super) fn by_name(scene: &Scene<'_>) -> String {
    scene.registry().address().replace("127.0.0.1", "registry.of.tests")
}
