//! Path variables, which have the directories of layers. Spec: buildpack.md § Layer Paths.

use crate::scene::Scene;
use crate::suite::build::{Variables, build, each, file, layer, record, recording_process};
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(each_directory_is_in_its_variables),
        test!(a_build_has_the_build_layers_of_earlier_buildpacks),
        test!(a_process_has_the_launch_layers),
        test!(layers_of_later_buildpacks_go_first),
        test!(layers_of_one_buildpack_are_sorted),
        test!(colons_separate_them),
    ]
}

/// The variables of a last buildpack and of a process `web`, after buildpacks that ran these scripts.
fn variables(scene: &Scene<'_>, scripts: &[&str]) -> Verdict<[Variables; 2]> {
    let last = record("last") + &file("launch.toml", &recording_process(scene, "web", ""));
    let ids = ["of/first", "of/second"];
    let mut buildpacks: Vec<_> = ids.iter().copied().zip(scripts.iter().copied()).collect();
    buildpacks.push(("of/last", &last));
    build(scene, &buildpacks)?;
    Ok([Variables::recorded(scene, "last")?, Variables::launched(scene, "web")?])
}

/// Shell that makes a layer with these directories.
fn with_directories(name: &str, uses: &[&str], directories: &[&str]) -> String {
    let directories = each(directories, |directory| format!("mkdir {name}/{directory}\n"));
    layer(name, uses, "") + &directories
}

/// Those of the entries of a path variable that are of layers have to be these.
fn has_layers(variables: &Variables, name: &str, expected: &[&str]) -> Verdict {
    let paths = variables.paths(name)?;
    let layers: Vec<_> = paths.iter().copied().filter(|path| path.starts_with("/layers/")).collect();
    equal(&format!("the layers in {name} of {}", variables.of), layers.as_slice(), expected)?;
    match paths.get(..layers.len()) {
        Some(first) if first == layers => Ok(()),
        _ => Err(Failure::new(format!("{name} of {}", variables.of), "layers go first", paths.join(":"))),
    }
}

fn each_directory_is_in_its_variables(scene: &Scene<'_>) -> Verdict {
    let script =
        with_directories("a", &["build", "launch"], &["bin", "lib", "include", "pkgconfig", "other"]);
    let [build, launch] = variables(scene, &[&script])?;
    for (name, directory, is_for_launch) in [
        ("PATH", "bin", true),
        ("LD_LIBRARY_PATH", "lib", true),
        ("LIBRARY_PATH", "lib", false),
        ("CPATH", "include", false),
        ("PKG_CONFIG_PATH", "pkgconfig", false),
    ] {
        let path = format!("/layers/of_first/a/{directory}");
        has_layers(&build, name, &[&path])?;
        if is_for_launch {
            has_layers(&launch, name, &[&path])?;
        }
    }
    Ok(())
}

fn a_build_has_the_build_layers_of_earlier_buildpacks(scene: &Scene<'_>) -> Verdict {
    let layers: String = [("for-build", "build"), ("for-launch", "launch"), ("for-cache", "cache")]
        .map(|(name, uses)| with_directories(name, &[uses], &["bin", "lib"]))
        .concat();
    let [build, _] = variables(scene, &[&(record("first") + &layers), &record("second")])?;
    let first = Variables::recorded(scene, "first")?;
    has_layers(&first, "PATH", &[])?;
    first.lacks("LIBRARY_PATH")?;
    // That of the second is the same as that of the last, which is behind it.
    for variables in [Variables::recorded(scene, "second")?, build] {
        has_layers(&variables, "PATH", &["/layers/of_first/for-build/bin"])?;
        has_layers(&variables, "LIBRARY_PATH", &["/layers/of_first/for-build/lib"])?;
    }
    Ok(())
}

fn a_process_has_the_launch_layers(scene: &Scene<'_>) -> Verdict {
    let layer = with_directories("a", &["launch"], &["bin", "lib", "include", "pkgconfig"]);
    let [build, launch] = variables(scene, &[&layer, &layer])?;
    has_layers(&build, "PATH", &[])?;
    has_layers(&launch, "PATH", &["/layers/of_second/a/bin", "/layers/of_first/a/bin"])?;
    has_layers(&launch, "LD_LIBRARY_PATH", &["/layers/of_second/a/lib", "/layers/of_first/a/lib"])?;
    for for_build in ["LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH"] {
        launch.lacks(for_build)?;
    }
    Ok(())
}

fn layers_of_later_buildpacks_go_first(scene: &Scene<'_>) -> Verdict {
    let layer = |name: &str| with_directories(name, &["build", "launch"], &["bin"]);
    for variables in variables(scene, &[&layer("a"), &layer("b")])? {
        has_layers(&variables, "PATH", &["/layers/of_second/b/bin", "/layers/of_first/a/bin"])?;
    }
    Ok(())
}

fn layers_of_one_buildpack_are_sorted(scene: &Scene<'_>) -> Verdict {
    let layers = ["b", "a", "c"].map(|name| with_directories(name, &["build", "launch"], &["bin"])).concat();
    let expected = ["a", "b", "c"].map(|name| format!("/layers/of_first/{name}/bin"));
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    for variables in variables(scene, &[&layers])? {
        has_layers(&variables, "PATH", &expected)?;
    }
    Ok(())
}

fn colons_separate_them(scene: &Scene<'_>) -> Verdict {
    let layer = with_directories("a", &["build", "launch"], &["lib"]);
    for variables in variables(scene, &[&layer, &layer])? {
        variables.has("LD_LIBRARY_PATH", "/layers/of_second/a/lib:/layers/of_first/a/lib")?;
    }
    Ok(())
}
