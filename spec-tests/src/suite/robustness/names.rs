//! Names in files and labels do not lead out of the directories that they belong to.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;
use test_kit::{LayerFixture, sha256};

use super::{built_with_cache, in_order, refuses};
use crate::scene::Scene;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(ids_of_a_group_stay_among_the_buildpacks),
        test!(versions_of_a_group_stay_among_the_buildpacks),
        test!(entries_of_an_order_stay_among_the_buildpacks),
        test!(ids_that_share_a_directory_are_refused),
        test!(layers_of_a_cache_stay_among_the_layers).with_images(),
        test!(layers_of_a_label_stay_among_the_layers).with_images(),
        test!(a_layer_of_the_name_of_parents_is_none).with_images(),
        test!(types_of_processes_stay_among_the_processes).with_images(),
        test!(slices_stay_in_the_app).with_images(),
        test!(names_of_files_are_kept_as_they_are).with_images(),
    ]
}

/// A buildpack that is not among the buildpacks, and tells if it is run.
fn stray(scene: &Scene<'_>) {
    for program in ["detect", "build"] {
        scene.write_executable(&format!("/evil/1.0.0/bin/{program}"), "echo this is evil");
    }
    let toml = format!("api = '{}'\n[buildpack]\nid = 'evil'\nversion = '1.0.0'\n", scene.buildpack);
    scene.write("/evil/1.0.0/buildpack.toml", toml);
}

fn group(scene: &Scene<'_>, id: &str, version: &str) {
    let api = scene.buildpack;
    scene.write(
        "/layers/group.toml",
        format!("[[group]]\nid = '{id}'\nversion = '{version}'\napi = '{api}'\n"),
    );
    scene.write("/layers/plan.toml", "");
}

fn ids_of_a_group_stay_among_the_buildpacks(scene: &Scene<'_>) -> Verdict {
    stray(scene);
    for id in ["../../evil", "/evil", "..", "", ".", "a/../../../evil"] {
        group(scene, id, "1.0.0");
        refuses(&scene.phase("builder").run()?, "builder")?.does_not_say("this is evil")?;
    }
    Ok(())
}

fn versions_of_a_group_stay_among_the_buildpacks(scene: &Scene<'_>) -> Verdict {
    stray(scene);
    scene.install(&scene.new_buildpack("of/tests"));
    for version in ["../../../evil/1.0.0", "/evil/1.0.0", "1.0.0/../../../../evil/1.0.0"] {
        group(scene, "of/tests", version);
        refuses(&scene.phase("builder").run()?, "builder")?.does_not_say("this is evil")?;
    }
    Ok(())
}

fn entries_of_an_order_stay_among_the_buildpacks(scene: &Scene<'_>) -> Verdict {
    stray(scene);
    scene.install(&scene.new_buildpack("of/tests"));
    for (id, version) in [("../../evil", "1.0.0"), ("of/tests", "../../../evil/1.0.0"), ("/evil", "1.0.0")] {
        scene.write(
            "/cnb/order.toml",
            format!("[[order]]\n[[order.group]]\nid = '{id}'\nversion = '{version}'\n"),
        );
        refuses(&scene.phase("detector").run()?, "detector")?.does_not_say("this is evil")?;
    }
    Ok(())
}

/// Two buildpacks whose ids differ in what escaping makes equal would write into each other's directory.
fn ids_that_share_a_directory_are_refused(scene: &Scene<'_>) -> Verdict {
    scene.detected(&[scene.new_buildpack("a/b")]);
    let entry =
        |id: &str| format!("[[group]]\nid = '{id}'\nversion = '1.0.0'\napi = '{}'\n", scene.buildpack);
    scene.write("/layers/group.toml", entry("a/b") + &entry("a_b"));
    refuses(&scene.phase("builder").run()?, "builder")?;
    Ok(())
}

fn layers_of_a_cache_stay_among_the_layers(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let archive = LayerFixture::of(&[("layers/", ""), ("layers/of_tests/", "")]).archive;
    let digest = sha256(&archive);
    let layer =
        json!({ "sha": digest, "cache": true, "build": true, "launch": false, "data": { "of": "tests" } });
    for (key, name) in [
        ("of/tests", "../../home/user/new"),
        ("of/tests", "/home/user/new"),
        ("../home", "user/new"),
        ("..", "new"),
    ] {
        let metadata =
            json!({ "buildpacks": [{ "key": key, "version": "1.0.0", "layers": { name: layer } }] });
        scene.write("/cache/committed/io.buildpacks.lifecycle.cache.metadata", metadata.to_string());
        scene.write(&format!("/cache/committed/{digest}.tar"), &archive);
        in_order(&scene.phase("restorer").args(&["-cache-dir", "/cache"]).run()?)?;
        nothing_new(scene)?;
    }
    Ok(())
}

