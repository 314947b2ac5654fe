//! What buildpacks do does not hang a phase, nor end it by surprise.

use std::time::Duration;

use super::{in_order, refuses, within};
use crate::scene::Scene;
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, ensure};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_process_left_behind_by_detection_is_not_waited_for),
        test!(a_process_left_behind_by_a_build_is_not_waited_for),
        test!(a_buildpack_that_is_killed_fails_the_build),
        test!(much_output_passes),
        test!(output_that_is_no_text_passes),
        test!(a_buildpack_of_itself_is_refused),
        test!(a_phase_that_is_told_to_end_ends),
    ]
}

/// It has the outputs that it was started with, still open.
const LEFT_BEHIND: &str = "sleep 15 & exit 0";

fn a_process_left_behind_by_detection_is_not_waited_for(scene: &Scene<'_>) -> Verdict {
    scene.install(&scene.new_buildpack("of/tests").detect(LEFT_BEHIND));
    scene.order(&[&["of/tests"]]);
    within(scene.phase("detector"), 10)?.succeeds()?;
    Ok(())
}

fn a_process_left_behind_by_a_build_is_not_waited_for(scene: &Scene<'_>) -> Verdict {
    scene.detected(&[scene.new_buildpack("of/tests").build(LEFT_BEHIND)]);
    within(scene.phase("builder"), 10)?.succeeds()?;
    Ok(())
}

fn a_buildpack_that_is_killed_fails_the_build(scene: &Scene<'_>) -> Verdict {
    for signal in ["KILL", "SEGV", "TERM"] {
        scene.detected(&[scene.new_buildpack("of/tests").build(&format!("kill -{signal} $$"))]);
        refuses(&scene.phase("builder").run()?, "builder")?;
    }
    Ok(())
}

fn much_output_passes(scene: &Scene<'_>) -> Verdict {
    let script =
        "head -c 3000000 /dev/zero | tr '\\0' x; head -c 3000000 /dev/zero | tr '\\0' y >&2; echo the end";
    scene.detected(&[scene.new_buildpack("of/tests").build(script)]);
    let run = within(scene.phase("builder"), 20)?;
    in_order(&run)?.succeeds()?;
    let output = run.output();
    let count = |letter| output.bytes().filter(|byte| *byte == letter).count();
    ensure("all of it is there", count(b'x') >= 3_000_000 && count(b'y') >= 3_000_000, output.len())?;
    ensure("the end is there, too", output.contains("the end"), output.len())
}

fn output_that_is_no_text_passes(scene: &Scene<'_>) -> Verdict {
    let script = "printf '\\377\\376\\0 odd\\n'; printf '\\377\\376\\0 odd\\n' >&2; echo the end";
    scene.install(&scene.new_buildpack("of/tests").detect(script));
    scene.order(&[&["of/tests"]]);
    in_order(&scene.phase("detector").args(&["-log-level", "debug"]).run()?)?.succeeds()?;
    scene.detected(&[scene.new_buildpack("of/tests").build(script)]);
    in_order(&scene.phase("builder").run()?)?.succeeds()?.says("the end")?;
    Ok(())
}

/// A composite buildpack whose order has itself, or another one that has it.
fn a_buildpack_of_itself_is_refused(scene: &Scene<'_>) -> Verdict {
    let composite = |id: &str, of: &str| {
        let api = scene.buildpack;
        let order = format!("[[order]]\n[[order.group]]\nid = '{of}'\nversion = '1.0.0'\n");
        scene.write(
            &format!("/cnb/buildpacks/{id}/1.0.0/buildpack.toml"),
            format!("api = '{api}'\n[buildpack]\nid = '{id}'\nversion = '1.0.0'\n{order}"),
        );
    };
    for (first, second) in [("a", "a"), ("a", "b")] {
        composite(first, second);
        composite(second, first);
        scene.order(&[&["a"]]);
        let detector = scene.phase("detector").in_shell("ulimit -v 4000000; exec \"$0\" \"$@\"");
        refuses(&within(detector, 30)?, "detector")?;
    }
    Ok(())
}

fn a_phase_that_is_told_to_end_ends(scene: &Scene<'_>) -> Verdict {
    let script = "touch \"$1/begun\"; exec sleep 30";
    scene.detected(&[scene.new_buildpack("of/tests").build(script)]);
    let mut running = scene.phase("builder").start();
    for _ in 0..500 {
        if scene.exists("/layers/of_tests/begun") {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    scene.has("/layers/of_tests/begun")?;
    running.terminate();
    for _ in 0..500 {
        if !running.is_alive() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    running.kill();
    Err(Failure::new("builder", "it ends within 5 s when it is told to", "it does not"))
}
