//! The build contexts that extensions generate. Spec: `image_extension.md` § Context Folders.

use crate::scene::{EXTENDS, Scene};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_shared_context_excludes_one_for_an_image),
        test!(a_shared_context_is_kept),
        test!(a_context_for_the_run_image_is_kept),
        test!(a_context_for_the_build_image_is_kept),
    ]
}

/// Detects with an extension of both Dockerfiles and these contexts, each with a file that names it.
fn with_contexts(scene: &Scene<'_>, contexts: &[&str]) {
    let mut extension = scene.new_extension("of/extension");
    for dockerfile in ["build.Dockerfile", "run.Dockerfile"] {
        extension = extension.generates(dockerfile, EXTENDS);
    }
    for context in contexts {
        extension = extension.generates(&format!("{context}/file"), context);
    }
    scene.extensions(&[extension]);
}

fn a_shared_context_excludes_one_for_an_image(scene: &Scene<'_>) -> Verdict {
    with_contexts(scene, &["context.run", "context.build"]);
    scene.detect()?;
    for contexts in [&["context", "context.run"][..], &["context", "context.build"]] {
        with_contexts(scene, contexts);
        scene.detector().run()?.exits_within(92..=99)?;
    }
    Ok(())
}

/// Of all contexts, only those that were generated are there for the extender.
fn only(scene: &Scene<'_>, context: &str) -> Verdict {
    with_contexts(scene, &[context]);
    scene.detect()?;
    for name in ["context", "context.run", "context.build"] {
        let file = format!("/layers/generated/of_extension/{name}/file");
        if name == context {
            equal(&file, &scene.read(&file)?, &format!("{context}\n"))?;
        } else {
            scene.lacks(&file)?;
        }
    }
    Ok(())
}

fn a_shared_context_is_kept(scene: &Scene<'_>) -> Verdict {
    only(scene, "context")
}

fn a_context_for_the_run_image_is_kept(scene: &Scene<'_>) -> Verdict {
    only(scene, "context.run")
}

fn a_context_for_the_build_image_is_kept(scene: &Scene<'_>) -> Verdict {
    only(scene, "context.build")
}
