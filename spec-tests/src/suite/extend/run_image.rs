//! Extending the run image. Spec: platform.md § extender (Outputs).

use crate::scene::Scene;
use crate::suite::extend::{extend, extended, extender, generated, restored};
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(it_builds_on_the_run_image),
        test!(manifest_config_and_new_layers_are_written),
        test!(it_is_rebasable_if_every_dockerfile_says_so),
        test!(it_is_not_rebasable_otherwise),
        test!(it_fails_if_the_user_is_root),
    ]
}

const MAKE: &str = "RUN echo extended > /made/file";

fn it_builds_on_the_run_image(scene: &Scene<'_>) -> Verdict {
    let images = restored(scene, &["a"])?;
    generated(scene, "run", "a", MAKE);
    extender(scene, "run").run()?.succeeds()?;
    let image = extended(scene)?;
    let base = images.run.diff_ids.len();
    let diff_ids = image.diff_ids();
    equal("the first layers", diff_ids.get(..base).unwrap_or_default(), images.run.diff_ids.as_slice())?;
    equal("a variable of the image", &image.env("OF_IMAGE"), &Some("run"))
}

fn manifest_config_and_new_layers_are_written(scene: &Scene<'_>) -> Verdict {
    let images = restored(scene, &["a"])?;
    generated(scene, "run", "a", &format!("{MAKE}\nENV OF_EXTENSION=set"));
    extender(scene, "run").run()?.succeeds()?;
    let image = extended(scene)?;
    equal("a variable of the config", &image.env("OF_EXTENSION"), &Some("set"))?;
    equal("the layers of the manifest", &image.layer_count(), &image.diff_ids().len())?;
    let diff_ids = image.diff_ids();
    let [new] = diff_ids.get(images.run.diff_ids.len()..).unwrap_or_default() else {
        return Err(Failure::new("the extended run image", "it has one new layer", diff_ids.join(", ")));
    };
    equal("the new file", image.layer(new)?.text("/made/file")?.as_str(), "extended\n")
}

/// The label of the extended run image.
fn rebasable(scene: &Scene<'_>, first: &str, next: &str) -> Verdict<String> {
    extend(scene, "run", &[("a", first), ("b", next)])?.succeeds()?;
    Ok(extended(scene)?.label("io.buildpacks.rebasable")?.to_owned())
}

const TRUE: &str = "LABEL io.buildpacks.rebasable=true";
const FALSE: &str = "LABEL io.buildpacks.rebasable=false";

fn it_is_rebasable_if_every_dockerfile_says_so(scene: &Scene<'_>) -> Verdict {
    equal("the label", rebasable(scene, TRUE, TRUE)?.as_str(), "true")
}

fn it_is_not_rebasable_otherwise(scene: &Scene<'_>) -> Verdict {
    for (first, next) in [(TRUE, "ENV a=b"), ("ENV a=b", TRUE), (FALSE, TRUE), (TRUE, FALSE)] {
        let label = rebasable(scene, first, next)?;
        equal(&format!("the label by '{first}' and '{next}'"), label.as_str(), "false")?;
    }
    Ok(())
}

fn it_fails_if_the_user_is_root(scene: &Scene<'_>) -> Verdict {
    for user in ["root", "0", "0:1000"] {
        extend(scene, "run", &[("a", &format!("USER {user}"))])?.fails()?;
    }
    for user in ["1000", "user:1000"] {
        extend(scene, "run", &[("a", &format!("USER root\nUSER {user}"))])?.succeeds()?;
    }
    Ok(())
}
