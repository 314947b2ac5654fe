//! What files of variables do, for a build and for a process alike. Spec: buildpack.md § Environment Variable
//! Modification Rules.

use crate::scene::Scene;
use crate::suite::build::{Variables, build, file, record, recording_process};
use crate::test::{Test, test};
use crate::verdict::Verdict;

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_name_ends_at_the_first_period),
        test!(contents_are_taken_as_they_are),
        test!(the_suffix_says_what_a_file_does),
        test!(append_puts_contents_behind),
        test!(append_takes_earlier_buildpacks_first),
        test!(append_takes_layers_in_order),
        test!(append_takes_directories_in_order),
        test!(default_counts_for_an_empty_variable),
        test!(default_of_an_earlier_buildpack_counts),
        test!(default_of_the_first_layer_counts),
        test!(default_of_the_first_directory_counts),
        test!(a_delimiter_stands_between),
        test!(a_layer_has_a_delimiter_of_its_own),
        test!(a_layer_is_done_before_the_next),
        test!(override_replaces_the_value),
        test!(override_of_a_later_buildpack_counts),
        test!(override_of_the_last_layer_counts),
        test!(override_of_the_last_directory_counts),
        test!(prepend_puts_contents_before),
        test!(prepend_takes_later_buildpacks_first),
        test!(prepend_takes_layers_downwards),
        test!(prepend_takes_directories_downwards),
    ]
}

/// Shell that takes layers for build and launch out of the app.
fn copy(name: &str) -> String {
    let mark = "if [ -d \"$layer\" ]; then printf '[types]\\nbuild = true\\nlaunch = true\\n' > \"${layer%/}.toml\"; fi";
    format!("cp -R \"$app/{name}/.\" .\nfor layer in */; do {mark}; done\n")
}

/// What variables are for a build and for a process `web`, by files of `<buildpack>/<layer>/…`.
fn variables(scene: &Scene<'_>, files: &[(&str, &str)]) -> Verdict<[Variables; 2]> {
    for name in ["first", "second"] {
        scene.make_directory(&format!("/workspace/{name}"));
    }
    for (path, contents) in files {
        scene.write(&format!("/workspace/{path}"), contents);
    }
    let last = record("last") + &file("launch.toml", &recording_process(scene, "web", ""));
    build(scene, &[("of/first", &copy("first")), ("of/second", &copy("second")), ("of/last", &last)])?;
    Ok([Variables::recorded(scene, "last")?, Variables::launched(scene, "web")?])
}

/// The files have to give a variable the same value for a build and for a process.
fn is(scene: &Scene<'_>, files: &[(&str, &str)], name: &str, value: &str) -> Verdict {
    variables(scene, files)?.iter().try_for_each(|variables| variables.has(name, value))
}

fn a_name_ends_at_the_first_period(scene: &Scene<'_>) -> Verdict {
    let files = [("first/a/env/PLAIN", "1"), ("first/a/env/DOTTED.override", "2")];
    for variables in variables(scene, &files)? {
        variables.has("PLAIN", "1")?;
        variables.has("DOTTED", "2")?;
        variables.lacks("DOTTED.override")?;
    }
    Ok(())
}

fn contents_are_taken_as_they_are(scene: &Scene<'_>) -> Verdict {
    let contents = " $HOME ${HOME} `id` $(id) ~ * \"two\"  'one' \\n \\\\ a=b\n\nlast line\n";
    is(scene, &[("first/a/env/RAW", contents)], "RAW", contents)
}

fn the_suffix_says_what_a_file_does(scene: &Scene<'_>) -> Verdict {
    let suffixes = [
        ("", "new"),
        (".append", "oldnew"),
        (".default", "old"),
        (".delim", "old"),
        (".override", "new"),
        (".prepend", "newold"),
    ];
    let name = |suffix: &str| format!("OF{}", suffix.replace('.', "_"));
    let old = suffixes.map(|(suffix, _)| (format!("first/a/env/{}", name(suffix)), "old"));
    let new = suffixes.map(|(suffix, _)| (format!("first/b/env/{}{suffix}", name(suffix)), "new"));
    let files: Vec<_> = old.iter().chain(&new).map(|(path, contents)| (path.as_str(), *contents)).collect();
    for variables in variables(scene, &files)? {
        for (suffix, expected) in suffixes {
            variables.has(&name(suffix), expected)?;
        }
    }
    Ok(())
}

fn append_puts_contents_behind(scene: &Scene<'_>) -> Verdict {
    is(scene, &[("first/a/env/IT", "old"), ("first/b/env/IT.append", "new")], "IT", "oldnew")
}

fn append_takes_earlier_buildpacks_first(scene: &Scene<'_>) -> Verdict {
    let files = [("first/z/env/IT.append", "first"), ("second/a/env/IT.append", "second")];
    is(scene, &files, "IT", "firstsecond")
}

fn append_takes_layers_in_order(scene: &Scene<'_>) -> Verdict {
    let files =
        [("first/b/env/IT.append", "b"), ("first/a/env/IT.append", "a"), ("first/c/env/IT.append", "c")];
    is(scene, &files, "IT", "abc")
}

/// Files of one layer, in each of the directories that it has for variables.
fn in_directories<'f>(suffix: &'f str, contents: [&'f str; 4]) -> impl Iterator<Item = (String, &'f str)> {
    let directories = ["env", "env.build", "env.launch", "env.launch/web"];
    let paths = directories.map(|directory| format!("first/a/{directory}/IT{suffix}"));
    paths.into_iter().zip(contents).filter(|(_, contents)| !contents.is_empty())
}

