//! Variables of base image, platform and user, as buildpacks find them. Spec: buildpack.md § Provided by the Platform,
//! platform.md § Buildpack Environment.

use test_kit::ScriptedBuildpack;

use crate::scene::Scene;
use crate::suite::build::{Variables, build, buildpack, detect_and_build, layer, record};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(home_is_passed),
        test!(the_stack_is_passed),
        test!(the_platform_s_variables_are_not_overridden),
        test!(target_variables_describe_the_run_image),
        test!(unknown_parts_of_the_target_have_no_variables),
        test!(each_file_of_the_user_is_a_variable),
        test!(files_of_the_user_are_there),
        test!(a_path_of_the_user_goes_first),
        test!(another_variable_of_the_user_is_not_modified),
        test!(clear_env_keeps_variables_of_the_user_away),
        test!(clear_env_leaves_the_files_of_the_user),
        test!(reserved_names_are_those_of_the_text),
    ]
}

/// A buildpack that records in both phases.
pub(super) fn recorder(scene: &Scene<'_>) -> ScriptedBuildpack {
    buildpack(scene, "of/recorder", "").detect(&record("detect")).build(&record("build"))
}

/// The variables of detection and build by a recorder, called with these variables.
fn recorded(scene: &Scene<'_>, with: &[(&str, &str)]) -> Verdict<[Variables; 2]> {
    recorded_by(scene, &recorder(scene), with)
}

/// The same by a recorder of one's own.
pub(super) fn recorded_by(
    scene: &Scene<'_>,
    recorder: &ScriptedBuildpack,
    with: &[(&str, &str)],
) -> Verdict<[Variables; 2]> {
    detect_and_build(scene, recorder, |phase| {
        with.iter().fold(phase, |phase, (name, value)| phase.env(name, value))
    })?;
    Ok([Variables::recorded(scene, "detect")?, Variables::recorded(scene, "build")?])
}

fn home_is_passed(scene: &Scene<'_>) -> Verdict {
    let variables = recorded(scene, &[("HOME", "/some/home")])?;
    variables.iter().try_for_each(|variables| variables.has("HOME", "/some/home"))
}

fn the_stack_is_passed(scene: &Scene<'_>) -> Verdict {
    let variables = recorded(scene, &[("CNB_STACK_ID", "stack.of.tests")])?;
    variables.iter().try_for_each(|variables| variables.has("CNB_STACK_ID", "stack.of.tests"))
}

fn the_platform_s_variables_are_not_overridden(scene: &Scene<'_>) -> Verdict {
    scene.write("/platform/env/BP_OPTION", "of the user");
    for variables in recorded(scene, &[("HOME", "/some/home")])? {
        variables.has("BP_OPTION", "of the user")?;
        variables.has("HOME", "/some/home")?;
    }
    let script =
        layer("a", &["build"], "") + "mkdir a/env\nprintf 'of a buildpack' > a/env/BP_OPTION.override\n";
    build(scene, &[("of/first", &script), ("of/second", &record("second"))])?;
    Variables::recorded(scene, "second")?.has("BP_OPTION", "of the user")
}

/// Writes the analyzed file, with these keys of the target.
fn analyzed(scene: &Scene<'_>, target: &str) {
    let run_image = "[run-image]\nreference = 'registry.example/run'\nimage = 'registry.example/run'\n";
    scene.write("/layers/analyzed.toml", format!("{run_image}[run-image.target]\n{target}"));
}

fn target_variables_describe_the_run_image(scene: &Scene<'_>) -> Verdict {
    analyzed(
        scene,
        "os = 'linux'\narch = 'arm64'\narch-variant = 'v8'\n[run-image.target.distro]\nname = 'of-tests'\nversion = '7'\n",
    );
    for variables in recorded(scene, &[])? {
        variables.has("CNB_TARGET_OS", "linux")?;
        variables.has("CNB_TARGET_ARCH", "arm64")?;
        variables.has("CNB_TARGET_ARCH_VARIANT", "v8")?;
        variables.has("CNB_TARGET_DISTRO_NAME", "of-tests")?;
        variables.has("CNB_TARGET_DISTRO_VERSION", "7")?;
    }
    Ok(())
}

fn unknown_parts_of_the_target_have_no_variables(scene: &Scene<'_>) -> Verdict {
    analyzed(scene, "os = 'linux'\narch = 'arm64'\n");
    for variables in recorded(scene, &[])? {
        variables.has("CNB_TARGET_ARCH", "arm64")?;
        variables.lacks("CNB_TARGET_ARCH_VARIANT")?;
    }
    Ok(())
}

fn each_file_of_the_user_is_a_variable(scene: &Scene<'_>) -> Verdict {
    let files = [("BP_ONE", "first\nsecond\n"), ("BP_TWO", " $HOME `id` "), ("BP_EMPTY", "")];
    for (name, value) in files {
        scene.write(&format!("/platform/env/{name}"), value);
    }
    for variables in recorded(scene, &[])? {
        files.iter().try_for_each(|(name, value)| variables.has(name, value))?;
    }
    Ok(())
}

