//! What orders come to. Spec: buildpack.md § Order Resolution, § buildpack.toml (Order).

use crate::scene::Scene;
use crate::suite::detection::{FAIL, entries, entry, install, install_composite};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(an_order_becomes_groups_of_buildpacks_with_executables),
        test!(an_order_within_a_group_multiplies_it),
        test!(two_orders_within_a_group_go_depth_first),
        test!(orders_within_orders_are_resolved),
        test!(a_group_is_tried_without_its_optional_order),
        test!(a_buildpack_named_twice_takes_part_once),
        test!(a_composites_entry_needs_a_version),
        test!(a_composites_entry_needs_an_id),
        test!(a_composites_order_names_no_extension),
    ]
}

/// Installs A to H, of which some fail, and the orders O = [A, B], [C, D] and P = [E, F], [G, H].
fn alphabet(scene: &Scene<'_>, failing: &[&str]) {
    for id in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        install(scene, &[(id, if failing.contains(&id) { FAIL } else { "" })]);
    }
    install_composite(scene, "O", &[&entries(&["A", "B"]), &entries(&["C", "D"])]);
    install_composite(scene, "P", &[&entries(&["E", "F"]), &entries(&["G", "H"])]);
}

fn an_order_becomes_groups_of_buildpacks_with_executables(scene: &Scene<'_>) -> Verdict {
    alphabet(scene, &[]);
    scene.order(&[&["O"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["A", "B"][..])
}

fn an_order_within_a_group_multiplies_it(scene: &Scene<'_>) -> Verdict {
    alphabet(scene, &["B"]);
    scene.order(&[&["E", "O", "F"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["E", "C", "D", "F"][..])
}

fn two_orders_within_a_group_go_depth_first(scene: &Scene<'_>) -> Verdict {
    for (failing, expected) in [
        (&[][..], ["A", "B", "E", "F"]),
        (&["F"], ["A", "B", "G", "H"]),
        (&["B"], ["C", "D", "E", "F"]),
        (&["A", "E"], ["C", "D", "G", "H"]),
    ] {
        alphabet(scene, failing);
        scene.order(&[&["O", "P"]]);
        scene.detect()?;
        equal(&format!("the group if {failing:?} fail"), &scene.group()?, &expected[..])?;
    }
    Ok(())
}

fn orders_within_orders_are_resolved(scene: &Scene<'_>) -> Verdict {
    alphabet(scene, &["A"]);
    install_composite(scene, "Q", &[&entries(&["O", "E"])]);
    scene.order(&[&["Q", "F"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["C", "D", "E", "F"][..])
}

fn a_group_is_tried_without_its_optional_order(scene: &Scene<'_>) -> Verdict {
    for (failing, expected) in [(&["A", "D"][..], &["E"][..]), (&["A"], &["C", "D", "E"])] {
        alphabet(scene, failing);
        scene.order(&[&["O?", "E"], &["F"]]);
        scene.detect()?;
        equal(&format!("the group if {failing:?} fail"), &scene.group()?, expected)?;
    }
    Ok(())
}

fn a_buildpack_named_twice_takes_part_once(scene: &Scene<'_>) -> Verdict {
    alphabet(scene, &[]);
    for order in [["A", "E", "A"], ["O", "A", "E"]] {
        scene.order(&[&order]);
        scene.detect()?;
        let twice = scene.group()?.iter().filter(|id| *id == "A").count();
        equal("how often A takes part", &twice, &1)?;
    }
    Ok(())
}

/// Detects the composite buildpack `O` whose only group is given.
fn detect_composite(scene: &Scene<'_>, group: &str) -> Verdict {
    install_composite(scene, "O", &[group]);
    scene.order(&[&["O"]]);
    scene.detects_nothing()?;
    install_composite(scene, "O", &[&entry("A")]);
    scene.detect()?;
    Ok(())
}

fn a_composites_entry_needs_a_version(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("A", "")]);
    detect_composite(scene, "{ id = 'A' }")
}

fn a_composites_entry_needs_an_id(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("A", "")]);
    detect_composite(scene, "{ version = '1.0.0' }")
}

fn a_composites_order_names_no_extension(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("A", "")]);
    let root = "/cnb/extensions/X/1.0.0";
    let descriptor = format!("api = '{}'\n[extension]\nid = 'X'\nversion = '1.0.0'\n", scene.buildpack);
    scene.write(&format!("{root}/extension.toml"), descriptor);
    scene.write_executable(&format!("{root}/bin/generate"), "");
    detect_composite(scene, &entries(&["X", "A"]))
}
