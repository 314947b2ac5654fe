//! Phases that are killed at any moment leave images and caches whole.

use std::time::{Duration, Instant};

use super::{built_with_cache, noise};
use crate::scene::{Image, Phase, Scene};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, equal};

/// At how many moments a phase is killed.
const MOMENTS: u32 = 6;

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(an_image_is_old_or_new).on(&[Store::Layout, Store::Registry]),
        test!(a_created_image_is_old_or_new).with_images(),
        test!(a_rebased_image_is_old_or_new).on(&[Store::Registry]),
        test!(a_cache_directory_is_old_or_new).with_images(),
        test!(a_killed_restorer_leaves_the_cache_alone).with_images(),
        test!(what_a_killed_restorer_left_is_restored_again).with_images(),
    ]
}

/// Runs a phase to its end, then kills it at moments spread over the time that it took, and at last runs it to its
/// end again. `prepare` comes before each run, and `check` after it.
pub(super) fn killed<'s>(
    prepare: impl Fn(u32),
    phase: impl Fn() -> Phase<'s>,
    check: impl Fn() -> Verdict,
) -> Verdict {
    let whole = || {
        let begun = Instant::now();
        phase().run()?.succeeds()?;
        let took = begun.elapsed();
        check()?;
        Ok(took)
    };
    prepare(0);
    let took: Duration = whole()?;
    for moment in 1..=MOMENTS {
        prepare(moment);
        let running = phase().start();
        std::thread::sleep(took * moment / (MOMENTS + 1));
        running.kill();
        running.wait(Duration::from_secs(10))?;
        check()?;
    }
    prepare(MOMENTS + 1);
    whole()?;
    Ok(())
}

/// Every layer of an image above the run image has to be there, with the digest that the config tells.
fn whole(image: &Image) -> Verdict {
    for diff_id in image.diff_ids().into_iter().skip(2) {
        image.layer(diff_id)?;
    }
    equal("how many layers config and manifest tell", &image.diff_ids().len(), &image.layer_count())
}

/// The image, as soon as the registry is done with what a killed phase had sent.
fn settled(scene: &Scene<'_>) -> Verdict<Image> {
    for _ in 0..20 {
        if let Ok(image) = scene.image("app") {
            return Ok(image);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    scene.image("app")
}

fn an_image_is_old_or_new(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let app = |version: u32| scene.write("/workspace/page", noise(version, 300_000));
    killed(app, || scene.phase("exporter").arg(scene.reference("app")), || whole(&settled(scene)?))
}

fn a_created_image_is_old_or_new(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    scene.install(&scene.new_buildpack("of/tests"));
    scene.order(&[&["of/tests"]]);
    let app = |version: u32| scene.write("/workspace/page", noise(version, 300_000));
    let creator =
        || scene.phase("creator").args(&["-run-image", &run_image.name]).arg(scene.reference("app"));
    killed(app, creator, || whole(&settled(scene)?))
}

fn a_rebased_image_is_old_or_new(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.export()?;
    let run_image = |version: u32| {
        let label = format!("of version {version}");
        scene.put("run", &scene.run_image().label("io.buildpacks.base.version", &label));
    };
    killed(run_image, || scene.phase("rebaser").arg(scene.reference("app")), || whole(&settled(scene)?))
}

/// What restorers make of the cache then is a layer of one version or another, and no mixture.
fn a_cache_directory_is_old_or_new(scene: &Scene<'_>) -> Verdict {
    let layer = |version: u32| {
        built_with_cache(scene, &version.to_string().repeat(300_000));
        scene.write("/layers/of_tests/deps/other", version.to_string().repeat(300_000));
    };
    let exporter = || scene.phase("exporter").args(&["-cache-dir", "/cache"]).arg(scene.reference("app"));
    killed(layer, exporter, || {
        restore(scene)?;
        let [file, other] =
            ["file", "other"].map(|name| scene.read(&format!("/layers/of_tests/deps/{name}")));
        let (file, other) = (file?, other?);
        equal("the size of what is restored", &file.len(), &300_000)?;
        if file == other {
            Ok(())
        } else {
            Err(Failure::new("the layer", "its files are of one version", "they are not"))
        }
    })
}

/// Removes the layers and restores them from the cache.
fn restore(scene: &Scene<'_>) -> Verdict {
    scene.remove("/layers/of_tests");
    scene.phase("restorer").args(&["-cache-dir", "/cache"]).run()?.succeeds()?;
    Ok(())
}

fn cached(scene: &Scene<'_>) -> Verdict {
    built_with_cache(scene, &"content".repeat(100_000));
    scene.phase("exporter").args(&["-cache-dir", "/cache"]).arg(scene.reference("app")).run()?.succeeds()?;
    Ok(())
}

fn restorer<'s>(scene: &'s Scene<'_>) -> Phase<'s> {
    scene.phase("restorer").args(&["-cache-dir", "/cache"])
}

fn a_killed_restorer_leaves_the_cache_alone(scene: &Scene<'_>) -> Verdict {
    cached(scene)?;
    let files = || {
        let names = scene.names("/cache/committed");
        let read =
            |name: &String| scene.read(&format!("/cache/committed/{name}")).map(|text| (name.clone(), text));
        names.iter().map(read).collect::<Verdict<Vec<_>>>()
    };
    let before = files()?;
    killed(
        |_| scene.remove("/layers/of_tests"),
        || restorer(scene),
        || {
            scene.make_directory("/layers/of_tests");
            if files()? == before {
                Ok(())
            } else {
                Err(Failure::new("the cache", "it is as before", "it is not"))
            }
        },
    )
}

/// Whatever half of a layer was left is replaced by the next restorer.
fn what_a_killed_restorer_left_is_restored_again(scene: &Scene<'_>) -> Verdict {
    cached(scene)?;
    let check = || {
        restorer(scene).run()?.succeeds()?;
        equal("the restored file's size", &scene.read("/layers/of_tests/deps/file")?.len(), &700_000)
    };
    killed(|_| scene.remove("/layers/of_tests"), || restorer(scene), check)
}