/// Shell that keeps a file of the user, as a phase finds it.
fn keep(name: &str, directory: &str) -> String {
    format!("cat \"${{CNB_PLATFORM_DIR:-{directory}}}/env/BP_FILE\" > /tmp/{name}.file\n")
}

/// A buildpack that keeps a file of the user in both phases finds its contents.
fn finds_file(scene: &Scene<'_>, buildpack: ScriptedBuildpack) -> Verdict {
    scene.write("/platform/env/BP_FILE", "of the user\n");
    let buildpack = buildpack.detect(&(keep("detect", "$1") + &record("detect")));
    let buildpack = buildpack.build(&(keep("build", "$2") + &record("build")));
    detect_and_build(scene, &buildpack, |phase| phase)?;
    for phase in ["detect", "build"] {
        equal("the file of the user", scene.read(&format!("/tmp/{phase}.file"))?.as_str(), "of the user\n")?;
    }
    Ok(())
}

fn files_of_the_user_are_there(scene: &Scene<'_>) -> Verdict {
    finds_file(scene, recorder(scene))
}

fn clear_env_leaves_the_files_of_the_user(scene: &Scene<'_>) -> Verdict {
    finds_file(scene, recorder(scene).key("clear-env = true"))?;
    Variables::recorded(scene, "build")?.lacks("BP_FILE")
}

/// A build layer with a directory of programs and files of variables.
fn build_layer() -> String {
    let files = "mkdir a/bin a/env\nprintf layer > a/env/CHANGED\nprintf layer > a/env/OWN\nprintf '%s' -layer > a/env/LONGER.append\n";
    layer("a", &["build"], "") + files
}

fn a_path_of_the_user_goes_first(scene: &Scene<'_>) -> Verdict {
    scene.write("/platform/env/PATH", "/of/the/user");
    scene.write("/platform/env/CPATH", "/of/the/user");
    for variables in recorded(scene, &[("PATH", "/usr/bin:/bin")])? {
        variables.has("PATH", "/of/the/user:/usr/bin:/bin")?;
        variables.has("CPATH", "/of/the/user")?;
    }
    let script = build_layer() + "mkdir a/include\n";
    build(scene, &[("of/first", &script), ("of/second", &record("second"))])?;
    let second = Variables::recorded(scene, "second")?;
    second.has("CPATH", "/of/the/user:/layers/of_first/a/include")?;
    equal(
        "the start of PATH",
        &second.paths("PATH")?.get(..2),
        &Some(["/of/the/user", "/layers/of_first/a/bin"].as_slice()),
    )
}

fn another_variable_of_the_user_is_not_modified(scene: &Scene<'_>) -> Verdict {
    scene.write("/platform/env/CHANGED", "user");
    scene.write("/platform/env/LONGER", "user");
    build(scene, &[("of/first", &build_layer()), ("of/second", &record("second"))])?;
    let second = Variables::recorded(scene, "second")?;
    second.has("CHANGED", "user")?;
    second.has("LONGER", "user")?;
    second.has("OWN", "layer")
}

fn clear_env_keeps_variables_of_the_user_away(scene: &Scene<'_>) -> Verdict {
    scene.write("/platform/env/BP_OPTION", "of the user");
    scene.write("/platform/env/PATH", "/of/the/user");
    for (clear_env, value) in [("true", None), ("false", Some("of the user"))] {
        let recorder = recorder(scene).key(&format!("clear-env = {clear_env}"));
        for variables in recorded_by(scene, &recorder, &[])? {
            variables.check("BP_OPTION", value)?;
            let is_first = variables.paths("PATH")?.first() == Some(&"/of/the/user");
            equal("whether the user's PATH goes first", &is_first, &value.is_some())?;
        }
    }
    Ok(())
}

/// Variables for buildpacks that the texts define. Those of newer versions are not forbidden in older ones by name.
const DEFINED: [&str; 13] = [
    "CNB_BP_PLAN_PATH",
    "CNB_BUILDPACK_DIR",
    "CNB_BUILD_PLAN_PATH",
    "CNB_EXEC_ENV",
    "CNB_LAYERS_DIR",
    "CNB_OUTPUT_DIR",
    "CNB_PLATFORM_DIR",
    "CNB_STACK_ID",
    "CNB_TARGET_ARCH",
    "CNB_TARGET_ARCH_VARIANT",
    "CNB_TARGET_DISTRO_NAME",
    "CNB_TARGET_DISTRO_VERSION",
    "CNB_TARGET_OS",
];

fn reserved_names_are_those_of_the_text(scene: &Scene<'_>) -> Verdict {
    for variables in recorded(scene, &[("CNB_OF_TESTS", "1"), ("CNB_LOG_LEVEL", "info")])? {
        variables
            .get("CNB_BUILDPACK_DIR")
            .map_or_else(|| variables.has("CNB_BUILDPACK_DIR", "a path"), |_| Ok(()))?;
        let mut reserved = variables.all.keys().filter(|name| name.starts_with("CNB_"));
        let undefined = reserved.find(|name| !DEFINED.contains(&name.as_str()));
        ensure(
            "each variable CNB_… is one that the texts define",
            undefined.is_none(),
            undefined.map_or("", String::as_str),
        )?;
    }
    Ok(())
}
