//! Probes for texts, ids and how a phase speaks.

use std::cmp::Ordering;
use std::os::unix::fs::MetadataExt;

use platform_api::Phase;
use serde_json::json;

use crate::scene::{Image, Phase as Call, Scene, at};
use crate::suite::export;
use crate::suite::inputs::case::Case;
use crate::suite::inputs::paths::{cached, sees};
use crate::suite::inputs::ready::ready;
use crate::verdict::{Failure, Verdict, ensure, equal, same};

/// What is told is free, but not that there is more or less of it.
pub(super) fn tells_more_or_less(scene: &Scene<'_>, case: &Case) -> Verdict {
    // The first run finds less than those after it.
    let run = |call: Call<'_>| {
        ready(scene, case.phase)?;
        if case.phase == Phase::Restorer {
            cached(scene, "/cache")?;
            return call.env("CNB_CACHE_DIR", "/cache").run();
        }
        call.run()
    };
    run(case.without().call(scene))?;
    let quiet = run(case.without().call(scene))?;
    let run = run(case.call(scene))?;
    run.succeeds()?;
    let told = run.output().lines().count().cmp(&quiet.output().lines().count());
    let (words, expected) = match case.expected() {
        "debug" => ("more", Ordering::Greater),
        "error" => ("less", Ordering::Less),
        _ => ("as much", Ordering::Equal),
    };
    ensure(&format!("it tells {words}"), told == expected, &run)
}

/// Whether it has colours without the input is free.
pub(super) fn has_no_colours(scene: &Scene<'_>, case: &Case) -> Verdict {
    if !case.is_on() {
        return Ok(());
    }
    ready(scene, case.phase)?;
    case.run(scene)?.succeeds()?.does_not_say("\u{1b}[")?;
    Ok(())
}

/// The image that the phase made.
fn made(scene: &Scene<'_>, case: &Case) -> Verdict<Image> {
    ready(scene, case.phase)?;
    case.run(scene)?.succeeds()?;
    scene.image("app")
}

/// The label tells the execution environment.
pub(super) fn is_labelled(scene: &Scene<'_>, case: &Case) -> Verdict {
    let label = made(scene, case)?;
    let label = label.label("io.buildpacks.exec-env").unwrap_or("production");
    equal("the label", label, case.expected.as_deref().unwrap_or("production"))
}

/// Buildpacks are told the execution environment.
pub(super) fn is_environment(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    sees(scene, case, "env", case.expected())
}

/// The image says that it was made then.
pub(super) fn is_created(scene: &Scene<'_>, case: &Case) -> Verdict {
    let image = made(scene, case)?;
    let is_given = at(&image.config, "/created") == &json!("2020-09-13T12:26:40Z");
    equal("whether the time is the one that was given", &is_given, &case.expected.is_some())
}

/// The image starts the process.
pub(super) fn is_started(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    if case.phase == Phase::Creator {
        let launch = ["web", "worker"].map(|name| export::process(scene, name, "/bin/true", "")).concat();
        let script = format!("cat > \"${{CNB_LAYERS_DIR:-$1}}/launch.toml\" <<'END'\n{launch}\nEND");
        scene.install(&scene.new_buildpack("of/tests").build(&script));
    } else {
        scene.metadata(&["web", "worker"].map(|name| scene.process(name, &["/bin/true"])).concat());
    }
    case.run(scene)?.succeeds()?;
    let program = match &case.expected {
        Some(process) => format!("/cnb/process/{process}"),
        None => "/cnb/lifecycle/launcher".to_owned(),
    };
    same("the entry point", at(&scene.image("app")?.config, "/config/Entrypoint"), json!([program]))
}

pub(super) fn is_owned_by_user(scene: &Scene<'_>, case: &Case) -> Verdict {
    is_owned(scene, case, 0)
}

pub(super) fn is_owned_by_group(scene: &Scene<'_>, case: &Case) -> Verdict {
    is_owned(scene, case, 1)
}

/// What belongs to the user is the app in the image, or else a file that the phase wrote.
fn is_owned(scene: &Scene<'_>, case: &Case, part: usize) -> Verdict {
    // Without an id, there is nobody to whom it could belong.
    let Some(expected) = &case.expected else { return Ok(()) };
    ready(scene, case.phase)?;
    let users = ["1000", "1234", "1235"].map(|id| format!("user{id}:x:{id}:{id}::/home/user:/bin/sh\n"));
    scene.write("/etc/passwd", users.concat());
    let (user, group) = if case.phase == Phase::Exporter {
        scene.set_mode("/layers", 0o777);
        case.call(scene).by_root().run()?.succeeds()?;
        scene.image("app")?.file("/workspace/page")?.owner
    } else {
        let file = match case.phase {
            Phase::Analyzer | Phase::Restorer => "/layers/analyzed.toml",
            Phase::Rebaser => "/tmp/report.toml",
            _ => "/layers/report.toml",
        };
        if case.phase == Phase::Rebaser && scene.exists(file) {
            scene.remove(file);
        }
        case.call(scene).env("CNB_REPORT_PATH", file).by_root().run()?.succeeds()?;
        let found = fs_err::metadata(scene.path(file));
        let found = found.map_err(|error| Failure::new(file, "it is there", error))?;
        (u64::from(found.uid()), u64::from(found.gid()))
    };
    let owner = [user, group].get(part).map(u64::to_string).unwrap_or_default();
    equal("the owner of what is written", &owner, expected)
}
