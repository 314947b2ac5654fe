//! How extensions take part in detection. Spec: `image_extension.md` § Detection.

use crate::scene::{Scene, extension_root, plan};
use crate::test::{Test, test};
use crate::verdict::{Verdict, contains, equal, lacks};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_directory_detect_stands_for_its_output),
        test!(an_extension_without_detect_passes),
        test!(detect_finds_the_extensions_directory),
        test!(an_extension_that_requires_something_is_refused),
    ]
}

/// An order of an extension `e` and a buildpack that requires `x`.
fn before_one_that_requires_x(scene: &Scene<'_>, extension: &crate::scene::ScriptedExtension) {
    scene.install_extension(extension);
    scene.install(&scene.new_buildpack("b").detect(&plan("requires = [{ name = 'x' }]")));
    scene.order_with_extensions(&["e"], &[&["b"]]);
}

fn the_directory_detect_stands_for_its_output(scene: &Scene<'_>) -> Verdict {
    before_one_that_requires_x(scene, &scene.new_extension("e"));
    scene.detects_nothing()?;
    let provides = "provides = [{ name = 'x' }]";
    before_one_that_requires_x(scene, &scene.new_extension("e").file("detect/plan.toml", provides));
    scene.detect()?;
    equal("the extensions", &scene.extension_group()?, &["e"][..])
}

fn an_extension_without_detect_passes(scene: &Scene<'_>) -> Verdict {
    scene.extensions(&[scene.new_extension("e"), scene.new_extension("failing").detect("exit 100")]);
    scene.detect()?;
    equal("the extensions", &scene.extension_group()?, &["e"][..])
}

fn detect_finds_the_extensions_directory(scene: &Scene<'_>) -> Verdict {
    scene.extensions(&[scene.new_extension("of/e").detect("env > /home/user/environment")]);
    scene.detect()?;
    let environment = scene.read("/home/user/environment")?;
    let root = format!("CNB_EXTENSION_DIR={}\n", extension_root("of/e"));
    contains("the environment of bin/detect", &environment, &root)?;
    lacks("the environment of bin/detect", &environment, "CNB_BUILDPACK_DIR=")
}

fn an_extension_that_requires_something_is_refused(scene: &Scene<'_>) -> Verdict {
    let provides = "provides = [{ name = 'x' }]";
    before_one_that_requires_x(scene, &scene.new_extension("e").detect(&plan(provides)));
    scene.detect()?;
    scene.remove("/layers/group.toml");
    // It could be had, as the extension provides it itself.
    let requires = format!("{provides}\nrequires = [{{ name = 'x' }}]");
    before_one_that_requires_x(scene, &scene.new_extension("e").detect(&plan(&requires)));
    scene.detects_nothing()?;
    Ok(())
}