fn layers_of_a_label_stay_among_the_layers(scene: &Scene<'_>) -> Verdict {
    scene.built();
    for name in ["../../home/user/new", "/home/user/new", "..", "../../new"] {
        let layer = json!({ "sha": sha256(b""), "cache": true, "build": false, "launch": true, "data": { "of": "tests" } });
        let label =
            json!({ "buildpacks": [{ "key": "of/tests", "version": "1.0.0", "layers": { name: layer } }] });
        let app = scene.run_image().label("io.buildpacks.lifecycle.metadata", &label.to_string());
        let app = scene.put("app", &app);
        let analyzed = scene.read("/layers/analyzed.toml")?;
        scene.write(
            "/layers/analyzed.toml",
            format!("{analyzed}\n[image]\nreference = '{}'\n", app.reference),
        );
        in_order(&scene.phase("restorer").run()?)?;
        nothing_new(scene)?;
        scene.built();
    }
    Ok(())
}

fn nothing_new(scene: &Scene<'_>) -> Verdict {
    for path in
        ["/home/user/new", "/home/user/new.toml", "/new", "/new.toml", "/layers.toml", "/layers/new.toml"]
    {
        scene.lacks(path)?;
    }
    Ok(())
}

/// `...toml` would be the file of a layer `..`, which is the layers directory itself.
fn a_layer_of_the_name_of_parents_is_none(scene: &Scene<'_>) -> Verdict {
    built_with_cache(scene, "content");
    scene.write("/layers/of_tests/...toml", "[types]\nlaunch = true\n");
    scene.write("/layers/of_tests/..toml", "[types]\nlaunch = true\n");
    let run = scene.phase("exporter").arg(scene.reference("app")).run()?;
    in_order(&run)?;
    if run.code() != Some(0) {
        refuses(&run, "exporter")?;
        return Ok(());
    }
    let image = scene.image("app")?;
    let paths: Vec<_> = image
        .layers()?
        .iter()
        .flat_map(|layer| layer.paths().into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    ensure(
        "no layer has group.toml",
        !paths.iter().any(|path| path.ends_with("group.toml")),
        paths.join(", "),
    )?;
    ensure("no name has parents", !paths.iter().any(|path| path.contains("..")), paths.join(", "))
}

fn types_of_processes_stay_among_the_processes(scene: &Scene<'_>) -> Verdict {
    for kind in ["../../bin/sh", "/bin/sh", "..", "a/b"] {
        scene.built();
        scene.metadata(&(scene.process("web", &["/bin/true"]) + &scene.process(kind, &["/bin/true"])));
        let run = scene.phase("exporter").arg(scene.reference("app")).run()?;
        in_order(&run)?;
        if run.code() != Some(0) {
            refuses(&run, "exporter")?;
            continue;
        }
        let image = scene.image("app")?;
        let layer = image.layer_named_by(&image.lifecycle_metadata()?, "/process-types/sha")?;
        let links: Vec<_> = layer
            .paths()
            .into_iter()
            .filter(|path| !["/cnb", "/cnb/process", "/cnb/process/web"].contains(path))
            .collect();
        ensure(&format!("there is no link for '{kind}'"), links.is_empty(), links.join(", "))?;
    }
    Ok(())
}

fn slices_stay_in_the_app(scene: &Scene<'_>) -> Verdict {
    scene.write("/home/user/secret", "not of the app");
    for pattern in ["../home/user/*", "/home/user/*", "x/../../home/user/secret", "out/*"] {
        scene.built();
        if !scene.exists("/workspace/out") {
            scene.link("/workspace/out", "/home/user");
        }
        scene.metadata(&format!(
            "{}[[slices]]\npaths = ['{pattern}']\n",
            scene.process("web", &["/bin/true"])
        ));
        let run = scene.phase("exporter").arg(scene.reference("app")).run()?;
        in_order(&run)?;
        if run.code() != Some(0) {
            refuses(&run, "exporter")?;
            continue;
        }
        for layer in scene.image("app")?.layers()? {
            let stray = layer.entries.iter().find(|entry| entry.content == b"not of the app");
            ensure("no layer has a file from outside of the app", stray.is_none(), pattern)?;
        }
    }
    Ok(())
}

fn names_of_files_are_kept_as_they_are(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let long = "n".repeat(255);
    let names: [&[u8]; 6] =
        [b"with space", b"-rf", b"new\nline", b"\xff\xfe", b"back\\slash", long.as_bytes()];
    for name in names {
        let path = scene.path("/workspace").join(OsStr::from_bytes(name));
        ensure("the file is written", fs_err::write(path, name).is_ok(), String::from_utf8_lossy(name))?;
    }
    let image = scene.export()?;
    let app = image.layer_named_by(&image.lifecycle_metadata()?, "/app/0/sha")?;
    let mut contents: Vec<_> =
        app.entries.iter().filter(|entry| entry.kind == '0').map(|entry| entry.content.as_slice()).collect();
    contents.retain(|content| *content != b"of the app");
    contents.sort_unstable();
    let mut expected = names.to_vec();
    expected.sort_unstable();
    equal("the files, which have their names in them", &contents, &expected)?;
    for name in names.into_iter().filter(|name| name.is_ascii()) {
        let path = format!("/workspace/{}", String::from_utf8_lossy(name));
        ensure("its name is kept", app.entry(&path).is_some(), app.paths().join(", "))?;
    }
    Ok(())
}
