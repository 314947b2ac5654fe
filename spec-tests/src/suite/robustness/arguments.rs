//! Odd arguments, variables and outputs.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::{in_order, refuses};
use crate::scene::{Phase, Scene};
use crate::test::{Test, test};
use crate::verdict::{Verdict, contains};

const PHASES: [&str; 7] = ["analyzer", "detector", "restorer", "builder", "exporter", "creator", "launcher"];
const NO_TEXT: &[u8] = b"\xff\xfe=\xc3\x28";

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(arguments_that_are_no_text_are_survived),
        test!(odd_arguments_are_survived),
        test!(variables_that_are_no_text_are_survived),
        test!(odd_user_ids_are_refused),
        test!(odd_platform_apis_are_refused),
        test!(variables_of_users_are_passed_on_byte_by_byte),
        test!(a_full_output_is_no_crash),
        test!(a_closed_output_is_no_crash),
        test!(an_odd_name_of_the_program_is_survived),
    ]
}

/// A scene in which phases get as far as to their arguments.
fn analyzed(scene: &Scene<'_>) {
    scene.write("/layers/analyzed.toml", "[run-image]\nreference = 'registry.example/run'\n");
}

/// The phase may take them for what they are; it must not crash, nor succeed.
fn survives(phase: Phase<'_>, name: &str) -> Verdict {
    refuses(&phase.run()?, name)?;
    Ok(())
}

fn arguments_that_are_no_text_are_survived(scene: &Scene<'_>) -> Verdict {
    analyzed(scene);
    for name in PHASES {
        survives(scene.phase(name).arg(OsStr::from_bytes(NO_TEXT)), name)?;
        survives(scene.phase(name).arg("-layers").arg(OsStr::from_bytes(NO_TEXT)), name)?;
    }
    Ok(())
}

fn odd_arguments_are_survived(scene: &Scene<'_>) -> Verdict {
    analyzed(scene);
    let long = "x".repeat(100_000);
    for name in PHASES {
        for argument in ["-no-such-flag", "--", "-", "", "-layers", "-=", "-layers=", &long] {
            in_order(&scene.phase(name).arg(argument).run()?)?;
        }
        survives(scene.phase(name).arg("-no-such-flag"), name)?;
    }
    Ok(())
}

fn variables_that_are_no_text_are_survived(scene: &Scene<'_>) -> Verdict {
    analyzed(scene);
    let value = OsStr::from_bytes(NO_TEXT);
    for name in PHASES {
        for variable in
            ["CNB_LAYERS_DIR", "CNB_LOG_LEVEL", "CNB_PLATFORM_API", "CNB_GROUP_PATH", "CNB_REGISTRY_AUTH"]
        {
            in_order(&scene.phase(name).env(variable, value).run()?)?;
        }
        in_order(&scene.phase(name).env(value, value).run()?)?;
    }
    Ok(())
}

fn odd_user_ids_are_refused(scene: &Scene<'_>) -> Verdict {
    analyzed(scene);
    for name in ["analyzer", "restorer", "exporter", "creator"] {
        for id in ["text", "-5", "99999999999999999999", "1.5", "0x10"] {
            let phase = scene.phase(name).env("CNB_USER_ID", id).env("CNB_GROUP_ID", id);
            survives(phase.arg("registry.example/app"), name)?;
        }
    }
    Ok(())
}

fn odd_platform_apis_are_refused(scene: &Scene<'_>) -> Verdict {
    analyzed(scene);
    for api in ["text", "..", "0.", ".12", "-1.2", "0.99999999999999999999", "0.12.0.0", "0.12\n", " "] {
        for name in PHASES {
            survives(scene.phase(name).env("CNB_PLATFORM_API", api), name)?;
        }
    }
    Ok(())
}

fn variables_of_users_are_passed_on_byte_by_byte(scene: &Scene<'_>) -> Verdict {
    scene.write("/platform/env/OF_USER", b"\xff\xfe\x01end");
    let script = "printf '%s' \"$OF_USER\" | od -An -tx1 | tr -d '\\n'";
    scene.detected(&[scene.new_buildpack("of/tests").build(script)]);
    let run = scene.phase("builder").run()?;
    in_order(&run)?.succeeds()?;
    contains("the bytes of the variable", &run.stdout, "ff fe 01 65 6e 64")
}

/// What cannot be written to is lost; the phase does its work or fails.
fn a_full_output_is_no_crash(scene: &Scene<'_>) -> Verdict {
    with_output(scene, "exec \"$0\" \"$@\" >/dev/full")?;
    with_output(scene, "exec \"$0\" \"$@\" >/dev/full 2>/dev/full")
}

fn a_closed_output_is_no_crash(scene: &Scene<'_>) -> Verdict {
    with_output(scene, "exec \"$0\" \"$@\" >&-")?;
    with_output(scene, "exec \"$0\" \"$@\" >&- 2>&- <&-")
}

fn with_output(scene: &Scene<'_>, script: &str) -> Verdict {
    scene.detected(&[scene.new_buildpack("of/tests").build("echo built").detect("echo detected")]);
    scene.order(&[&["of/tests"]]);
    for name in ["detector", "builder"] {
        in_order(&scene.phase(name).args(&["-log-level", "debug"]).in_shell(script).run()?)?;
    }
    // An error has to be told that cannot be told either.
    survives(scene.phase("builder").args(&["-group", "/missing.toml"]).in_shell(script), "builder")
}

fn an_odd_name_of_the_program_is_survived(scene: &Scene<'_>) -> Verdict {
    for called in ["", "/", "no-such-phase", "./builder/", "\n"] {
        in_order(&scene.phase("builder").called(called).run()?)?;
    }
    Ok(())
}
