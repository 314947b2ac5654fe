//! How groups pass or fail. Spec: buildpack.md § Detection, Process.

use crate::scene::Scene;
use crate::suite::detection::{FAIL, install};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(each_buildpack_is_run_group_by_group),
        test!(a_failing_buildpack_gives_way_to_the_next_group),
        test!(after_the_last_group_detection_fails),
        test!(an_optional_buildpack_may_fail),
        test!(a_group_of_which_none_passed_is_passed_over),
        test!(those_that_passed_are_selected_in_order),
        test!(users_variables_are_there),
        test!(users_variables_are_kept_from_a_clear_environment),
    ]
}

fn each_buildpack_is_run_group_by_group(scene: &Scene<'_>) -> Verdict {
    let ran = |script: &str| {
        format!("touch \"ran-$(basename \"$(dirname \"$(dirname \"$(dirname \"$0\")\")\")\")\"\n{script}")
    };
    install(scene, &[("a", &ran(FAIL)), ("b", &ran("")), ("c", &ran("")), ("d", &ran("")), ("e", &ran(""))]);
    scene.order(&[&["b", "a"], &["c", "d"], &["e"]]);
    scene.detect()?;
    equal("what was run", &scene.names("/workspace"), &["ran-a", "ran-b", "ran-c", "ran-d"][..])?;
    equal("the group", &scene.group()?, &["c", "d"][..])
}

fn a_failing_buildpack_gives_way_to_the_next_group(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("a", ""), ("b", FAIL), ("c", "exit 1"), ("d", "")]);
    scene.order(&[&["a", "b"], &["a", "c"], &["d"], &["a"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["d"][..])
}

fn after_the_last_group_detection_fails(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("a", ""), ("b", FAIL)]);
    scene.order(&[&["b"], &["a", "b"]]);
    scene.detects_nothing()?;
    Ok(())
}

fn an_optional_buildpack_may_fail(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("a", FAIL), ("b", ""), ("c", "")]);
    scene.order(&[&["a?", "b"], &["c"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["b"][..])
}

fn a_group_of_which_none_passed_is_passed_over(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("a", FAIL), ("b", FAIL), ("c", "")]);
    scene.order(&[&["a?", "b?"], &["c"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["c"][..])
}

fn those_that_passed_are_selected_in_order(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("c", ""), ("a", ""), ("x", FAIL), ("b", "")]);
    scene.order(&[&["c", "x?", "a?", "b"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["c", "a", "b"][..])
}

fn users_variables_are_there(scene: &Scene<'_>) -> Verdict {
    scene.write("/platform/env/GREETING", "hello");
    install(scene, &[("a", "printf '%s' \"$GREETING\" > seen\n[ -d \"$HOME\" ]")]);
    scene.order(&[&["a"]]);
    scene.detect()?;
    equal("the variable", scene.read("/workspace/seen")?.as_str(), "hello")
}

fn users_variables_are_kept_from_a_clear_environment(scene: &Scene<'_>) -> Verdict {
    scene.write("/platform/env/GREETING", "hello");
    let script = "printf '%s' \"${GREETING-none}\" > seen";
    scene.install(&scene.new_buildpack("a").key("clear-env = true").detect(script));
    scene.order(&[&["a"]]);
    scene.detect()?;
    equal("the variable", scene.read("/workspace/seen")?.as_str(), "none")
}
