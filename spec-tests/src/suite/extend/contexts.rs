//! Where `COPY` takes files from. Spec: `image_extension.md` § Context Folders, platform.md § extender.

use crate::scene::Scene;
use crate::suite::extend::{beside, extender, generated, kinds, made, restored};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(files_come_from_the_shared_context),
        test!(files_come_from_the_context_of_the_image),
        test!(without_a_context_files_come_from_the_app),
    ]
}

/// The contents of a file `from` that an instruction copies, in each kind of image, with contexts `context` for both
/// and, if `own`, one for each of them.
fn copied(scene: &Scene<'_>, contexts: &[&str], expected: &dyn Fn(&str) -> String) -> Verdict {
    for kind in kinds(scene) {
        restored(scene, &["a"])?;
        scene.write("/workspace/from", "app");
        generated(scene, kind, "a", "COPY from /made/to");
        for context in contexts {
            beside(scene, kind, "a", &format!("{context}/from"), context);
        }
        extender(scene, kind).run()?.succeeds()?;
        equal("the copied file", &made(scene, kind, "/made/to")?, &expected(kind))?;
    }
    Ok(())
}

fn files_come_from_the_shared_context(scene: &Scene<'_>) -> Verdict {
    copied(scene, &["context"], &|_| "context".to_owned())
}

fn files_come_from_the_context_of_the_image(scene: &Scene<'_>) -> Verdict {
    copied(scene, &["context.build", "context.run"], &|kind| format!("context.{kind}"))
}

fn without_a_context_files_come_from_the_app(scene: &Scene<'_>) -> Verdict {
    copied(scene, &[], &|_| "app".to_owned())
}
