//! Phases that are killed at any moment leave the files whole by which they hand on.

use super::kill::killed;
use crate::scene::Scene;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(what_was_detected_is_whole),
        test!(what_was_analyzed_is_whole).with_images(),
        test!(what_was_built_is_whole),
        test!(the_report_is_whole).with_images(),
    ]
}

/// Of the lines of a file that has to be TOML, a kill must not leave out the last ones.
fn has_all(scene: &Scene<'_>, file: &str, key: &str, count: usize) -> Verdict {
    let seen = scene.read_toml(file)?;
    let entries = seen.pointer(key).and_then(|value| value.as_array()).map_or(0, Vec::len);
    ensure(&format!("{file} has {count} at {key}"), entries == count, entries)
}

fn what_was_detected_is_whole(scene: &Scene<'_>) -> Verdict {
    let plan = "i=0; while [ $i -lt 300 ]; do printf '[[provides]]\\nname = \"n%s\"\\n[[requires]]\\nname = \"n%s\"\\n' $i $i; i=$((i+1)); done > \"$2\"";
    scene.install(&scene.new_buildpack("of/tests").detect(plan));
    scene.order(&[&["of/tests"]]);
    killed(
        |_| {},
        || scene.phase("detector"),
        || {
            has_all(scene, "/layers/group.toml", "/group", 1)?;
            has_all(scene, "/layers/plan.toml", "/entries", 300)
        },
    )
}

fn what_was_analyzed_is_whole(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    scene.remove("/layers/analyzed.toml");
    let analyzer =
        || scene.phase("analyzer").args(&["-run-image", &run_image.name]).arg(scene.reference("app"));
    let check = || {
        let seen = scene.read_toml("/layers/analyzed.toml")?;
        let reference = seen.pointer("/run-image/reference").and_then(|reference| reference.as_str());
        ensure("the run image is on record", reference == Some(&run_image.reference), &seen)
    };
    killed(|_| {}, analyzer, check)
}

fn what_was_built_is_whole(scene: &Scene<'_>) -> Verdict {
    let launch = "i=0; while [ $i -lt 300 ]; do printf '[[processes]]\\ntype = \"p%s\"\\ncommand = [\"x\"]\\n' $i; i=$((i+1)); done > \"$1/launch.toml\"";
    scene.detected(&[scene.new_buildpack("of/tests").build(launch)]);
    let check = || has_all(scene, "/layers/config/metadata.toml", "/processes", 300);
    killed(|_| {}, || scene.phase("builder"), check)
}

fn the_report_is_whole(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let app = |version: u32| scene.write("/workspace/page", version.to_string());
    let check = || has_all(scene, "/layers/report.toml", "/image/tags", 1);
    killed(app, || scene.phase("exporter").arg(scene.reference("app")), check)
}
