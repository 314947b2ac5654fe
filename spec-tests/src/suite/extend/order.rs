//! Which Dockerfiles are applied, and in which order. Spec: platform.md § extender, `image_extension.md` § Phase:
//! Extension.

use crate::scene::Scene;
use crate::suite::extend::{extend, extender, generated, kinds, made, restored};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(dockerfiles_are_applied_in_the_order_of_the_group),
        test!(dockerfiles_of_the_asked_kind_are_applied),
        test!(the_next_builds_on_what_the_first_made),
    ]
}

fn note(what: &str) -> String {
    format!("RUN echo {what} >> /made/order")
}

fn dockerfiles_are_applied_in_the_order_of_the_group(scene: &Scene<'_>) -> Verdict {
    for kind in kinds(scene) {
        // An extension without a Dockerfile is passed over, as is one that is not of the group.
        restored(scene, &["c", "of/a", "none", "b"])?;
        for id in ["of/a", "b", "c", "other"] {
            generated(scene, kind, id, &note(id));
        }
        extender(scene, kind).run()?.succeeds()?;
        equal("what was applied", made(scene, kind, "/made/order")?.as_str(), "c\nof/a\nb\n")?;
    }
    Ok(())
}

fn dockerfiles_of_the_asked_kind_are_applied(scene: &Scene<'_>) -> Verdict {
    for kind in ["build", "run"] {
        restored(scene, &["b", "a"])?;
        for id in ["a", "b"] {
            for other in ["build", "run"] {
                generated(scene, other, id, &note(&format!("{other} {id}")));
            }
        }
        extender(scene, kind).run()?.succeeds()?;
        equal("what was applied", &made(scene, kind, "/made/order")?, &format!("{kind} b\n{kind} a\n"))?;
        if kind == "build" {
            scene.lacks("/layers/extended/run")?;
        }
    }
    Ok(())
}

fn the_next_builds_on_what_the_first_made(scene: &Scene<'_>) -> Verdict {
    let first = "ENV OF_FIRST=set\nRUN echo first > /made/first";
    let next = "RUN echo $OF_FIRST $(cat /made/first) > /made/next";
    for kind in kinds(scene) {
        extend(scene, kind, &[("a", first), ("b", next)])?.succeeds()?;
        equal("what the next saw", made(scene, kind, "/made/next")?.as_str(), "set first\n")?;
    }
    Ok(())
}
