//! Variables, programs of `exec.d` and scripts of `profile.d` before a process.

use super::{entry, shell_entry, start, written};
use crate::scene::Scene;
use crate::test::{Test, test};
use crate::verdict::Verdict;

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(variables_of_launch_layers_are_set),
        test!(programs_of_exec_d_set_variables),
        test!(programs_of_exec_d_run_in_the_app_directory),
        test!(programs_for_a_process_run_after_the_others_for_it_alone),
        test!(programs_for_a_process_run_after_those_of_all_layers),
        test!(programs_of_exec_d_have_an_order),
        test!(what_exec_d_says_is_toml_of_texts),
        test!(scripts_of_profile_d_are_read_by_one_shell),
        test!(scripts_of_profile_d_have_an_order),
        test!(scripts_for_a_process_are_read_after_the_others_for_it_alone),
        test!(scripts_for_a_process_are_read_after_those_of_all_layers),
        test!(the_app_s_profile_is_read_last),
    ]
}

const LAYER: &str = "/layers/of_tests/layer";

/// Makes a program of `exec.d` that sets a variable.
fn exec_d(scene: &Scene<'_>, path: &str, name: &str, value: &str) {
    scene.write_executable(path, &format!("echo \"{name} = \\\"{value}\\\"\" >&3"));
}

/// A process that tells a variable.
fn tells(scene: &Scene<'_>, variable: &str) -> String {
    entry(scene, "web", &["/bin/sh", "-c", &format!("echo ${variable}")], "")
}

fn variables_of_launch_layers_are_set(scene: &Scene<'_>) -> Verdict {
    for (directory, name) in [
        ("env", "ALWAYS"),
        ("env.launch", "LAUNCH"),
        ("env.launch/web", "WEB"),
        ("env.launch/other", "OTHER"),
        ("env.build", "BUILD"),
    ] {
        scene.write(&format!("{LAYER}/{directory}/{name}.override"), name.to_lowercase());
    }
    written(scene, &entry(scene, "web", &["/bin/sh", "-c", "echo $ALWAYS-$LAUNCH-$WEB-$OTHER-$BUILD-"], ""));
    start(scene, "web", &[]).prints("always-launch-web---")
}

/// Those after it see what one sets, and so does the process.
fn programs_of_exec_d_set_variables(scene: &Scene<'_>) -> Verdict {
    exec_d(scene, &format!("{LAYER}/exec.d/1-first"), "FIRST", "a  value");
    exec_d(scene, &format!("{LAYER}/exec.d/2-second"), "SEEN", "second saw $FIRST");
    written(scene, &entry(scene, "web", &["/bin/sh", "-c", "echo \"$SEEN; $FIRST\""], ""));
    start(scene, "web", &[]).prints("second saw a  value; a  value")
}

fn programs_of_exec_d_run_in_the_app_directory(scene: &Scene<'_>) -> Verdict {
    exec_d(scene, &format!("{LAYER}/exec.d/where"), "WHERE", "$PWD");
    written(scene, &tells(scene, "WHERE"));
    start(scene, "web", &[]).in_directory("/tmp").prints("/workspace")
}

fn programs_for_a_process_run_after_the_others_for_it_alone(scene: &Scene<'_>) -> Verdict {
    exec_d(scene, &format!("{LAYER}/exec.d/z-all"), "RAN", "$RAN all");
    exec_d(scene, &format!("{LAYER}/exec.d/web/a-one"), "RAN", "$RAN web");
    let worker = entry(scene, "worker", &["/bin/sh", "-c", "echo $RAN"], "");
    written(scene, &(tells(scene, "RAN") + &worker));
    start(scene, "web", &[]).prints("all web")?;
    start(scene, "worker", &[]).prints("all")
}

/// Files of two layers, those for a process last.
const OF_LAYERS: [&str; 4] = ["a/DIR/all", "b/DIR/all", "a/DIR/web/all", "b/DIR/web/all"];

fn programs_for_a_process_run_after_those_of_all_layers(scene: &Scene<'_>) -> Verdict {
    for file in OF_LAYERS {
        exec_d(
            scene,
            &format!("/layers/of_tests/{}", file.replace("DIR", "exec.d")),
            "RAN",
            &format!("$RAN {file}"),
        );
    }
    written(scene, &tells(scene, "RAN"));
    start(scene, "web", &[]).prints(&OF_LAYERS.join(" "))
}

/// Buildpacks that are in another order than that of their ids, with layers and files.
const PLACES: [(&str, &str, &str); 5] = [
    ("z/first", "b", "2"),
    ("a/second", "b", "2"),
    ("z/first", "a", "3"),
    ("a/second", "b", "1"),
    ("a/second", "a", "3"),
];

const ORDER: &str = "z/first-a-3 z/first-b-2 a/second-a-3 a/second-b-1 a/second-b-2";

