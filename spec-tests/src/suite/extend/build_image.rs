//! Extending the build image. Spec: platform.md § extender.

use crate::scene::{Scene, at};
use crate::suite::extend::{extend, extender, generated, kinds, restored};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_failing_instruction_ends_it_with_100_to_109),
        test!(the_build_follows),
        test!(the_build_has_the_given_user),
        test!(it_builds_on_the_build_image),
    ]
}

fn a_failing_instruction_ends_it_with_100_to_109(scene: &Scene<'_>) -> Verdict {
    for kind in kinds(scene) {
        extend(scene, kind, &[("a", "RUN exit 7")])?.exits_within(100..=109)?;
        generated(scene, kind, "a", "RUN true");
        extender(scene, kind).run()?.succeeds()?;
    }
    Ok(())
}

fn the_build_follows(scene: &Scene<'_>) -> Verdict {
    restored(scene, &["a"])?;
    let process = scene.new_buildpack("buildpack").build(
        "cp /made/file /tmp/seen\n\
         printf '[[processes]]\\ntype = \"web\"\\ncommand = [\"/bin/true\"]\\n' > \"$CNB_LAYERS_DIR/launch.toml\"",
    );
    scene.install(&process);
    generated(scene, "build", "a", "RUN echo extended > /made/file");
    extender(scene, "build").run()?.succeeds()?;
    equal("what the buildpack saw", scene.read("/tmp/seen")?.as_str(), "extended\n")?;
    let metadata = scene.read_toml("/layers/config/metadata.toml")?;
    same("the process", at(&metadata, "/processes/0/type"), "web".into())
}

fn the_build_has_the_given_user(scene: &Scene<'_>) -> Verdict {
    restored(scene, &["a"])?;
    scene.install(&scene.new_buildpack("buildpack").build("echo $(id -u):$(id -g) > /tmp/user"));
    generated(scene, "build", "a", "RUN true");
    scene.give("/layers", 1234, 1235);
    extender(scene, "build").args(&["-uid", "1234", "-gid", "1235"]).run()?.succeeds()?;
    equal("user and group", scene.read("/tmp/user")?.as_str(), "1234:1235\n")
}

fn it_builds_on_the_build_image(scene: &Scene<'_>) -> Verdict {
    extend(scene, "build", &[("a", "RUN echo $OF_IMAGE > /made/base")])?.succeeds()?;
    equal("a variable of the image", scene.read("/made/base")?.as_str(), "build\n")
}
