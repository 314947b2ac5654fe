//! Probes for what only the extender takes.

use std::time::Duration;

use crate::scene::Scene;
use crate::suite::extend::NOTE;
use crate::suite::inputs::case::Case;
use crate::suite::inputs::paths::sees;
use crate::suite::inputs::ready::ready;
use crate::verdict::{Verdict, ensure, equal};

/// Dockerfiles in the directory are applied, and no others.
pub(super) fn is_applied(scene: &Scene<'_>, case: &Case) -> Verdict {
    let elsewhere = case.others.first().map(String::as_str);
    for place in [Some(case.expected()), elsewhere].into_iter().flatten() {
        ready(scene, case.phase)?;
        if place != "/layers/generated" {
            scene.rename("/layers/generated", place);
        }
        let run = case.run(scene)?;
        if place == case.expected() {
            run.succeeds()?;
            scene.has(NOTE)?;
        } else {
            // Whether that is an error is free.
            scene.lacks(NOTE)?;
        }
    }
    Ok(())
}

/// The extended run image is written below the directory.
pub(super) fn is_extended_to(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    case.call(scene).env("CNB_EXTEND_KIND", "run").run()?.succeeds()?;
    let images = |place: &str| scene.names(&format!("{place}/run")).len();
    equal("how many images are there", &images(case.expected()), &1)?;
    case.others.iter().try_for_each(|other| equal(other, &images(other), &0))
}

/// The image of this kind is extended.
pub(super) fn is_extended(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    case.run(scene)?.succeeds()?;
    let is_run_image = !scene.names("/layers/extended/run").is_empty();
    equal("whether the run image is extended", &is_run_image, &(case.expected() == "run"))?;
    equal(
        "whether the build follows",
        &scene.exists("/layers/config/metadata.toml"),
        &(case.expected() != "run"),
    )
}

/// What was made a moment ago comes from the cache, unless it is to be kept for less than that.
pub(super) fn is_cached_for(scene: &Scene<'_>, case: &Case) -> Verdict {
    ready(scene, case.phase)?;
    case.run(scene)?.succeeds()?;
    let first = scene.read(NOTE)?;
    std::thread::sleep(Duration::from_millis(5));
    case.run(scene)?.succeeds()?;
    let is_cached = scene.read(NOTE)? == first;
    ensure("the layer comes from the cache as long as it may", is_cached == (case.expected() != "1ms"), first)
}

/// The build runs as the user.
pub(super) fn is_user(scene: &Scene<'_>, case: &Case) -> Verdict {
    is_owner(scene, case, "user")
}

/// The build runs as the group.
pub(super) fn is_group(scene: &Scene<'_>, case: &Case) -> Verdict {
    is_owner(scene, case, "group")
}

fn is_owner(scene: &Scene<'_>, case: &Case, what: &str) -> Verdict {
    let Some(expected) = &case.expected else { return Ok(()) };
    ready(scene, case.phase)?;
    scene.set_mode("/layers", 0o777);
    sees(scene, case, what, expected)
}