/// Writes metadata of two buildpacks and a process.
fn two_buildpacks(scene: &Scene<'_>, api: &str, process: &str) {
    let buildpacks: String = ["z/first", "a/second"]
        .map(|id| format!("[[buildpacks]]\nid = '{id}'\nversion = '1.0.0'\napi = '{api}'\n"))
        .concat();
    let process = process.replace("of/tests", "a/second");
    scene.write("/layers/config/metadata.toml", format!("{buildpacks}{process}"));
}

fn programs_of_exec_d_have_an_order(scene: &Scene<'_>) -> Verdict {
    for (id, layer, file) in PLACES {
        let path = format!("/layers/{}/{layer}/exec.d/{file}", id.replace('/', "_"));
        exec_d(scene, &path, "RAN", &format!("$RAN {id}-{layer}-{file}"));
    }
    two_buildpacks(scene, scene.buildpack.as_str(), &tells(scene, "RAN"));
    scene.link("/cnb/process/web", "/cnb/lifecycle/launcher");
    start(scene, "web", &[]).prints(ORDER)
}

fn what_exec_d_says_is_toml_of_texts(scene: &Scene<'_>) -> Verdict {
    let says = |toml: &str| {
        let script = format!(
            "cat >&3 <<'END'
{toml}
END"
        );
        scene.write_executable(&format!("{LAYER}/exec.d/says"), &script);
    };
    written(scene, &entry(scene, "web", &["/bin/sh", "-c", "echo \"$ONE|$TWO\""], ""));
    says("ONE = \"\"\"a\nb\"\"\"\nTWO = 'c = \"d\"'");
    start(scene, "web", &[]).prints("a\nb|c = \"d\"")?;
    for wrong in ["ONE = 1", "ONE", "[ONE]\nTWO = 'two'"] {
        says(wrong);
        start(scene, "web", &[]).0.run()?.exits_within(80..=89)?;
    }
    Ok(())
}

/// A variable that is not exported would be lost in another shell.
fn scripts_of_profile_d_are_read_by_one_shell(scene: &Scene<'_>) -> Verdict {
    scene.write(&format!("{LAYER}/profile.d/1-first"), "of_the_shell='not exported'\n");
    scene.write(
        &format!("{LAYER}/profile.d/2-second"),
        "export COUNT=$((COUNT + 1)) SEEN=$of_the_shell WHERE=$PWD\n",
    );
    shell_entry(scene, "web", "echo $SEEN, $COUNT, $WHERE", "");
    start(scene, "web", &[]).in_directory("/tmp").prints("not exported, 1, /workspace")
}

fn scripts_of_profile_d_have_an_order(scene: &Scene<'_>) -> Verdict {
    for (id, layer, file) in PLACES {
        let path = format!("/layers/{}/{layer}/profile.d/{file}", id.replace('/', "_"));
        scene.write(&path, format!("export READ=\"$READ {id}-{layer}-{file}\"\n"));
    }
    shell_entry(scene, "web", "echo $READ", "");
    let process = scene.read("/layers/config/metadata.toml")?;
    let process = process.split_once("[[processes]]").map_or("", |(_, process)| process);
    two_buildpacks(scene, super::api_with_shell(scene), &format!("[[processes]]{process}"));
    start(scene, "web", &[]).prints(ORDER)
}

fn scripts_for_a_process_are_read_after_the_others_for_it_alone(scene: &Scene<'_>) -> Verdict {
    scene.write(&format!("{LAYER}/profile.d/z-all"), "export READ=\"$READ all\"\n");
    scene.write(&format!("{LAYER}/profile.d/web/a-one"), "export READ=\"$READ web\"\n");
    for (process, expected) in [("web", "all web"), ("worker", "all")] {
        shell_entry(scene, process, "echo $READ", "");
        start(scene, process, &[]).prints(expected)?;
    }
    Ok(())
}

fn scripts_for_a_process_are_read_after_those_of_all_layers(scene: &Scene<'_>) -> Verdict {
    for file in OF_LAYERS {
        let path = format!("/layers/of_tests/{}", file.replace("DIR", "profile.d"));
        scene.write(&path, format!("export READ=\"$READ {file}\"\n"));
    }
    shell_entry(scene, "web", "echo $READ", "");
    start(scene, "web", &[]).prints(&OF_LAYERS.join(" "))
}

fn the_app_s_profile_is_read_last(scene: &Scene<'_>) -> Verdict {
    scene.write(&format!("{LAYER}/profile.d/web/all"), "export READ=\"$READ layer\"\n");
    scene.write("/workspace/.profile", "export READ=\"$READ app\"\n");
    shell_entry(scene, "web", "echo $READ", "");
    start(scene, "web", &[]).prints("layer app")
}
