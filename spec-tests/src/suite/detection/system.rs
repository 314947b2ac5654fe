//! System buildpacks. Spec: platform.md § detector (Outputs), § system.toml.

use crate::scene::Scene;
use crate::suite::detection::{FAIL, entries, install};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(system_buildpacks_go_before_each_group),
        test!(one_that_a_group_has_is_not_put_before_it),
        test!(system_buildpacks_go_behind_each_group),
        test!(one_that_a_group_has_is_not_put_behind_it),
    ]
}

/// Names buildpacks to be put before (`pre`) or behind (`post`) each group.
fn system(scene: &Scene<'_>, place: &str, ids: &[&str]) {
    let entries = entries(ids);
    scene.write("/cnb/system.toml", format!("[system.{place}]\nbuildpacks = [{entries}]\n"));
}

fn system_buildpacks_go_before_each_group(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("a", FAIL), ("b", ""), ("s", ""), ("t", "")]);
    system(scene, "pre", &["s", "t"]);
    scene.order(&[&["a"], &["b"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["s", "t", "b"][..])?;
    install(scene, &[("a", "")]);
    scene.detect()?;
    equal("the first group", &scene.group()?, &["s", "t", "a"][..])
}

fn one_that_a_group_has_is_not_put_before_it(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("a", ""), ("s", ""), ("t", "")]);
    system(scene, "pre", &["s", "t"]);
    scene.order(&[&["a", "s"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["t", "a", "s"][..])
}

fn system_buildpacks_go_behind_each_group(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("a", FAIL), ("b", ""), ("s", ""), ("t", "")]);
    system(scene, "post", &["s", "t"]);
    scene.order(&[&["a"], &["b"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["b", "s", "t"][..])?;
    install(scene, &[("a", "")]);
    scene.detect()?;
    equal("the first group", &scene.group()?, &["a", "s", "t"][..])
}

fn one_that_a_group_has_is_not_put_behind_it(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("a", ""), ("s", ""), ("t", "")]);
    system(scene, "post", &["s", "t"]);
    scene.order(&[&["s", "a"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["s", "a", "t"][..])
}
