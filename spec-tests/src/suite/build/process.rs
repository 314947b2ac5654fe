//! Which `bin/build` is run when, and how the build ends. Spec: buildpack.md § Build, platform.md § builder.

use crate::scene::Scene;
use crate::suite::build::{build, file, group, recording_process};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(each_buildpack_builds_in_the_order_of_the_group),
        test!(a_buildpack_that_fails_ends_the_build),
        test!(a_failed_buildpack_is_told_by_its_exit_status),
        test!(another_error_of_the_build_has_another_exit_status),
        test!(the_export_follows_the_last_buildpack).with_images(),
        test!(no_export_follows_a_buildpack_that_fails).with_images(),
    ]
}

fn each_buildpack_builds_in_the_order_of_the_group(scene: &Scene<'_>) -> Verdict {
    // Neither sorted nor the other way round.
    let ids = ["of/second", "of/third", "of/first"];
    let scripts = ids.map(|id| format!("echo {id} >> /tmp/order"));
    let [second, third, first] = &scripts;
    build(scene, &[("of/second", second), ("of/third", third), ("of/first", first)])?;
    equal(
        "the buildpacks that were run",
        scene.read("/tmp/order")?.as_str(),
        "of/second\nof/third\nof/first\n",
    )
}

fn a_buildpack_that_fails_ends_the_build(scene: &Scene<'_>) -> Verdict {
    group(scene, &[("of/first", "touch /tmp/first\nexit 3"), ("of/second", "touch /tmp/second")]);
    scene.phase("builder").run()?.fails()?;
    scene.has("/tmp/first")?;
    scene.lacks("/tmp/second")
}

fn a_failed_buildpack_is_told_by_its_exit_status(scene: &Scene<'_>) -> Verdict {
    for status in [1, 20, 100, 255] {
        group(scene, &[("of/first", &format!("exit {status}"))]);
        scene.phase("builder").run()?.exits(51)?;
    }
    Ok(())
}

fn another_error_of_the_build_has_another_exit_status(scene: &Scene<'_>) -> Verdict {
    for (name, contents) in
        [("launch.toml", "this is no TOML"), ("build.toml", "[[unmet]]\nname = 'unasked'")]
    {
        group(scene, &[("of/first", &file(name, contents))]);
        let run = scene.phase("builder").run()?;
        run.exits_within(50..=59)?;
        ensure("the exit status is not that of a failed buildpack", run.code() != Some(51), &run)?;
    }
    Ok(())
}

fn the_export_follows_the_last_buildpack(scene: &Scene<'_>) -> Verdict {
    let declared = file("launch.toml", &recording_process(scene, "web", ""));
    create(scene, &["", &declared])?.succeeds()?;
    scene.image("app")?;
    Ok(())
}

fn no_export_follows_a_buildpack_that_fails(scene: &Scene<'_>) -> Verdict {
    create(scene, &["", "exit 1"])?.fails()?;
    ensure("there is no app image", scene.image("app").is_err(), "there is one")
}

/// Runs the creator with buildpacks of these scripts.
fn create(scene: &Scene<'_>, scripts: &[&str]) -> Verdict<crate::scene::Run> {
    scene.built();
    scene.remove("/layers/config");
    let mut ids = Vec::new();
    for (number, script) in scripts.iter().enumerate() {
        let id = format!("of/creator-{number}");
        scene.install(&super::buildpack(scene, &id, script));
        ids.push(id);
    }
    scene.order(&[&ids.iter().map(String::as_str).collect::<Vec<_>>()]);
    scene.phase("creator").arg(scene.reference("app")).run()
}
