//! What must hold when something goes wrong: faults, kills and hostile input.

use std::time::Duration;

use crate::scene::Scene;
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_full_disk_leaves_no_half_written_state),
        test!(a_killed_export_leaves_the_old_image).with_images(),
        test!(malformed_state_files_are_errors).with_images(),
    ]
}

fn a_full_disk_leaves_no_half_written_state(scene: &Scene<'_>) -> Verdict {
    let script = "head -c 1048576 /dev/zero > \"${CNB_LAYERS_DIR:-$1}/large\"";
    scene.detected(&[scene.new_buildpack("of/tests").build(script)]);
    let run = scene.phase("builder").args(&["-layers", "/small", "-group", "/layers/group.toml"]);
    let run = run.args(&["-plan", "/layers/plan.toml"]).with_memory("/small", 65536).run()?;
    run.exits_within(1..=99)?;
    Ok(())
}

fn a_killed_export_leaves_the_old_image(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let before = scene.export()?;
    scene.write("/workspace/page", vec![b'x'; 3 << 20]);
    for milliseconds in [2, 5, 10, 20] {
        let running = scene.phase("exporter").arg(scene.reference("app")).start();
        std::thread::sleep(Duration::from_millis(milliseconds));
        running.kill();
        let run = running.wait(Duration::from_secs(20))?;
        if run.code() == Some(0) {
            break;
        }
        let after = scene.image("app")?;
        equal("the image after a kill", &after.digest, &before.digest)?;
        after.layers()?;
    }
    scene.export()?;
    Ok(())
}

fn malformed_state_files_are_errors(scene: &Scene<'_>) -> Verdict {
    for file in ["/layers/group.toml", "/layers/analyzed.toml", "/layers/config/metadata.toml"] {
        scene.built();
        for contents in ["= no TOML", "group = 7\nrun-image = 7\nprocesses = 7\n"] {
            scene.write(file, contents);
            scene.run_exporter()?.exits_within(1..=99)?;
        }
    }
    Ok(())
}
