//! Probes for files and directories.

use platform_api::{Input, Phase};

use crate::scene::{BUILDPACK, Scene, USER, at, extension_root};
use crate::suite::export;
use crate::suite::inputs::case::{self, Case};
use crate::suite::inputs::ready::{EXTENSION, SEEN, ready};
use crate::verdict::{Verdict, ensure, equal, same};

/// What is no TOML.
const MALFORMED: &str = "[[malformed";

/// A file has to be read where it is said to be and nowhere else: it is sound there and malformed at all other
/// places, and then the other way round.
pub(super) fn is_read(scene: &Scene<'_>, case: &Case) -> Verdict {
    for (here, elsewhere) in [(true, false), (false, true)] {
        ready(scene, case.phase)?;
        let sound = sound(scene, case)?;
        let text = |is_sound: bool| if is_sound { sound.as_str() } else { MALFORMED };
        scene.write(case.expected(), text(here));
        for other in &case.others {
            scene.write(other, text(elsewhere));
        }
        let run = case.run(scene)?;
        run.succeeds_if(here)?;
    }
    Ok(())
}

/// What a file of this input has to have for the phase to work.
fn sound(scene: &Scene<'_>, case: &Case) -> Verdict<String> {
    let default = case::default(case.input).unwrap_or_default();
    if scene.exists(&default) {
        return scene.read(&default);
    }
    match case.input {
        Input::Order => scene.read("/cnb/order.toml"),
        _ => Ok(String::new()),
    }
}

/// A file has to be written where it is said to be and nowhere else.
pub(super) fn is_written(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    case.run(scene)?.succeeds()?;
    scene.has(case.expected())?;
    case.others.iter().try_for_each(|other| scene.lacks(other))
}

/// A directory has to have what the phase needs.
pub(super) fn is_needed(scene: &Scene<'_>, case: &Case) -> Verdict {
    moved(scene, case, |_| Ok(()))
}

/// Moves the directory, once it is prepared, to where it is said to be, and then to another place.
fn moved(scene: &Scene<'_>, case: &Case, prepare: impl Fn(&Scene<'_>) -> Verdict) -> Verdict {
    let directory = case::default(case.input).unwrap_or_default();
    let elsewhere = case.others.first().map(String::as_str);
    for place in [Some(case.expected()), elsewhere].into_iter().flatten() {
        ready(scene, case.phase)?;
        prepare(scene)?;
        if place != directory {
            scene.rename(&directory, place);
        }
        case.run(scene)?.succeeds_if(place == case.expected())?;
    }
    Ok(())
}

/// The images are in a directory of layouts.
pub(super) fn has_images(scene: &Scene<'_>, case: &Case) -> Verdict {
    const IMAGES: &str = "/layout-repo";
    let Some(place) = &case.expected else { return Ok(()) };
    ready(scene, case.phase)?;
    if case.phase == Phase::Exporter || case.phase == Phase::Restorer {
        let analyzed = scene.read("/layers/analyzed.toml")?;
        scene.write("/layers/analyzed.toml", analyzed.replace(IMAGES, place));
    }
    scene.rename(IMAGES, place);
    let result = case.run(scene).and_then(|run| run.succeeds().map(|_| ()));
    scene.rename(place, IMAGES);
    result
}

/// The directory has the files that the phase writes below it by default.
pub(super) fn has_outputs(scene: &Scene<'_>, case: &Case) -> Verdict {
    let file = match case.phase {
        Phase::Analyzer => "analyzed.toml",
        Phase::Detector => "group.toml",
        _ => "report.toml",
    };
    ready(scene, case.phase)?;
    for place in [case.expected()].into_iter().chain(case.others.iter().map(String::as_str)) {
        scene.make_directory(place);
        scene.give(place, USER, USER);
    }
    case.run(scene)?.succeeds()?;
    scene.has(&format!("{}/{file}", case.expected()))?;
    case.others.iter().try_for_each(|other| scene.lacks(&format!("{other}/{file}")))
}

/// The image has the app at the path where it was.
pub(super) fn is_exported(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    if case.expected() != "/workspace" {
        scene.rename("/workspace", case.expected());
    }
    case.run(scene)?.succeeds()?;
    let image = scene.image("app")?;
    equal(
        "the app",
        image.file(&format!("{}/page", case.expected()))?.content.as_slice(),
        b"of the app".as_slice(),
    )?;
    same("the working directory", at(&image.config, "/config/WorkingDir"), case.expected().into())
}

/// Buildpacks are run in the directory.
pub(super) fn is_worked_in(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    for other in &case.others {
        scene.make_directory(other);
    }
    if case.expected() != "/workspace" {
        scene.make_directory(case.expected());
        scene.give(case.expected(), USER, USER);
    }
    sees(scene, case, "in", case.expected())
}

