//! The app in the image, and what the image is made of. Spec: platform.md § exporter, Outputs; buildpack.md § Export.

use serde_json::json;

use crate::scene::{Scene, at};
use crate::suite::export::{built_with_layers, new_layers};
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, ensure, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_app_is_part_of_the_image).with_images(),
        test!(paths_of_the_app_are_kept).with_images(),
        test!(the_image_is_made_of_all_its_parts).with_images(),
        test!(layers_have_an_order).with_images(),
    ]
}

fn the_app_is_part_of_the_image(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.write("/workspace/deep/down/file", "of the app too");
    scene.link("/workspace/link", "deep/down");
    scene.make_directory("/workspace/empty");
    let image = scene.export()?;
    for (path, content) in
        [("/workspace/page", "of the app"), ("/workspace/deep/down/file", "of the app too")]
    {
        equal(path, image.file(path)?.content.as_slice(), content.as_bytes())?;
    }
    equal("the link", image.file("/workspace/link")?.link.as_str(), "deep/down")?;
    equal("the kind of a directory", &image.file("/workspace/empty")?.kind, &'5')
}

/// The directory is where the platform has it.
fn paths_of_the_app_are_kept(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.rename("/workspace", "/home/user/deep/app");
    let app = scene.reference("app");
    scene.phase("exporter").args(&["-app", "/home/user/deep/app", &app]).run()?.succeeds()?;
    let image = scene.image("app")?;
    equal("the file", image.file("/home/user/deep/app/page")?.content.as_slice(), b"of the app".as_slice())?;
    ensure("there is no other app", image.file("/workspace/page").is_err(), "there is one")
}

fn the_image_is_made_of_all_its_parts(scene: &Scene<'_>) -> Verdict {
    built_with_layers(scene);
    let run_image = scene.put("run", &scene.run_image());
    let image = scene.export()?;
    equal(
        "the layers of the run image",
        &image.diff_ids().get(..2),
        &Some(run_image.diff_ids.iter().map(String::as_str).collect::<Vec<_>>().as_slice()),
    )?;
    let layers = new_layers(&image)?;
    for path in [
        "/layers/of_tests/launched/file",
        "/workspace/page",
        "/layers/config/metadata.toml",
        "/cnb/lifecycle/launcher",
    ] {
        let count = layers.iter().filter(|layer| layer.entry(path).is_some()).count();
        equal(&format!("the number of layers that have {path}"), &count, &1)?;
    }
    same("the entry point", at(&image.config, "/config/Entrypoint"), json!(["/cnb/lifecycle/launcher"]))
}

fn layers_have_an_order(scene: &Scene<'_>) -> Verdict {
    built_with_layers(scene);
    second_buildpack(scene);
    scene.write("/layers/sbom/launch/of_tests/sbom.cdx.json", "{}");
    let image = scene.export()?;
    let label = image.lifecycle_metadata()?;
    let sbom = if scene.holds("platform.exporter.sbom.layer") { vec!["/sbom/sha"] } else { Vec::new() };
    let pointers = [
        vec!["/buildpacks/0/layers/launched/sha", "/buildpacks/1/layers/a-layer/sha"],
        sbom,
        vec!["/app/0/sha", "/launcher/sha", "/config/sha", "/process-types/sha"],
    ];
    let named = pointers.concat().into_iter().map(|pointer| {
        let diff_id = at(&label, pointer).as_str();
        diff_id.ok_or_else(|| Failure::new(pointer, "the label has it", &label))
    });
    let named = named.collect::<Verdict<Vec<_>>>()?;
    equal("the layers above the run image", image.diff_ids().get(2..).unwrap_or_default(), named.as_slice())
}

/// Adds a buildpack to the group that is before the other one by id and by the name of its layer.
fn second_buildpack(scene: &Scene<'_>) {
    let element = |id| format!("[[group]]\nid = '{id}'\nversion = '1.0.0'\napi = '{}'\n", scene.buildpack);
    scene.write("/layers/group.toml", element("of/tests") + &element("a/second"));
    scene.write("/layers/a_second/a-layer/file", "of the second");
    scene.write("/layers/a_second/a-layer.toml", "[types]\nlaunch = true\n");
}
