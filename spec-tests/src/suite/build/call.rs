//! How `bin/detect` and `bin/build` are called. Spec: buildpack.md § Buildpack Interface.

use crate::scene::Scene;
use crate::suite::build::{Call, Variables, build, buildpack, detect_and_build, record};
use crate::test::{Test, test};
use crate::verdict::{Verdict, contains, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_buildpack_of_an_unsupported_api_is_not_detected),
        test!(a_buildpack_of_an_unsupported_api_does_not_build),
        test!(later_phases_refuse_a_buildpack_of_an_unsupported_api).with_images(),
        test!(detection_is_in_the_app_directory),
        test!(a_build_is_in_the_app_directory),
        test!(the_paths_of_detection_are_arguments),
        test!(the_paths_of_detection_are_variables),
        test!(the_paths_of_a_build_are_arguments),
        test!(the_paths_of_a_build_are_variables),
        test!(a_build_finds_its_paths),
        test!(each_build_plan_is_a_file_of_its_own),
        test!(each_buildpack_has_its_own_layers_directory),
        test!(bin_detect_is_called_by_its_absolute_path),
        test!(bin_build_is_called_by_its_absolute_path),
        test!(the_exit_status_of_bin_detect_is_pass_fail_or_error),
        test!(the_buildpack_finds_its_own_directory),
        test!(the_buildpack_finds_the_execution_environment),
    ]
}

/// No lifecycle supports it.
const UNSUPPORTED: &str = "99.0";

/// A buildpack whose executables record how they are called.
const RECORDER: &str = "of/recorder";

fn unsupported_group() -> String {
    format!("[[group]]\nid = '{RECORDER}'\nversion = '1.0.0'\napi = '{UNSUPPORTED}'\n")
}

/// Detects and builds with the recorder, in directories other than the defaults.
fn call(scene: &Scene<'_>) -> Verdict<[Call; 2]> {
    scene.write("/elsewhere/app/file", "");
    scene.write("/elsewhere/platform/env/VARIABLE", "value");
    let recorder = buildpack(scene, RECORDER, "").detect(&record("detect")).build(&record("build"));
    let elsewhere = ["-app", "/elsewhere/app", "-platform", "/elsewhere/platform"];
    detect_and_build(scene, &recorder, |phase| phase.args(&elsewhere))?;
    Ok([Call::read(scene, "detect")?, Call::read(scene, "build")?])
}

fn a_buildpack_of_an_unsupported_api_is_not_detected(scene: &Scene<'_>) -> Verdict {
    buildpack(scene, RECORDER, "").detect(&record("detect")).install(&scene.path("/cnb/buildpacks"));
    scene.order(&[&[RECORDER]]);
    let descriptor = format!("/cnb/buildpacks/{}/1.0.0/buildpack.toml", RECORDER.replace('/', "_"));
    let text = scene.read(&descriptor)?;
    let api = |version: &str| format!("api = '{version}'");
    scene.write(&descriptor, text.replacen(&api(scene.buildpack.as_str()), &api(UNSUPPORTED), 1));
    scene.phase("detector").run()?.fails()?;
    scene.lacks("/tmp/detect.call")
}

fn a_buildpack_of_an_unsupported_api_does_not_build(scene: &Scene<'_>) -> Verdict {
    super::group(scene, &[(RECORDER, &record("build"))]);
    scene.write("/layers/group.toml", unsupported_group());
    scene.phase("builder").run()?.fails()?;
    scene.lacks("/tmp/build.call")
}

