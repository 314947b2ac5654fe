//! How flags are written, and by whom and where phases are called.

use std::os::unix::fs::MetadataExt;

use crate::clauses::Phase;
use crate::scene::{Scene, USER};
use crate::store::Store;
use crate::suite::inputs::cached;
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(flags_have_one_dash_or_two),
        test!(values_stand_behind_the_flag_or_its_equals_sign),
        test!(a_switch_needs_no_value).with_images(),
        test!(values_of_a_variable_are_separated_by_commas).on(&[Store::Registry]),
        test!(what_follows_the_image_is_no_flag).with_images(),
        test!(an_unknown_flag_is_no_error_of_a_phase),
        test!(executables_need_nothing_beside_them),
        test!(volumes_of_root_are_handed_over).on(&[Store::Registry]).by_root(),
        test!(files_belong_to_the_build_s_user).on(&[Store::Registry]).by_root(),
        test!(the_restorer_goes_on_without_a_run_file).with_images(),
        test!(a_launch_cache_needs_no_daemon).with_images(),
    ]
}

/// An order at a place of its own.
fn ordered(scene: &Scene<'_>) {
    scene.install(&scene.new_buildpack("of/tests"));
    scene.order(&[&["of/tests"]]);
    scene.rename("/cnb/order.toml", "/home/user/order.toml");
}

fn flags_have_one_dash_or_two(scene: &Scene<'_>) -> Verdict {
    ordered(scene);
    scene.phase("detector").run()?.fails()?;
    for flag in ["-order", "--order"] {
        scene.phase("detector").args(&[flag, "/home/user/order.toml"]).run()?.succeeds()?;
    }
    Ok(())
}

fn values_stand_behind_the_flag_or_its_equals_sign(scene: &Scene<'_>) -> Verdict {
    ordered(scene);
    for flag in ["-order=/home/user/order.toml", "--order=/home/user/order.toml"] {
        scene.phase("detector").arg(flag).run()?.succeeds()?;
    }
    Ok(())
}

fn a_switch_needs_no_value(scene: &Scene<'_>) -> Verdict {
    for (flag, is_restored) in
        [("-skip-layers", false), ("-skip-layers=true", false), ("-skip-layers=false", true)]
    {
        scene.built();
        cached(scene, "/cache")?;
        scene.phase("restorer").args(&[flag, "-cache-dir", "/cache"]).run()?.succeeds()?;
        let seen = scene.exists("/layers/of_tests/kept/file");
        equal(&format!("whether a layer is restored with {flag}"), &seen, &is_restored)?;
    }
    Ok(())
}

fn values_of_a_variable_are_separated_by_commas(scene: &Scene<'_>) -> Verdict {
    let address = scene.registry().address().to_owned();
    let name = address.replace("127.0.0.1", "registry.of.tests");
    scene.write("/etc/hosts", "127.0.0.1 localhost registry.of.tests\n");
    scene.put("run", &scene.run_image());
    for (list, succeeds) in
        [(format!("other.example,{name}"), true), ("other.example,another.example".to_owned(), false)]
    {
        let analyzer = scene.phase("analyzer").env("CNB_INSECURE_REGISTRIES", list);
        let analyzer = analyzer.args(&["-run-image", &scene.reference("run"), &scene.reference("app")]);
        let run = analyzer.renamed(&address, &name).run()?;
        run.succeeds_if(succeeds)?;
    }
    Ok(())
}

fn what_follows_the_image_is_no_flag(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.put("run", &scene.run_image());
    let (app, run) = (scene.reference("app"), ["-run-image", &run_image.name]);
    scene.phase("analyzer").args(&run).arg(&app).run()?.succeeds()?;
    scene.phase("analyzer").arg(&app).args(&run).run()?.fails()?;
    Ok(())
}

fn an_unknown_flag_is_no_error_of_a_phase(scene: &Scene<'_>) -> Verdict {
    for phase in super::phases(scene).filter(|phase| phase != "launcher") {
        scene.phase(&phase).arg("-no-such-flag").run()?.exits_within(1..=10)?;
    }
    Ok(())
}

fn executables_need_nothing_beside_them(scene: &Scene<'_>) -> Verdict {
    for phase in Phase::ALL.into_iter().filter(|phase| *phase != Phase::Launcher) {
        scene.phase(&phase.to_string()).alone().arg("-version").run()?.succeeds()?;
    }
    // It has no flags of its own; a program that cannot be loaded would not come to this.
    scene.metadata("");
    scene.phase("launcher").alone().args(&["--", "/no/such/program"]).run()?.exits_within(80..=89)?;
    Ok(())
}

fn owner(scene: &Scene<'_>, path: &str) -> Verdict<u32> {
    let found =
        fs_err::metadata(scene.path(path)).map_err(|error| Failure::new(path, "it is there", error))?;
    Ok(found.uid())
}

fn analyze_by_root(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.put("run", &scene.run_image());
    scene.give("/layers", 0, 0);
    let analyzer = scene.phase("analyzer").by_root();
    analyzer.args(&["-run-image", &run_image.name, &scene.reference("app")]).run()?.succeeds()?;
    Ok(())
}

fn volumes_of_root_are_handed_over(scene: &Scene<'_>) -> Verdict {
    analyze_by_root(scene)?;
    equal("the owner of the layers directory", &owner(scene, "/layers")?, &USER)
}

fn files_belong_to_the_build_s_user(scene: &Scene<'_>) -> Verdict {
    analyze_by_root(scene)?;
    equal("the owner of the analyzed file", &owner(scene, "/layers/analyzed.toml")?, &USER)
}

fn the_restorer_goes_on_without_a_run_file(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.remove("/cnb/run.toml");
    scene.phase("restorer").run()?.succeeds()?;
    Ok(())
}

fn a_launch_cache_needs_no_daemon(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let exporter = scene.phase("exporter").args(&["-launch-cache", "/launch-cache"]);
    exporter.arg(scene.reference("app")).run()?.succeeds()?;
    scene.image("app")?;
    Ok(())
}