/// Buildpacks get variables from files in the directory.
pub(super) fn gives_variables(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    for place in [case.expected()].into_iter().chain(case.others.iter().map(String::as_str)) {
        scene.write(&format!("{place}/env/MARK"), place);
    }
    sees(scene, case, "mark", case.expected())
}

/// Runs the phase; its buildpack has to see this.
pub(super) fn sees(scene: &Scene<'_>, case: &Case, what: &str, expected: &str) -> Verdict {
    if scene.exists(SEEN) {
        scene.remove(SEEN);
    }
    case.run(scene)?.succeeds()?;
    let seen = scene.read(SEEN)?;
    let seen = seen.lines().find_map(|line| line.strip_prefix(what)).unwrap_or_default().trim();
    equal(&format!("what the buildpack says behind '{what}'"), seen, expected)
}

/// Lets the order have the scene's image extension.
fn with_extension(scene: &Scene<'_>) {
    scene.order_with_extensions(&[EXTENSION], &[&[BUILDPACK]]);
}

/// The directory has image extensions.
pub(super) fn has_extensions(scene: &Scene<'_>, case: &Case) -> Verdict {
    moved(scene, case, |scene| {
        with_extension(scene);
        Ok(())
    })
}

/// What extensions generate is written below the directory.
pub(super) fn is_generated_to(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    scene.has(&extension_root(EXTENSION))?;
    with_extension(scene);
    case.run(scene)?.succeeds()?;
    ensure("something is generated", !scene.names(case.expected()).is_empty(), case.expected())?;
    case.others.iter().try_for_each(|other| equal(other, &scene.names(other).len(), &0))
}

/// The directory has the extended run image.
pub(super) fn is_extended(scene: &Scene<'_>, case: &Case) -> Verdict {
    moved(scene, case, export::extended_run_image)
}

/// Writes a layer that is cached.
pub(crate) fn cached_layer(scene: &Scene<'_>) {
    scene.write("/layers/of_tests/kept/file", "kept");
    scene.write("/layers/of_tests/kept.toml", "[types]\ncache = true\n[metadata]\nof = 'kept'\n");
}

/// Caches that layer in a directory, from which alone it can come back.
pub(crate) fn cached(scene: &Scene<'_>, directory: &str) -> Verdict {
    cached_layer(scene);
    scene.phase("exporter").args(&["-cache-dir", directory, &scene.reference("app")]).run()?.succeeds()?;
    scene.remove("/layers/of_tests");
    Ok(())
}

/// The directory has the cache that layers come from.
pub(super) fn is_restored_from(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    let cache = case.expected.as_deref().unwrap_or("/given/flag");
    for place in [cache].into_iter().chain(case.others.iter().map(String::as_str)) {
        scene.make_directory(place);
        scene.give(place, USER, USER);
    }
    cached(scene, cache)?;
    case.run(scene)?.succeeds()?;
    let restored = "/layers/of_tests/kept/file";
    if case.expected.is_some() { scene.has(restored) } else { scene.lacks(restored) }
}

/// The cache is written to the directory.
pub(super) fn is_cached_to(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    for place in case.expected.iter().chain(&case.others) {
        scene.make_directory(place);
        scene.give(place, USER, USER);
    }
    case.run(scene)?.succeeds()?;
    let names = |place: &String| scene.names(&format!("{place}/committed"));
    if let Some(place) = &case.expected {
        ensure("there is a cache", !names(place).is_empty(), place)?;
    }
    case.others.iter().try_for_each(|other| equal(other, &names(other).len(), &0))
}

/// The image has the launcher at its place.
pub(super) fn is_the_launcher(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    scene.write("/given/flag", "a launcher of tests");
    case.run(scene)?.succeeds()?;
    let launcher = scene.image("app")?.file("/cnb/lifecycle/launcher")?;
    let is_given = launcher.content == b"a launcher of tests";
    equal("whether the launcher is the one that was given", &is_given, &(case.expected() == "/given/flag"))
}

/// The image has the launcher's SBOM.
pub(super) fn is_the_launchers_sbom(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    // Their names differ between lifecycles.
    for name in ["sbom.cdx.json", "launcher.sbom.cdx.json"] {
        scene.write(&format!("/given/flag/{name}"), "{}");
    }
    case.run(scene)?.succeeds()?;
    let image = scene.image("app")?;
    let found = ["sbom.cdx.json", "launcher.sbom.cdx.json"]
        .map(|name| image.file(&format!("/layers/sbom/launch/buildpacksio_lifecycle/launcher/{name}")));
    let is_there = found.iter().any(Result::is_ok);
    equal("whether there is an SBOM", &is_there, &(case.expected() == "/given/flag"))
}
