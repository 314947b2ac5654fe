//! What describes an extension. Spec: `image_extension.md` § extension.toml.

use serde_json::json;

use crate::scene::{Scene, architecture, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(an_extension_needs_an_api_that_is_known),
        test!(an_extension_is_found_by_id_and_version),
        test!(an_extension_may_have_targets),
    ]
}

fn an_extension_needs_an_api_that_is_known(scene: &Scene<'_>) -> Verdict {
    scene.extensions(&[scene.new_extension("a")]);
    scene.detect()?;
    equal("the extensions", &scene.extension_group()?, &["a"][..])?;
    let described = "[extension]\nid = 'a'\nversion = '1.0.0'\n";
    scene.extensions(&[scene.new_extension("a").descriptor(&format!("api = '99.0'\n{described}"))]);
    scene.detector().run()?.exits(12)?;
    Ok(())
}

fn an_extension_is_found_by_id_and_version(scene: &Scene<'_>) -> Verdict {
    scene.extensions(&[scene.new_extension("of/a")]);
    scene.detect()?;
    let group = scene.read_toml("/layers/group.toml")?;
    let expected = json!({ "id": "of/a", "version": "1.0.0", "api": scene.buildpack.as_str() });
    same("the extension", at(&group, "/group-extensions/0"), expected)?;
    scene.rename("/cnb/extensions/of_a/1.0.0", "/cnb/extensions/of_a/2.0.0");
    scene.detector().run()?.fails()?;
    Ok(())
}

/// What fails a group are targets of required buildpacks, and extensions are optional.
fn an_extension_may_have_targets(scene: &Scene<'_>) -> Verdict {
    let target = format!("os = 'linux'\narch = '{}'", architecture());
    let run_image = format!("[run-image]\nreference = 'of/tests'\n[run-image.target]\n{target}\n");
    scene.write("/layers/analyzed.toml", run_image);
    let this = scene.new_extension("this").tables(&format!("[[targets]]\n{target}"));
    let other = scene.new_extension("other").tables("[[targets]]\nos = 'linux'\narch = 'of-tests'");
    scene.extensions(&[this, other]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["buildpack"][..])?;
    let extensions = scene.extension_group()?;
    ensure("'this' takes part", extensions.contains(&"this".to_owned()), extensions.join(" "))
}