fn later_phases_refuse_a_buildpack_of_an_unsupported_api(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let metadata = scene.read("/layers/config/metadata.toml")?;
    let launch = |metadata: &str| {
        scene.write("/layers/config/metadata.toml", metadata);
        scene.phase("launcher").args(&["--", "/bin/true"]).run()
    };
    launch(&metadata)?.succeeds()?;
    let unsupported =
        |text: &str| text.replace(&format!("api = '{}'", scene.buildpack), &format!("api = '{UNSUPPORTED}'"));
    launch(&unsupported(&metadata))?.fails()?;
    let group = scene.read("/layers/group.toml")?;
    scene.phase("restorer").run()?.succeeds()?;
    scene.write("/layers/group.toml", unsupported(&group));
    scene.phase("restorer").run()?.fails()?;
    scene.run_exporter()?.fails()?;
    ensure("there is no app image", scene.image("app").is_err(), "there is one")
}

fn detection_is_in_the_app_directory(scene: &Scene<'_>) -> Verdict {
    let [detect, _] = call(scene)?;
    equal("the working directory of bin/detect", detect.directory.as_str(), "/elsewhere/app")
}

fn a_build_is_in_the_app_directory(scene: &Scene<'_>) -> Verdict {
    let [_, build] = call(scene)?;
    equal("the working directory of bin/build", build.directory.as_str(), "/elsewhere/app")
}

fn the_paths_of_detection_are_arguments(scene: &Scene<'_>) -> Verdict {
    let build_plan = "touch \"$2\" && test -f \"$2\" || exit 9\ncase $2 in /*) ;; *) exit 9; esac\n";
    let recorder = buildpack(scene, RECORDER, "").detect(&format!("{build_plan}{}", record("detect")));
    detect_and_build(scene, &recorder, |phase| phase)?;
    let Call { arguments, .. } = Call::read(scene, "detect")?;
    equal("the number of arguments of bin/detect", &arguments.len(), &2)?;
    equal("the first", &arguments.first().map(String::as_str), &Some("/platform"))
}

fn the_paths_of_detection_are_variables(scene: &Scene<'_>) -> Verdict {
    let build_plan = "touch \"$CNB_BUILD_PLAN_PATH\" || exit 9\n";
    let recorder = buildpack(scene, RECORDER, "").detect(&format!("{build_plan}{}", record("detect")));
    detect_and_build(scene, &recorder, |phase| phase)?;
    let variables = Variables::recorded(scene, "detect")?;
    is_absolute("the path of the build plan", variables.get("CNB_BUILD_PLAN_PATH"))?;
    variables.has("CNB_PLATFORM_DIR", "/platform")
}

fn the_paths_of_a_build_are_arguments(scene: &Scene<'_>) -> Verdict {
    let plan = "test -f \"$3\" || exit 9\n";
    build(scene, &[(RECORDER, &format!("{plan}{}", record("build")))])?;
    let Call { arguments, .. } = Call::read(scene, "build")?;
    let expected = ["/layers/of_recorder", "/platform"];
    equal("the number of arguments of bin/build", &arguments.len(), &3)?;
    equal("the first two", &arguments.get(..2), &Some(expected.map(String::from).as_slice()))?;
    is_absolute("the path of the plan", arguments.last().map(String::as_str))
}

fn the_paths_of_a_build_are_variables(scene: &Scene<'_>) -> Verdict {
    let plan = "test -f \"$CNB_BP_PLAN_PATH\" || exit 9\n";
    build(scene, &[(RECORDER, &format!("{plan}{}", record("build")))])?;
    let variables = Variables::recorded(scene, "build")?;
    variables.has("CNB_LAYERS_DIR", "/layers/of_recorder")?;
    variables.has("CNB_PLATFORM_DIR", "/platform")?;
    is_absolute("the path of the plan", variables.get("CNB_BP_PLAN_PATH"))
}

/// In whatever way its version gets them.
fn a_build_finds_its_paths(scene: &Scene<'_>) -> Verdict {
    let paths =
        "layers=${CNB_LAYERS_DIR:-$1} platform=${CNB_PLATFORM_DIR:-$2} plan=${CNB_BP_PLAN_PATH:-$3}\n";
    let uses = "touch \"$layers/mine\" && cat \"$platform/env/BP_FILE\" \"$plan\" > /tmp/read";
    scene.write("/platform/env/BP_FILE", "of the user");
    build(scene, &[(RECORDER, &format!("{paths}{uses}"))])?;
    scene.has("/layers/of_recorder/mine")?;
    contains("what the buildpack reads", &scene.read("/tmp/read")?, "of the user")
}

