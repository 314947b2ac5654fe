//! How the app becomes layers. Spec: buildpack.md § Slice Layers, § launch.toml, § Export.

use crate::scene::{Image, Layer, Scene, at};
use crate::suite::export::{built_by, file};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(each_slice_becomes_a_layer).with_images(),
        test!(slices_of_earlier_buildpacks_come_first).with_images(),
        test!(what_a_slice_took_is_gone_for_later_ones).with_images(),
        test!(a_slice_that_matches_nothing_is_accepted).with_images(),
        test!(what_no_slice_took_is_in_the_image).with_images(),
        test!(patterns_are_those_of_go).with_images(),
    ]
}

/// Exports an app of files, with slices of patterns; returns for each layer of the app its files.
fn sliced(scene: &Scene<'_>, files: &[&str], slices: &[&[&str]]) -> Verdict<Vec<Vec<String>>> {
    scene.built();
    scene.remove("/workspace/page");
    for file in files {
        scene.write(&format!("/workspace/{file}"), file);
    }
    let slices: String = slices.iter().map(|paths| slice(paths)).collect();
    scene.metadata(&(scene.process("web", &["/bin/true"]) + &slices));
    app_layers(&scene.export()?)
}

fn slice(paths: &[&str]) -> String {
    format!("[[slices]]\npaths = {paths:?}\n")
}

/// For each layer of the app, the files in it, sorted.
fn app_layers(image: &Image) -> Verdict<Vec<Vec<String>>> {
    let label = image.lifecycle_metadata()?;
    let count = at(&label, "/app").as_array().map_or(0, Vec::len);
    let layer = |number| Ok(files(&image.layer_named_by(&label, &format!("/app/{number}/sha"))?));
    (0..count).map(layer).collect()
}

fn files(layer: &Layer) -> Vec<String> {
    let files = layer.entries.iter().filter(|entry| entry.kind == '0');
    let mut files: Vec<_> =
        files.map(|entry| entry.path.trim_start_matches("/workspace/").to_owned()).collect();
    files.sort();
    files
}

/// A layer of the app has to have these files and no others.
fn has(layers: &[Vec<String>], number: usize, expected: &[&str]) -> Verdict {
    let seen = layers.get(number).map(Vec::as_slice).unwrap_or_default();
    equal(&format!("the files of layer {number} of the app"), seen, expected)
}

fn each_slice_becomes_a_layer(scene: &Scene<'_>) -> Verdict {
    let files = ["one", "two", "dir/inner", "dir/deep/inner", "rest"];
    let layers = sliced(scene, &files, &[&["one"], &["dir", "two"]])?;
    has(&layers, 0, &["one"])?;
    has(&layers, 1, &["dir/deep/inner", "dir/inner", "two"])
}

/// Which of them takes a file that both match tells their order.
fn slices_of_earlier_buildpacks_come_first(scene: &Scene<'_>) -> Verdict {
    let scripts = [["both"].as_slice(), &["both", "second"]].map(|paths| file("launch.toml", &slice(paths)));
    let [first, second] = &scripts;
    for file in ["both", "second"] {
        scene.write(&format!("/workspace/{file}"), file);
    }
    // By id they are the other way round.
    built_by(scene, &[("of/z", first), ("of/a", second)])?;
    let layers = app_layers(&scene.export()?)?;
    has(&layers, 0, &["both"])?;
    has(&layers, 1, &["second"])?;
    ensure(
        "the rest is in another layer",
        layers.iter().skip(2).flatten().any(|file| file == "page"),
        "it is not",
    )
}

fn what_a_slice_took_is_gone_for_later_ones(scene: &Scene<'_>) -> Verdict {
    let layers = sliced(scene, &["a1", "a2", "b1"], &[&["a1"], &["a*", "a1"], &["*"]])?;
    has(&layers, 0, &["a1"])?;
    has(&layers, 1, &["a2"])?;
    has(&layers, 2, &["b1"])
}

fn a_slice_that_matches_nothing_is_accepted(scene: &Scene<'_>) -> Verdict {
    let layers = sliced(scene, &["one", "two"], &[&["nothing", "no/*"], &["one"], &[]])?;
    let with_files: Vec<_> = layers.into_iter().filter(|layer| !layer.is_empty()).collect();
    equal("the layers that have files", &with_files, &[vec!["one"], vec!["two"]])
}

fn what_no_slice_took_is_in_the_image(scene: &Scene<'_>) -> Verdict {
    let files = ["one", "two", "dir/inner", "dir/other"];
    let layers = sliced(scene, &files, &[&["one", "dir/inner"]])?;
    has(&layers, 0, &["dir/inner", "one"])?;
    let mut rest: Vec<_> = layers.into_iter().skip(1).flatten().collect();
    rest.sort();
    equal("the files of all other layers", rest.as_slice(), &["dir/other", "two"])
}

fn patterns_are_those_of_go(scene: &Scene<'_>) -> Verdict {
    let files = [
        "star/a.txt",
        "star/b.txt",
        "star/c.other",
        "star/deep/d.txt",
        "mark/a.x",
        "mark/ab.x",
        "class/b",
        "class/d",
        "not/b",
        "not/d",
        "escaped/*",
        "escaped/a",
        "hidden/.a",
        "middle/1/file",
        "middle/2/file",
        "middle/2/other",
    ];
    let cases: [(&str, &[&str]); 7] = [
        ("star/*.txt", &["star/a.txt", "star/b.txt"]),
        ("mark/?.x", &["mark/a.x"]),
        ("class/[a-c]", &["class/b"]),
        ("not/[^a-c]", &["not/d"]),
        ("escaped/\\*", &["escaped/*"]),
        ("hidden/*", &["hidden/.a"]),
        ("middle/*/file", &["middle/1/file", "middle/2/file"]),
    ];
    let patterns = cases.map(|(pattern, _)| [pattern]);
    let layers = sliced(scene, &files, &patterns.each_ref().map(<[_; 1]>::as_slice))?;
    cases.iter().enumerate().try_for_each(|(number, (_, expected))| has(&layers, number, expected))
}
