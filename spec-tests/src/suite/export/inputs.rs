//! What the exporter is given. Spec: platform.md § exporter, Inputs; § Map an image reference to a path in the layout
//! directory.

use crate::scene::Scene;
use crate::store::Store;
use crate::suite::export::layer_file;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(an_image_is_given),
        test!(each_image_is_a_reference_by_tag).with_images(),
        test!(all_images_lie_in_one_registry).with_images(),
        test!(the_run_image_is_that_of_the_analyzed_file).with_images(),
        test!(errors_of_the_export_have_their_exit_statuses).with_images(),
        test!(each_tag_names_the_same_image).with_images(),
        test!(the_image_is_at_the_path_of_its_reference).on(&[Store::Layout]),
        test!(another_store_is_refused_or_told_of).on(&[Store::Registry]),
    ]
}

fn an_image_is_given(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.phase("exporter").run()?.fails()?;
    Ok(())
}

fn each_image_is_a_reference_by_tag(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let by_digest = scene.reference(&format!("app@sha256:{}", "0".repeat(64)));
    for refused in [&by_digest, "registry.example/No/Reference", "registry.example/app:not a tag"] {
        scene.phase("exporter").arg(refused).run()?.fails()?;
        scene.phase("exporter").args(&[&scene.reference("app"), refused]).run()?.fails()?;
    }
    ensure("nothing was written", scene.image("app").is_err(), "there is an image")?;
    scene.export()?;
    Ok(())
}

/// To a daemon, a registry is but a part of the name.
fn all_images_lie_in_one_registry(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let app = scene.reference("app");
    let run = scene.phase("exporter").args(&[&app, "elsewhere.example/app:latest"]).run()?;
    if scene.store == Store::Daemon {
        run.succeeds()?;
        return Ok(());
    }
    run.fails()?;
    ensure("nothing was written", scene.image("app").is_err(), "there is an image")?;
    scene.phase("exporter").args(&[&app, &scene.reference("elsewhere")]).run()?.succeeds()?;
    Ok(())
}

/// The files that name run images to other phases name another one.
fn the_run_image_is_that_of_the_analyzed_file(scene: &Scene<'_>) -> Verdict {
    let other = scene.built();
    let run_image = scene.put("analyzed", &scene.run_image().layer(&[("file", "of the one that counts")]));
    let analyzed = scene.read("/layers/analyzed.toml")?;
    scene.write("/layers/analyzed.toml", analyzed.replace(&other.reference, &run_image.reference));
    let image = scene.export()?;
    let base: Vec<_> = image.diff_ids().into_iter().take(3).collect();
    equal("the first layers", &base, &run_image.diff_ids)
}

fn errors_of_the_export_have_their_exit_statuses(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let image = scene.reference("app");
    scene.phase("exporter").args(&["-process-type", "unknown", &image]).run()?.exits_within(60..=69)?;
    layer_file(scene, "lost", &["launch"]);
    scene.run_exporter()?.exits_within(60..=69)?;
    Ok(())
}

fn each_tag_names_the_same_image(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let others = [scene.reference("app:other"), scene.reference("elsewhere:tag")];
    let [other, elsewhere] = &others;
    scene.phase("exporter").args(&[&scene.reference("app"), other, elsewhere]).run()?.succeeds()?;
    let digest = scene.image("app")?.digest;
    for other in &others {
        equal(other, &scene.image(other)?.digest, &digest)?;
    }
    Ok(())
}

fn the_image_is_at_the_path_of_its_reference(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.phase("exporter").arg(scene.reference("app:tag")).run()?.succeeds()?;
    let path = format!("/layout-repo/{}", scene.reference("app:tag").replace(":tag", "/tag"));
    for file in ["oci-layout", "index.json", "blobs/sha256"] {
        scene.has(&format!("{path}/{file}"))?;
    }
    Ok(())
}

/// What is told is free, so another store has to make a difference to what is said as a warning, or in names at least.
fn another_store_is_refused_or_told_of(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let same = scene.run_exporter()?;
    same.succeeds()?;
    let proxy = scene.proxy();
    let analyzed = scene.read("/layers/analyzed.toml")?;
    let elsewhere = scene.behind(&proxy, &run_image.reference);
    scene.write("/layers/analyzed.toml", analyzed.replace(&run_image.reference, &elsewhere));
    let other = scene.phase("exporter").arg(scene.reference("other")).run()?;
    let lines = |run: &crate::scene::Run| run.output().lines().count();
    let is_told = other.stderr.lines().count() > same.stderr.lines().count() || lines(&other) > lines(&same);
    ensure(
        "the export fails or tells more than it does within one registry",
        is_told || other.fails().is_ok(),
        &other,
    )
}