/// Such files have to give these values for a build and for a process.
fn directories(scene: &Scene<'_>, suffix: &str, contents: [&str; 4], [build, launch]: [&str; 2]) -> Verdict {
    if scene.exists("/workspace/first") {
        scene.remove("/workspace/first");
        scene.remove("/layers/of_first");
    }
    let files: Vec<_> = in_directories(suffix, contents).collect();
    let files: Vec<_> = files.iter().map(|(path, contents)| (path.as_str(), *contents)).collect();
    let [for_build, for_launch] = variables(scene, &files)?;
    for_build.has("IT", build)?;
    for_launch.has("IT", launch)
}

fn append_takes_directories_in_order(scene: &Scene<'_>) -> Verdict {
    directories(scene, ".append", ["env", "-build", "-launch", "-web"], ["env-build", "env-launch-web"])
}

fn default_counts_for_an_empty_variable(scene: &Scene<'_>) -> Verdict {
    let files = [
        ("first/a/env/FULL", "old"),
        ("first/a/env/EMPTY", ""),
        ("first/b/env/FULL.default", "new"),
        ("first/b/env/EMPTY.default", "new"),
        ("first/b/env/UNSET.default", "new"),
    ];
    for variables in variables(scene, &files)? {
        variables.has("FULL", "old")?;
        variables.has("EMPTY", "new")?;
        variables.has("UNSET", "new")?;
    }
    Ok(())
}

fn default_of_an_earlier_buildpack_counts(scene: &Scene<'_>) -> Verdict {
    let files = [("first/z/env/IT.default", "first"), ("second/a/env/IT.default", "second")];
    is(scene, &files, "IT", "first")
}

fn default_of_the_first_layer_counts(scene: &Scene<'_>) -> Verdict {
    is(scene, &[("first/b/env/IT.default", "b"), ("first/a/env/IT.default", "a")], "IT", "a")
}

fn default_of_the_first_directory_counts(scene: &Scene<'_>) -> Verdict {
    directories(scene, ".default", ["env", "build", "launch", "web"], ["env", "env"])?;
    directories(scene, ".default", ["", "build", "launch", "web"], ["build", "launch"])
}

fn a_delimiter_stands_between(scene: &Scene<'_>) -> Verdict {
    let files = [
        ("first/a/env/BEHIND", "old"),
        ("first/a/env/BEFORE", "old"),
        ("first/b/env/BEHIND.append", "new"),
        ("first/b/env/BEHIND.delim", " & "),
        ("first/b/env/BEFORE.prepend", "new"),
        ("first/b/env/BEFORE.delim", ";"),
        ("first/b/env/ALONE.append", "new"),
        ("first/b/env/ALONE.delim", ";"),
    ];
    for variables in variables(scene, &files)? {
        variables.has("BEHIND", "old & new")?;
        variables.has("BEFORE", "new;old")?;
        variables.has("ALONE", "new")?;
    }
    Ok(())
}

fn a_layer_has_a_delimiter_of_its_own(scene: &Scene<'_>) -> Verdict {
    let files = [
        ("first/a/env/IT", "a"),
        ("first/b/env/IT.append", "b"),
        ("first/b/env/IT.delim", ","),
        ("first/c/env/IT.append", "c"),
        ("first/d/env/IT.append", "d"),
        ("first/d/env/IT.delim", ";"),
    ];
    is(scene, &files, "IT", "a,bc;d")
}

/// By what files do, `override` would not be behind `prepend`.
fn a_layer_is_done_before_the_next(scene: &Scene<'_>) -> Verdict {
    let files = [
        ("first/a/env/IT.append", "a"),
        ("first/b/env/IT.prepend", "b"),
        ("first/c/env/IT.override", "c"),
        ("first/d/env/IT.append", "d"),
        ("first/e/env/IT.prepend", "e"),
    ];
    is(scene, &files, "IT", "ecd")
}

fn override_replaces_the_value(scene: &Scene<'_>) -> Verdict {
    is(scene, &[("first/a/env/IT", "old"), ("first/b/env/IT.override", "new")], "IT", "new")
}

fn override_of_a_later_buildpack_counts(scene: &Scene<'_>) -> Verdict {
    let files = [("first/z/env/IT.override", "first"), ("second/a/env/IT.override", "second")];
    is(scene, &files, "IT", "second")
}

fn override_of_the_last_layer_counts(scene: &Scene<'_>) -> Verdict {
    is(scene, &[("first/b/env/IT.override", "b"), ("first/a/env/IT.override", "a")], "IT", "b")
}

fn override_of_the_last_directory_counts(scene: &Scene<'_>) -> Verdict {
    directories(scene, ".override", ["env", "build", "launch", "web"], ["build", "web"])?;
    directories(scene, ".override", ["env", "build", "launch", ""], ["build", "launch"])
}

fn prepend_puts_contents_before(scene: &Scene<'_>) -> Verdict {
    is(scene, &[("first/a/env/IT", "old"), ("first/b/env/IT.prepend", "new")], "IT", "newold")
}

fn prepend_takes_later_buildpacks_first(scene: &Scene<'_>) -> Verdict {
    let files = [("first/z/env/IT.prepend", "first"), ("second/a/env/IT.prepend", "second")];
    is(scene, &files, "IT", "secondfirst")
}

fn prepend_takes_layers_downwards(scene: &Scene<'_>) -> Verdict {
    let files =
        [("first/b/env/IT.prepend", "b"), ("first/a/env/IT.prepend", "a"), ("first/c/env/IT.prepend", "c")];
    is(scene, &files, "IT", "cba")
}

fn prepend_takes_directories_downwards(scene: &Scene<'_>) -> Verdict {
    directories(scene, ".prepend", ["env", "build-", "launch-", "web-"], ["build-env", "web-launch-env"])
}
