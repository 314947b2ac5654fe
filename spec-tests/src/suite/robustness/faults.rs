//! Full disks, and files that are missing, cannot be read or belong to somebody else.

use super::{built_with_cache, in_order, noise, refuses};
use crate::scene::{Scene, USER};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure};

/// The smallest disk that the kernel makes holds a page.
const TINY: u64 = 4096;

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_plan_that_finds_no_room_fails_detection),
        test!(a_build_that_finds_no_room_fails),
        test!(a_layer_that_finds_no_room_fails_the_restore).with_images(),
        test!(an_image_that_finds_no_room_fails_the_export).on(&[Store::Layout]),
        test!(a_cache_that_finds_no_room_costs_no_image).with_images(),
        test!(an_export_copes_without_temporary_files).with_images(),
        test!(a_missing_file_is_named),
        test!(a_missing_file_is_named_by_the_exporter).with_images(),
        test!(a_directory_is_no_file),
        test!(a_file_of_the_app_that_cannot_be_read_fails_the_export).with_images().by_root(),
        test!(a_file_of_a_layer_that_cannot_be_read_fails_the_export).with_images().by_root(),
        test!(directories_of_somebody_else_are_told).by_root(),
        test!(a_buildpack_that_cannot_be_run_is_told),
    ]
}

fn a_plan_that_finds_no_room_fails_detection(scene: &Scene<'_>) -> Verdict {
    let plan = "i=0; while [ $i -lt 900 ]; do printf '[[provides]]\\nname = \"n%s\"\\n[[requires]]\\nname = \"n%s\"\\n' $i $i; i=$((i+1)); done > \"$2\"";
    scene.install(&scene.new_buildpack("of/tests").detect(plan));
    scene.order(&[&["of/tests"]]);
    let detector = || scene.phase("detector").args(&["-plan", "/full/plan.toml"]);
    refuses(&detector().with_memory("/full", TINY).run()?, "detector")?;
    in_order(&detector().with_memory("/full", TINY * 64).run()?)?.succeeds()?;
    Ok(())
}

fn a_build_that_finds_no_room_fails(scene: &Scene<'_>) -> Verdict {
    let fill = "head -c 100000 /dev/zero > \"$1/fill\" 2>/dev/null; exit 0";
    scene.detected(&[scene.new_buildpack("of/tests").build(fill)]);
    let files = ["-group", "/in/group.toml", "-plan", "/in/plan.toml", "-layers", "/full"];
    scene.make_directory("/in");
    for file in ["group.toml", "plan.toml"] {
        let text = scene.read(&format!("/layers/{file}"))?;
        scene.write(&format!("/in/{file}"), text);
    }
    let builder = |bytes| scene.phase("builder").args(&files).with_memory("/full", bytes).run();
    refuses(&builder(TINY * 8)?, "builder")?;
    builder(TINY * 1024)?.succeeds()?;
    Ok(())
}

fn a_layer_that_finds_no_room_fails_the_restore(scene: &Scene<'_>) -> Verdict {
    built_with_cache(scene, &"content".repeat(100_000));
    // Layers are restored to where they were exported from, which is a disk of its own here.
    let renamed = fs_err::rename(scene.path("/layers"), scene.path("/full"));
    ensure("the layers are elsewhere", renamed.is_ok(), format!("{renamed:?}"))?;
    scene.make_directory("/in");
    scene.give("/in", USER, USER);
    for file in ["group.toml", "analyzed.toml"] {
        let text = scene.read(&format!("/full/{file}"))?;
        scene.write(&format!("/in/{file}"), text);
    }
    let files = [
        "-layers",
        "/full",
        "-group",
        "/in/group.toml",
        "-analyzed",
        "/in/analyzed.toml",
        "-cache-dir",
        "/cache",
    ];
    scene.phase("exporter").args(&files).arg(scene.reference("app")).run()?.succeeds()?;
    let restorer = |bytes| scene.phase("restorer").args(&files).with_memory("/full", bytes).run();
    refuses(&restorer(TINY * 8)?, "restorer")?;
    restorer(TINY * 1024)?.succeeds()?;
    Ok(())
}

fn an_image_that_finds_no_room_fails_the_export(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.write("/workspace/page", noise(1, 300_000));
    let reference = scene.reference("app");
    let directory = format!("/layout-repo/{}", reference.replace(":latest", ""));
    let exporter = |bytes| scene.phase("exporter").arg(&reference).with_memory(&directory, bytes).run();
    refuses(&exporter(TINY * 8)?, "exporter")?;
    exporter(TINY * 1024)?.succeeds()?;
    Ok(())
}

/// The image is written before the cache is, so that it may succeed without, and has to be there if it does.
fn a_cache_that_finds_no_room_costs_no_image(scene: &Scene<'_>) -> Verdict {
    built_with_cache(scene, &"content".repeat(100_000));
    let exporter = scene.phase("exporter").args(&["-cache-dir", "/full"]).arg(scene.reference("app"));
    in_order(&exporter.with_memory("/full", TINY * 8).run()?)?;
    let image = scene.image("app")?;
    image.diff_ids().into_iter().skip(2).try_for_each(|diff_id| image.layer(diff_id).map(drop))
}