fn is_absolute(what: &str, path: Option<&str>) -> Verdict {
    let path = path.unwrap_or_default();
    ensure(&format!("{what} is absolute"), path.starts_with('/'), path)
}

/// What one buildpack writes to its build plan is not there for the next.
fn each_build_plan_is_a_file_of_its_own(scene: &Scene<'_>) -> Verdict {
    let ids = ["of/first", "of/second"];
    for id in ids {
        let name = id.replace('/', "-");
        let detect = format!(
            "plan=${{CNB_BUILD_PLAN_PATH:-$2}}\ncat \"$plan\" > /tmp/{name}.before 2> /tmp/none\n\
             printf \"[[provides]]\\nname = '{name}'\\n[[requires]]\\nname = '{name}'\\n\" > \"$plan\""
        );
        scene.install(&scene.new_buildpack(id).detect(&detect));
    }
    scene.order(&[&ids]);
    scene.phase("detector").run()?.succeeds()?;
    for id in ids {
        let name = id.replace('/', "-");
        equal("what is in a build plan before", scene.read(&format!("/tmp/{name}.before"))?.as_str(), "")?;
        contains("plan.toml", &scene.read("/layers/plan.toml")?, &name)?;
    }
    Ok(())
}

fn each_buildpack_has_its_own_layers_directory(scene: &Scene<'_>) -> Verdict {
    build(scene, &[("of/first", "touch mine"), ("of/second", "test ! -e mine || exit 9\ntouch mine")])?;
    scene.has("/layers/of_first/mine")?;
    scene.has("/layers/of_second/mine")
}

fn bin_detect_is_called_by_its_absolute_path(scene: &Scene<'_>) -> Verdict {
    let [detect, _] = call(scene)?;
    equal("$0", detect.executable.as_str(), "/cnb/buildpacks/of_recorder/1.0.0/bin/detect")
}

fn bin_build_is_called_by_its_absolute_path(scene: &Scene<'_>) -> Verdict {
    let [_, build] = call(scene)?;
    equal("$0", build.executable.as_str(), "/cnb/buildpacks/of_recorder/1.0.0/bin/build")
}

/// A group that failed and one that had errors end the detector with different codes.
fn the_exit_status_of_bin_detect_is_pass_fail_or_error(scene: &Scene<'_>) -> Verdict {
    for (status, code) in [(0, 0), (100, 20), (1, 21), (99, 21), (101, 21)] {
        scene.install(&scene.new_buildpack("of/first").detect(&format!("exit {status}")));
        scene.order(&[&["of/first"]]);
        scene.phase("detector").run()?.exits(code)?;
    }
    Ok(())
}

fn the_buildpack_finds_its_own_directory(scene: &Scene<'_>) -> Verdict {
    for Call { variables, .. } in call(scene)? {
        variables.has("CNB_BUILDPACK_DIR", "/cnb/buildpacks/of_recorder/1.0.0")?;
    }
    Ok(())
}

fn the_buildpack_finds_the_execution_environment(scene: &Scene<'_>) -> Verdict {
    for Call { variables, .. } in call(scene)? {
        variables.has("CNB_EXEC_ENV", "production")?;
    }
    let recorder = buildpack(scene, RECORDER, "").detect(&record("detect")).build(&record("build"));
    detect_and_build(scene, &recorder, |phase| phase.env("CNB_EXEC_ENV", "test"))?;
    for name in ["detect", "build"] {
        Variables::recorded(scene, name)?.has("CNB_EXEC_ENV", "test")?;
    }
    Ok(())
}
