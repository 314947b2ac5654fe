//! Variables of the operator, in `<build-config>/env`. Spec: platform.md § Operator-Defined Variables, buildpack.md §
//! Provided by the Platform.

use crate::scene::Scene;
use crate::suite::build::user::{recorded_by, recorder};
use crate::suite::build::{Variables, build, each, layer, record};
use crate::test::{Test, test};
use crate::verdict::{Verdict, skip};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(each_file_is_a_variable),
        test!(a_file_is_a_variable_whatever_clear_env_says),
        test!(suffixes_mean_what_they_mean_for_buildpacks),
        test!(a_file_without_suffix_is_a_default),
        test!(values_are_applied_after_those_of_buildpacks),
    ]
}

/// Writes files of the operator, in versions that have some.
fn of_operator(scene: &Scene<'_>, files: &[(&str, &str)]) {
    if !scene.holds("platform.environment.operator.one-variable") {
        skip("this Platform API has no variables of operators");
    }
    for (name, contents) in files {
        scene.write(&format!("/cnb/build-config/env/{name}"), contents);
    }
}

fn each_file_is_a_variable(scene: &Scene<'_>) -> Verdict {
    let files = [("ONE", "first\nsecond\n"), ("TWO", " $HOME `id` ")];
    of_operator(scene, &files);
    for variables in recorded_by(scene, &recorder(scene), &[])? {
        files.iter().try_for_each(|(name, value)| variables.has(name, value))?;
    }
    Ok(())
}

fn a_file_is_a_variable_whatever_clear_env_says(scene: &Scene<'_>) -> Verdict {
    of_operator(scene, &[("OPTION", "of the operator")]);
    scene.write("/platform/env/BP_OPTION", "of the user");
    for clear_env in ["true", "false"] {
        let recorder = recorder(scene).key(&format!("clear-env = {clear_env}"));
        for variables in recorded_by(scene, &recorder, &[])? {
            variables.has("OPTION", "of the operator")?;
            variables.check("BP_OPTION", (clear_env == "false").then_some("of the user"))?;
        }
    }
    Ok(())
}

/// A build layer that sets variables to `layer`.
fn layer_with(names: &[&str]) -> String {
    let files = each(names, |name| format!("printf layer > a/env/{name}\n"));
    layer("a", &["build"], "") + "mkdir a/env\n" + &files
}

fn suffixes_mean_what_they_mean_for_buildpacks(scene: &Scene<'_>) -> Verdict {
    let files = [
        ("APPENDED.append", "operator"),
        ("PREPENDED.prepend", "operator"),
        ("OVERRIDDEN.override", "operator"),
        ("DEFAULT.default", "operator"),
        ("DELIMITED.append", "operator"),
        ("DELIMITED.delim", ";"),
    ];
    of_operator(scene, &files);
    for variables in recorded_by(scene, &recorder(scene), &[])? {
        for name in ["APPENDED", "PREPENDED", "OVERRIDDEN", "DEFAULT", "DELIMITED"] {
            variables.has(name, "operator")?;
        }
        variables.lacks("APPENDED.append")?;
    }
    let layer = layer_with(&["APPENDED", "PREPENDED", "OVERRIDDEN", "DEFAULT", "DELIMITED"]);
    build(scene, &[("of/first", &layer), ("of/second", &record("second"))])?;
    let second = Variables::recorded(scene, "second")?;
    second.has("APPENDED", "layeroperator")?;
    second.has("PREPENDED", "operatorlayer")?;
    second.has("OVERRIDDEN", "operator")?;
    second.has("DEFAULT", "layer")?;
    second.has("DELIMITED", "layer;operator")
}

fn a_file_without_suffix_is_a_default(scene: &Scene<'_>) -> Verdict {
    of_operator(scene, &[("SET", "operator"), ("UNSET", "operator")]);
    build(scene, &[("of/first", &layer_with(&["SET"])), ("of/second", &record("second"))])?;
    let second = Variables::recorded(scene, "second")?;
    second.has("SET", "layer")?;
    second.has("UNSET", "operator")
}

/// Applied before, the operator's would be lost with each of these.
fn values_are_applied_after_those_of_buildpacks(scene: &Scene<'_>) -> Verdict {
    of_operator(scene, &[("OVERRIDDEN.override", "operator"), ("APPENDED.append", "operator")]);
    let layer = layer_with(&["OVERRIDDEN", "APPENDED"]);
    build(scene, &[("of/first", &layer), ("of/second", &layer), ("of/third", &record("third"))])?;
    let third = Variables::recorded(scene, "third")?;
    third.has("OVERRIDDEN", "operator")?;
    third.has("APPENDED", "layeroperator")
}