fn an_export_copes_without_temporary_files(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.write("/workspace/page", noise(1, 300_000));
    let run = scene.phase("exporter").arg(scene.reference("app")).with_memory("/tmp", TINY).run()?;
    if run.code() == Some(0) {
        let image = scene.image("app")?;
        return image.diff_ids().into_iter().skip(2).try_for_each(|diff_id| image.layer(diff_id).map(drop));
    }
    refuses(&run, "exporter")?;
    ensure("there is no image", scene.image("app").is_err(), "there is one")
}

fn a_missing_file_is_named(scene: &Scene<'_>) -> Verdict {
    for (phase, flag) in
        [("detector", "-order"), ("builder", "-group"), ("builder", "-plan"), ("restorer", "-group")]
    {
        scene.detected(&[scene.new_buildpack("of/tests")]);
        scene.order(&[&["of/tests"]]);
        let run = scene.phase(phase).args(&[flag, "/in/missing.toml"]).run()?;
        if (phase, flag) == ("restorer", "-group") && run.code() == Some(0) {
            continue;
        }
        refuses(&run, phase)?.says("/in/missing.toml")?;
    }
    Ok(())
}

fn a_missing_file_is_named_by_the_exporter(scene: &Scene<'_>) -> Verdict {
    for file in ["/layers/group.toml", "/layers/config/metadata.toml"] {
        scene.built();
        scene.remove(file);
        let run = scene.phase("exporter").arg(scene.reference("app")).run()?;
        refuses(&run, "exporter")?.says(file)?;
    }
    scene.built();
    scene.remove("/layers/analyzed.toml");
    refuses(&scene.phase("exporter").arg(scene.reference("app")).run()?, "exporter")?;
    Ok(())
}

fn a_directory_is_no_file(scene: &Scene<'_>) -> Verdict {
    scene.make_directory("/in/directory.toml");
    for (phase, flag) in
        [("detector", "-order"), ("builder", "-group"), ("builder", "-plan"), ("restorer", "-group")]
    {
        scene.detected(&[scene.new_buildpack("of/tests")]);
        scene.order(&[&["of/tests"]]);
        refuses(&scene.phase(phase).args(&[flag, "/in/directory.toml"]).run()?, phase)?;
    }
    Ok(())
}

fn a_file_of_the_app_that_cannot_be_read_fails_the_export(scene: &Scene<'_>) -> Verdict {
    scene.built();
    unreadable_file_fails_the_export(scene, "/workspace/secret")
}

fn a_file_of_a_layer_that_cannot_be_read_fails_the_export(scene: &Scene<'_>) -> Verdict {
    built_with_cache(scene, "content");
    unreadable_file_fails_the_export(scene, "/layers/of_tests/deps/secret")
}

/// The error names the file, and no image without it is written.
fn unreadable_file_fails_the_export(scene: &Scene<'_>, path: &str) -> Verdict {
    scene.write(path, "not for everybody");
    scene.give(path, 0, 0);
    scene.set_mode(path, 0o600);
    refuses(&scene.phase("exporter").arg(scene.reference("app")).run()?, "exporter")?.says(path)?;
    ensure("there is no image", scene.image("app").is_err(), "there is one")
}

/// Phases that have to write to a directory which isn't the user's say so, by its name.
fn directories_of_somebody_else_are_told(scene: &Scene<'_>) -> Verdict {
    scene.install(&scene.new_buildpack("of/tests"));
    scene.order(&[&["of/tests"]]);
    scene.give("/layers", 0, 0);
    scene.set_mode("/layers", 0o755);
    refuses(&scene.phase("detector").run()?, "detector")?.says("/layers")?;
    scene.detected(&[scene.new_buildpack("of/tests")]);
    refuses(&scene.phase("builder").run()?, "builder")?.says("/layers")?;
    Ok(())
}

fn a_buildpack_that_cannot_be_run_is_told(scene: &Scene<'_>) -> Verdict {
    scene.detected(&[scene.new_buildpack("of/tests")]);
    scene.order(&[&["of/tests"]]);
    let bin = "/cnb/buildpacks/of_tests/1.0.0/bin";
    for (phase, program) in [("detector", "detect"), ("builder", "build")] {
        let path = format!("{bin}/{program}");
        scene.set_mode(&path, 0o644);
        refuses(&scene.phase(phase).run()?, phase)?;
        scene.remove(&path);
        scene.write(&path, "#!/no/such/interpreter\n");
        scene.set_mode(&path, 0o755);
        refuses(&scene.phase(phase).run()?, phase)?;
        scene.remove(&path);
        scene.write(&path, [0x7f, b'E', b'L', b'F', 0, 0]);
        scene.set_mode(&path, 0o755);
        refuses(&scene.phase(phase).run()?, phase)?;
    }
    Ok(())
}
