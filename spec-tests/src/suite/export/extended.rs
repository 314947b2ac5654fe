//! Run images that image extensions extended. Spec: platform.md § exporter, Outputs.
#![expect(clippy::indexing_slicing, reason = "a set-up that fails ends the test")]

use serde_json::json;
use test_kit::ImageFixture;

use crate::scene::{Image, Put, Scene};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, equal};

/// A daemon does not differ from a registry here.
const STORES: &[Store] = &[Store::Layout, Store::Registry];

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_app_image_builds_on_the_extended_run_image).on(STORES),
        test!(layers_of_extensions_follow_those_of_the_run_image).on(STORES),
        test!(a_rebasable_extension_makes_a_rebasable_image).on(STORES),
        test!(any_other_extension_makes_an_image_that_is_not_rebasable).on(STORES),
        test!(an_image_without_extensions_is_not_said_to_be_rebasable).on(STORES),
    ]
}

/// Writes an extended run image, with a file of an extension, and all else that the exporter reads. `change` is
/// applied to the extended image.
fn prepare(scene: &Scene<'_>, change: impl FnOnce(ImageFixture) -> ImageFixture) -> Verdict<Put> {
    let run_image = scene.built();
    let mut image = scene.run_image().layer(&[("extension/", ""), ("extension/file", "of an extension")]);
    image.config["config"]["Env"] = json!(["OF_EXTENSION=set", "PATH=/bin/of/extension"]);
    image.config["history"] = json!([
        { "created_by": "" },
        { "created_by": "" },
        { "created_by": "Layer: 'RUN true', Created by extension: of/extension" },
    ]);
    write(scene, &change(image));
    let analyzed = scene.read("/layers/analyzed.toml")?;
    scene.write("/layers/analyzed.toml", analyzed.replace("[run-image]\n", "[run-image]\nextend = true\n"));
    Ok(run_image)
}

/// Writes an extended run image, and all else that the exporter reads.
pub(crate) fn extended_run_image(scene: &Scene<'_>) -> Verdict {
    prepare(scene, |image| image)?;
    Ok(())
}

/// Exports on an extended run image. `change` is applied to the extended image.
fn extended(scene: &Scene<'_>, change: impl FnOnce(ImageFixture) -> ImageFixture) -> Verdict<(Put, Image)> {
    let run_image = prepare(scene, change)?;
    let exporter = scene.phase("exporter").env("CNB_EXPERIMENTAL_MODE", "quiet");
    exporter.arg(scene.reference("app")).run()?.succeeds()?;
    Ok((run_image, scene.image("app")?))
}

/// Writes the image as the extender does: in a layout of its own without the layers of the run image.
fn write(scene: &Scene<'_>, image: &ImageFixture) {
    let unnamed = "/layers/extended/run/unnamed";
    scene.make_directory(unnamed);
    let written = image.write(&scene.path(unnamed));
    for layer in written.layers.iter().take(2) {
        scene.remove(&format!("{unnamed}/blobs/{}", layer.replace(':', "/")));
    }
    scene.rename(unnamed, &format!("/layers/extended/run/{}", written.digest));
}

fn the_app_image_builds_on_the_extended_run_image(scene: &Scene<'_>) -> Verdict {
    let (_, image) = extended(scene, |image| image)?;
    equal("a variable of the extension", &image.env("OF_EXTENSION"), &Some("set"))?;
    let path = image.env("PATH").unwrap_or_default();
    equal("the end of PATH", &path.rsplit(':').next(), &Some("/bin/of/extension"))?;
    let file = image.file("/extension/file")?;
    equal("a file of the extension", file.content.as_slice(), b"of an extension".as_slice())
}

fn layers_of_extensions_follow_those_of_the_run_image(scene: &Scene<'_>) -> Verdict {
    let (run_image, image) = extended(scene, |image| image)?;
    let diff_ids = image.diff_ids();
    let [first, second, third, ..] = diff_ids.as_slice() else {
        return Err(Failure::new("the image", "it has three layers", diff_ids.join(", ")));
    };
    equal("the first layers", &[*first, *second], run_image.diff_ids.as_slice())?;
    // Times in it may be made constant, so it is known by its files.
    let layer = image.layer(third)?;
    let file = layer.entry("/extension/file").map(|entry| entry.content.as_slice());
    equal("the extension's file in the next layer", &file, &Some(b"of an extension".as_slice()))
}

const REBASABLE: &str = "io.buildpacks.rebasable";

fn a_rebasable_extension_makes_a_rebasable_image(scene: &Scene<'_>) -> Verdict {
    let (_, image) = extended(scene, |image| image.label(REBASABLE, "true"))?;
    equal("the label", image.label(REBASABLE)?, "true")
}

fn any_other_extension_makes_an_image_that_is_not_rebasable(scene: &Scene<'_>) -> Verdict {
    let (_, image) = extended(scene, |image| image.label(REBASABLE, "false"))?;
    equal("the label", image.label(REBASABLE)?, "false")
}

fn an_image_without_extensions_is_not_said_to_be_rebasable(scene: &Scene<'_>) -> Verdict {
    scene.built();
    equal("the label", scene.export()?.label(REBASABLE)?, "false")
}
