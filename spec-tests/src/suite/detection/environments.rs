//! Execution environments. Spec: platform.md § detector (Outputs), buildpack.md § buildpack.toml.

use crate::scene::Scene;
use crate::suite::detection::{entry, install, install_composite};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_buildpack_for_other_environments_is_passed_over),
        test!(if_all_are_passed_over_the_next_group_is_tried),
        test!(a_buildpack_names_its_environments_in_tables),
        test!(an_entry_of_an_order_applies_in_its_environments),
    ]
}

/// Installs a buildpack for one execution environment, in the form that lifecycles have read so far.
fn install_for(scene: &Scene<'_>, id: &str, environment: &str) {
    scene.install(&scene.new_buildpack(id).key(&format!("exec-env = ['{environment}']")));
}

/// The group that is detected in an execution environment.
fn group_in(scene: &Scene<'_>, environment: &str) -> Verdict<Vec<String>> {
    scene.detector().env("CNB_EXEC_ENV", environment).run()?.succeeds()?;
    scene.group()
}

fn a_buildpack_for_other_environments_is_passed_over(scene: &Scene<'_>) -> Verdict {
    install_for(scene, "tests", "test");
    install_for(scene, "develops", "development");
    install(scene, &[("any", "")]);
    scene.order(&[&["develops", "tests", "any"]]);
    equal("the group for tests", &group_in(scene, "test")?, &["tests", "any"][..])?;
    equal("the group for development", &group_in(scene, "development")?, &["develops", "any"][..])
}

fn if_all_are_passed_over_the_next_group_is_tried(scene: &Scene<'_>) -> Verdict {
    install_for(scene, "a", "development");
    install_for(scene, "b", "production");
    install_for(scene, "c", "test");
    scene.order(&[&["a", "b"], &["c"]]);
    equal("the group", &group_in(scene, "test")?, &["c"][..])
}

fn a_buildpack_names_its_environments_in_tables(scene: &Scene<'_>) -> Verdict {
    for (id, environment) in [("tests", "test"), ("develops", "development")] {
        let table = format!("[[buildpack.exec-env]]\nname = '{environment}'");
        scene.install(&scene.new_buildpack(id).tables(&table));
    }
    scene.order(&[&["develops", "tests"]]);
    equal("the group", &group_in(scene, "test")?, &["tests"][..])
}

fn an_entry_of_an_order_applies_in_its_environments(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("a", ""), ("b", "")]);
    let restricted = "{ id = 'b', version = '1.0.0', exec-env = ['test'] }";
    install_composite(scene, "o", &[&format!("{}, {restricted}", entry("a"))]);
    scene.order(&[&["o"]]);
    equal("the group for tests", &group_in(scene, "test")?, &["a", "b"][..])?;
    equal("the group for development", &group_in(scene, "development")?, &["a"][..])
}
