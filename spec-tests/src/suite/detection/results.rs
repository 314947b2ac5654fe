//! What the detector writes and how it ends. Spec: platform.md § detector (Outputs).

use serde_json::json;

use crate::scene::{Scene, plan};
use crate::suite::detection::{FAIL, entry, install, install_composite};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(it_ends_with_20_if_no_group_passed),
        test!(it_ends_with_21_if_a_buildpack_had_an_error),
        test!(it_ends_with_22_to_29_if_a_group_cannot_be_resolved),
        test!(an_order_in_the_layers_directory_goes_first),
        test!(the_detected_group_is_written),
        test!(the_plan_of_the_group_is_written),
    ]
}

fn it_ends_with_20_if_no_group_passed(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("a", FAIL), ("b", &plan("requires = [{ name = 'x' }]"))]);
    scene.order(&[&["a"], &["b"]]);
    scene.detects_nothing()?.exits(20)?;
    Ok(())
}

fn it_ends_with_21_if_a_buildpack_had_an_error(scene: &Scene<'_>) -> Verdict {
    for code in ["1", "99", "101"] {
        install(scene, &[("a", &format!("exit {code}")), ("b", FAIL)]);
        scene.order(&[&["a"], &["b"]]);
        scene.detects_nothing()?.exits(21)?;
    }
    Ok(())
}

fn it_ends_with_22_to_29_if_a_group_cannot_be_resolved(scene: &Scene<'_>) -> Verdict {
    install_composite(scene, "o", &[&entry("missing")]);
    scene.order(&[&["o"]]);
    scene.detects_nothing()?.exits_within(22..=29)?;
    Ok(())
}

fn an_order_in_the_layers_directory_goes_first(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("a", ""), ("b", "")]);
    scene.order(&[&["a"]]);
    scene.detect()?;
    equal("the group by /cnb/order.toml", &scene.group()?, &["a"][..])?;
    scene.write("/layers/order.toml", format!("[[order]]\ngroup = [{}]", entry("b")));
    scene.detect()?;
    equal("the group by <layers>/order.toml", &scene.group()?, &["b"][..])
}

fn the_detected_group_is_written(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("of/a", ""), ("b", ""), ("c", FAIL)]);
    scene.order(&[&["c"], &["of/a", "c?", "b?"], &["b"]]);
    scene.detect()?;
    let api = scene.buildpack.as_str();
    let element = |id: &str| json!({ "id": id, "version": "1.0.0", "api": api });
    same(
        "group.toml",
        &scene.read_toml("/layers/group.toml")?,
        json!({ "group": [element("of/a"), element("b")] }),
    )
}

fn the_plan_of_the_group_is_written(scene: &Scene<'_>) -> Verdict {
    let a = plan("provides = [{ name = 'x' }]");
    let b = plan("requires = [{ name = 'x', metadata = { version = '7', launch = true } }]");
    install(scene, &[("a", &a), ("b", &b), ("c", FAIL)]);
    scene.order(&[&["a", "b", "c"], &["a", "b"]]);
    scene.detect()?;
    let expected = json!({ "entries": [{
        "providers": [{ "id": "a", "version": "1.0.0" }],
        "requires": [{ "name": "x", "metadata": { "version": "7", "launch": true } }],
    }]});
    same("plan.toml", &scene.read_toml("/layers/plan.toml")?, expected)
}
