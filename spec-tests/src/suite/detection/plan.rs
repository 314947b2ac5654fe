//! Which build plans groups come to. Spec: buildpack.md § Detection, Process (Build Plan).

use serde_json::json;

use crate::scene::{Scene, at, plan};
use crate::suite::detection::install;
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(alternatives_are_tried),
        test!(alternatives_of_the_first_are_tried_last),
        test!(a_group_without_a_plan_gives_way),
        test!(a_provision_has_to_be_required),
        test!(a_provision_is_not_required_before_it),
        test!(a_requirement_has_to_be_provided),
        test!(a_requirement_is_not_provided_behind_it),
        test!(one_may_provide_what_it_requires),
        test!(an_optional_one_whose_provision_is_unused_is_left_out),
        test!(an_optional_one_whose_requirement_is_unmet_is_left_out),
        test!(several_provide_and_require_the_same),
    ]
}

const PROVIDES_X: &str = "provides = [{ name = 'x' }]";
const REQUIRES_X: &str = "requires = [{ name = 'x' }]";

fn alternatives_are_tried(scene: &Scene<'_>) -> Verdict {
    let a = plan(&format!("{PROVIDES_X}\n[[or]]\nprovides = [{{ name = 'y' }}]"));
    install(scene, &[("a", &a), ("b", &plan("requires = [{ name = 'y' }]")), ("c", "")]);
    scene.order(&[&["a", "b"], &["c"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["a", "b"][..])?;
    equal("the plan", &scene.plan_entries()?, &["a <- y"][..])
}

fn alternatives_of_the_first_are_tried_last(scene: &Scene<'_>) -> Verdict {
    let a = plan(&format!("{PROVIDES_X}\n[[or]]\nprovides = [{{ name = 'y' }}]"));
    let b = plan(&format!("requires = [{{ name = 'y' }}]\n[[or]]\n{REQUIRES_X}"));
    install(scene, &[("a", &a), ("b", &b)]);
    scene.order(&[&["a", "b"]]);
    scene.detect()?;
    equal("the plan", &scene.plan_entries()?, &["a <- x"][..])
}

/// Detects the first of two groups, or else the second, which is a buildpack `c` without a plan.
fn group_or_c(scene: &Scene<'_>, buildpacks: &[(&str, &str)], group: &[&str]) -> Verdict<Vec<String>> {
    for (id, toml) in buildpacks {
        install(scene, &[(id, &plan(toml))]);
    }
    install(scene, &[("c", "")]);
    scene.order(&[group, &["c"]]);
    scene.detect()?;
    scene.group()
}

fn a_group_without_a_plan_gives_way(scene: &Scene<'_>) -> Verdict {
    let a = format!("{PROVIDES_X}\n[[or]]\nprovides = [{{ name = 'y' }}]");
    let b = "requires = [{ name = 'z' }]\n[[or]]\nrequires = [{ name = 'w' }]";
    equal("the group", &group_or_c(scene, &[("a", &a), ("b", b)], &["a", "b"])?, &["c"][..])?;
    equal("the plan", &scene.plan_entries()?, &[] as &[&str])
}

fn a_provision_has_to_be_required(scene: &Scene<'_>) -> Verdict {
    equal("the group", &group_or_c(scene, &[("a", PROVIDES_X), ("b", "")], &["a", "b"])?, &["c"][..])
}

fn a_provision_is_not_required_before_it(scene: &Scene<'_>) -> Verdict {
    // The requirement is met by p; what a provides behind it is not required any more.
    let buildpacks = [("p", PROVIDES_X), ("b", REQUIRES_X), ("a", PROVIDES_X)];
    equal("the group", &group_or_c(scene, &buildpacks, &["p", "b", "a"])?, &["c"][..])
}

fn a_requirement_has_to_be_provided(scene: &Scene<'_>) -> Verdict {
    equal("the group", &group_or_c(scene, &[("a", ""), ("b", REQUIRES_X)], &["a", "b"])?, &["c"][..])
}

fn a_requirement_is_not_provided_behind_it(scene: &Scene<'_>) -> Verdict {
    let own = format!("{PROVIDES_X}\n{REQUIRES_X}");
    // What a provides is required by itself, so that nothing but b's requirement is left.
    equal("the group", &group_or_c(scene, &[("b", REQUIRES_X), ("a", &own)], &["b", "a"])?, &["c"][..])
}

fn one_may_provide_what_it_requires(scene: &Scene<'_>) -> Verdict {
    let own = format!("{PROVIDES_X}\n{REQUIRES_X}");
    equal("the group", &group_or_c(scene, &[("a", &own)], &["a"])?, &["a"][..])?;
    equal("the plan", &scene.plan_entries()?, &["a <- x"][..])
}

fn an_optional_one_whose_provision_is_unused_is_left_out(scene: &Scene<'_>) -> Verdict {
    let a = "provides = [{ name = 'unused' }]\nrequires = [{ name = 'x' }]";
    let buildpacks = [("p", PROVIDES_X), ("a", a), ("b", REQUIRES_X)];
    equal("the group", &group_or_c(scene, &buildpacks, &["p", "a?", "b"])?, &["p", "b"][..])?;
    equal("the plan", &scene.plan_entries()?, &["p <- x"][..])
}

fn an_optional_one_whose_requirement_is_unmet_is_left_out(scene: &Scene<'_>) -> Verdict {
    let a = format!("requires = [{{ name = 'missing' }}]\n{PROVIDES_X}");
    let buildpacks = [("p", PROVIDES_X), ("a", &a), ("b", REQUIRES_X)];
    equal("the group", &group_or_c(scene, &buildpacks, &["p", "a?", "b"])?, &["p", "b"][..])?;
    equal("the plan", &scene.plan_entries()?, &["p <- x"][..])
}

fn several_provide_and_require_the_same(scene: &Scene<'_>) -> Verdict {
    let of = |who: &str| format!("requires = [{{ name = 'x', metadata = {{ by = '{who}' }} }}]");
    let (c, d) = (of("c"), of("d"));
    let buildpacks = [("a", PROVIDES_X), ("b", PROVIDES_X), ("e", c.as_str()), ("d", d.as_str())];
    equal("the group", &group_or_c(scene, &buildpacks, &["a", "b", "e", "d"])?, &["a", "b", "e", "d"][..])?;
    equal("the plan", &scene.plan_entries()?, &["a b <- x x"][..])?;
    let plan = scene.read_toml("/layers/plan.toml")?;
    same("first by", at(&plan, "/entries/0/requires/0/metadata/by"), json!("c"))?;
    same("then by", at(&plan, "/entries/0/requires/1/metadata/by"), json!("d"))
}
