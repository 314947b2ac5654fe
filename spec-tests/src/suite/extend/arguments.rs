//! The build arguments of Dockerfiles. Spec: `image_extension.md` § Phase: Extension, § extend-config.toml.

use crate::scene::Scene;
use crate::suite::extend::{IMAGE_USER, beside, extend, extender, generated, kinds, made, restored};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(each_dockerfile_gets_its_arguments),
        test!(arguments_for_the_build_image_go_there),
        test!(arguments_for_the_run_image_go_there),
        test!(the_build_id_is_a_uuid),
        test!(the_first_gets_the_user_of_the_image),
        test!(the_next_gets_the_user_that_the_first_left),
    ]
}

/// Keeps the value of an argument in a file.
const KEEP: &str = "ARG given\nRUN echo \"$given\" >> /made/given";

fn each_dockerfile_gets_its_arguments(scene: &Scene<'_>) -> Verdict {
    restored(scene, &["a", "b", "c"])?;
    for id in ["a", "b", "c"] {
        generated(scene, "build", id, KEEP);
    }
    for id in ["a", "b"] {
        let config = format!("[[build.args]]\nname = 'given'\nvalue = 'to {id}'\n");
        beside(scene, "build", id, "extend-config.toml", &config);
    }
    extender(scene, "build").run()?.succeeds()?;
    equal("the arguments", scene.read("/made/given")?.as_str(), "to a\nto b\n\n")
}

/// What an image of a kind is given by a config that has arguments for both.
fn given(scene: &Scene<'_>, kind: &str) -> Verdict<String> {
    restored(scene, &["a"])?;
    generated(scene, kind, "a", KEEP);
    let of = |kind: &str| format!("[[{kind}.args]]\nname = 'given'\nvalue = 'to {kind}'\n");
    beside(scene, kind, "a", "extend-config.toml", &format!("{}{}", of("build"), of("run")));
    extender(scene, kind).run()?.succeeds()?;
    made(scene, kind, "/made/given")
}

fn arguments_for_the_build_image_go_there(scene: &Scene<'_>) -> Verdict {
    equal("the argument", given(scene, "build")?.as_str(), "to build\n")
}

fn arguments_for_the_run_image_go_there(scene: &Scene<'_>) -> Verdict {
    equal("the argument", given(scene, "run")?.as_str(), "to run\n")
}

fn the_build_id_is_a_uuid(scene: &Scene<'_>) -> Verdict {
    extend(scene, "build", &[("a", "ARG build_id\nRUN echo $build_id > /made/id")])?.succeeds()?;
    let id = scene.read("/made/id")?;
    let lengths: Vec<_> = id.trim_end().split('-').map(str::len).collect();
    let is_hexadecimal = id.trim_end().chars().all(|letter| letter == '-' || letter.is_ascii_hexdigit());
    ensure("build_id is a UUID", lengths == [8, 4, 4, 4, 12] && is_hexadecimal, id)
}

/// Keeps the user that it was given.
const USER: &str = "ARG user_id\nARG group_id\nUSER root\nRUN echo $user_id:$group_id >> /made/user";

fn the_first_gets_the_user_of_the_image(scene: &Scene<'_>) -> Verdict {
    for kind in kinds(scene) {
        let instructions = format!("{USER}\nUSER ${{user_id}}:${{group_id}}");
        extend(scene, kind, &[("a", &instructions)])?.succeeds()?;
        equal("the user", made(scene, kind, "/made/user")?.trim_end(), IMAGE_USER)?;
    }
    Ok(())
}

fn the_next_gets_the_user_that_the_first_left(scene: &Scene<'_>) -> Verdict {
    let next = format!("{USER}\nUSER ${{user_id}}:${{group_id}}");
    extend(scene, "build", &[("a", "USER 1005:1006"), ("b", &next), ("c", &next)])?.succeeds()?;
    equal("the users", scene.read("/made/user")?.as_str(), "1005:1006\n1005:1006\n")
}
