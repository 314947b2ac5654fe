//! Which entries layers have, and in which order.

use super::{DEPS, built, exported, named};
use crate::scene::Scene;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(parents_come_first).with_images().by_root(),
        test!(a_layer_is_walked_in_depth).with_images(),
        test!(the_app_is_sorted_by_whole_paths).with_images(),
        test!(a_slice_is_sorted_by_whole_paths).with_images(),
        test!(the_launcher_has_a_layer_of_three_entries).with_images(),
        test!(processes_are_links_in_order).with_images(),
        test!(a_slice_of_nothing_is_1024_zero_bytes).with_images(),
        test!(two_stars_match_one_segment).with_images(),
        test!(a_matched_directory_brings_what_is_below_it).with_images(),
    ]
}

fn parents_come_first(scene: &Scene<'_>) -> Verdict {
    built(scene);
    scene.give("/layers/of_tests", 2000, 3000);
    scene.set_mode("/layers/of_tests", 0o775);
    scene.give(DEPS, 2000, 3000);
    let (layer, _) = exported(scene)?;
    let seen: Vec<_> =
        layer.entries.iter().map(|entry| (entry.path.as_str(), entry.owner, entry.mode)).collect();
    let expected = [
        ("/layers", (1000, 1000), 0o755),
        ("/layers/of_tests", (2000, 3000), 0o775),
        ("/layers/of_tests/deps", (1000, 1000), 0o755),
    ];
    equal("the entries with owners and modes", &seen, &expected)
}

fn a_layer_is_walked_in_depth(scene: &Scene<'_>) -> Verdict {
    built(scene);
    for name in ["a/z", "a-b", "a!", "B"] {
        scene.write(&format!("{DEPS}/{name}"), name);
    }
    let (layer, _) = exported(scene)?;
    let names: Vec<_> = layer.paths().iter().filter_map(|path| path.strip_prefix(DEPS)).collect();
    equal("the entries", &names, &["", "/B", "/a", "/a/z", "/a!", "/a-b"])
}

fn the_app_is_sorted_by_whole_paths(scene: &Scene<'_>) -> Verdict {
    scene.built();
    for name in ["a/z", "a-b", "a!", "B"] {
        scene.write(&format!("/workspace/{name}"), name);
    }
    let layer = named(&scene.export()?, "/app/0/sha")?;
    let expected = [
        "/workspace",
        "/workspace/B",
        "/workspace/a",
        "/workspace/a!",
        "/workspace/a-b",
        "/workspace/a/z",
        "/workspace/page",
    ];
    equal("the entries", &layer.paths(), &expected)
}

fn a_slice_is_sorted_by_whole_paths(scene: &Scene<'_>) -> Verdict {
    let (slice, _) = sliced(scene, "s/*", &["s/a/z", "s/a-b"])?;
    equal("the entries", &slice, &["", "/s", "/s/a", "/s/a-b", "/s/a/z"])
}

fn the_launcher_has_a_layer_of_three_entries(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let layer = named(&scene.export()?, "/launcher/sha")?;
    let seen: Vec<_> = layer
        .entries
        .iter()
        .map(|entry| (entry.path.as_str(), entry.kind, entry.owner, entry.mode))
        .collect();
    let root = (0, 0);
    let expected = [
        ("/cnb", '5', root, 0o755),
        ("/cnb/lifecycle", '5', root, 0o755),
        ("/cnb/lifecycle/launcher", '0', root, 0o755),
    ];
    equal("the entries with types, owners and modes", &seen, &expected)
}

fn processes_are_links_in_order(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let processes = ["web", "another", "more"].map(|name| scene.process(name, &["/bin/true"]));
    scene.metadata(&processes.concat());
    let layer = named(&scene.export()?, "/process-types/sha")?;
    let seen: Vec<_> = layer
        .entries
        .iter()
        .map(|entry| (entry.path.as_str(), entry.kind, entry.mode, entry.link.as_str()))
        .collect();
    let launcher = "/cnb/lifecycle/launcher";
    let expected = [
        ("/cnb", '5', 0o755, ""),
        ("/cnb/process", '5', 0o755, ""),
        ("/cnb/process/web", '2', 0o755, launcher),
        ("/cnb/process/another", '2', 0o755, launcher),
        ("/cnb/process/more", '2', 0o755, launcher),
    ];
    equal("the entries with types, modes and targets", &seen, &expected)
}

fn a_slice_of_nothing_is_1024_zero_bytes(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.metadata(&(scene.process("web", &["/bin/true"]) + "[[slices]]\npaths = ['nothing']\n"));
    let layer = named(&scene.export()?, "/app/0/sha")?;
    ensure(
        "the layer is 1024 zero bytes",
        layer.archive == [0; 1024],
        format!("{} bytes", layer.archive.len()),
    )
}

fn two_stars_match_one_segment(scene: &Scene<'_>) -> Verdict {
    let (slice, rest) = sliced(scene, "**/x", &["x", "a/x", "a/b/x"])?;
    equal("the slice", &slice, &["", "/a", "/a/x"])?;
    equal("the rest of the app", &rest, &["", "/a", "/a/b", "/a/b/x", "/page", "/x"])
}

fn a_matched_directory_brings_what_is_below_it(scene: &Scene<'_>) -> Verdict {
    let (slice, rest) = sliced(scene, "a", &["a/x", "a/b/x", "ab/x"])?;
    equal("the slice", &slice, &["", "/a", "/a/b", "/a/b/x", "/a/x"])?;
    equal("the rest of the app", &rest, &["", "/ab", "/ab/x", "/page"])
}

/// The entries of a slice and of the rest of an app, below the app's directory.
fn sliced(scene: &Scene<'_>, pattern: &str, files: &[&str]) -> Verdict<(Vec<String>, Vec<String>)> {
    scene.built();
    scene.metadata(&format!("{}[[slices]]\npaths = ['{pattern}']\n", scene.process("web", &["/bin/true"])));
    for file in files {
        scene.write(&format!("/workspace/{file}"), file);
    }
    let image = scene.export()?;
    let entries = |pointer: &str| {
        let layer = named(&image, pointer)?;
        let names = layer.paths().into_iter().map(|path| path.trim_start_matches("/workspace").to_owned());
        Ok(names.collect())
    };
    Ok((entries("/app/0/sha")?, entries("/app/1/sha")?))
}
