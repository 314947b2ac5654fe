//! How `bin/generate` is run. Spec: `image_extension.md` § Generation, § Phase: Generation.

use serde_json::json;

use crate::scene::{EXTENDS, Scene, extension_root, plan};
use crate::test::{Test, test};
use crate::verdict::{Verdict, contains, ensure, equal, lacks, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(extensions_generate_in_the_order_of_the_group),
        test!(an_extension_that_fails_ends_the_build),
        test!(it_ends_with_91_if_an_extension_fails),
        test!(it_ends_with_92_to_99_if_the_output_cannot_be_used),
        test!(the_build_follows),
        test!(generate_gets_a_directory_for_its_output),
        test!(generate_finds_the_extensions_directory),
        test!(the_directory_generate_stands_for_its_output),
        test!(generate_gets_the_paths_of_a_build),
        test!(generate_gets_the_environment_of_a_build),
        test!(clear_env_keeps_the_users_variables_away),
        test!(the_plan_has_what_is_required_of_an_extension),
    ]
}

/// What `bin/generate` is called with, as lines `<name>=<value>`.
fn surroundings(scene: &Scene<'_>) -> Verdict<String> {
    let script = "{ env; echo \"directory=$PWD\"; test -d \"$CNB_OUTPUT_DIR\" && echo output-is-there=yes
test -f \"$CNB_BP_PLAN_PATH\" && echo plan-is-there=yes; } > /home/user/environment";
    scene.extensions(&[scene.new_extension("of/e").generate(script)]);
    scene.detector().env("OF_PHASE", "hidden").run()?.succeeds()?;
    scene.read("/home/user/environment")
}

/// The value of a variable.
fn value<'e>(environment: &'e str, name: &str) -> Option<&'e str> {
    environment.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

fn extensions_generate_in_the_order_of_the_group(scene: &Scene<'_>) -> Verdict {
    let ids = ["c", "a", "b"];
    scene.extensions(
        &ids.map(|id| scene.new_extension(id).generate(&format!("echo {id} >> /home/user/generated"))),
    );
    scene.detect()?;
    equal("the extensions", &scene.extension_group()?, &ids[..])?;
    equal("those that generated", scene.read("/home/user/generated")?.as_str(), "c\na\nb\n")
}

fn an_extension_that_fails_ends_the_build(scene: &Scene<'_>) -> Verdict {
    let next = scene.new_extension("b").generate("touch /home/user/next");
    scene.extensions(&[scene.new_extension("a").generate("exit 1"), next.clone()]);
    scene.detector().run()?.fails()?;
    scene.lacks("/home/user/next")?;
    scene.extensions(&[scene.new_extension("a").generate("exit 0"), next]);
    scene.detect()?;
    scene.has("/home/user/next")
}

fn it_ends_with_91_if_an_extension_fails(scene: &Scene<'_>) -> Verdict {
    for code in [1, 91, 100] {
        scene.extensions(&[scene.new_extension("a").generate(&format!("exit {code}"))]);
        scene.detector().run()?.exits(91)?;
    }
    Ok(())
}

fn it_ends_with_92_to_99_if_the_output_cannot_be_used(scene: &Scene<'_>) -> Verdict {
    for file in ["run.Dockerfile", "build.Dockerfile"] {
        scene.extensions(&[scene.new_extension("a").generates(file, "RUN true")]);
        scene.detector().run()?.exits_within(92..=99)?;
    }
    Ok(())
}

fn the_build_follows(scene: &Scene<'_>) -> Verdict {
    scene.extensions(&[scene.new_extension("a"), scene.new_extension("b")]);
    scene.install(&scene.new_buildpack("buildpack").build("touch /home/user/built"));
    scene.detect()?;
    equal("the group", &scene.group()?, &["buildpack"][..])?;
    scene.phase("builder").run()?.succeeds()?;
    scene.has("/home/user/built")
}

fn generate_gets_a_directory_for_its_output(scene: &Scene<'_>) -> Verdict {
    let environment = surroundings(scene)?;
    let output = value(&environment, "CNB_OUTPUT_DIR").unwrap_or_default();
    ensure("CNB_OUTPUT_DIR is absolute", output.starts_with('/'), &environment)?;
    contains("bin/generate", &environment, "output-is-there=yes")?;
    ensure("CNB_OUTPUT_DIR is no layers directory", !["/layers", "/layers/of_e"].contains(&output), output)?;
    equal("CNB_LAYERS_DIR", &value(&environment, "CNB_LAYERS_DIR"), &None::<&str>)
}

fn generate_finds_the_extensions_directory(scene: &Scene<'_>) -> Verdict {
    let environment = surroundings(scene)?;
    let root = extension_root("of/e");
    equal("CNB_EXTENSION_DIR", &value(&environment, "CNB_EXTENSION_DIR"), &Some(root.as_str()))?;
    equal("CNB_BUILDPACK_DIR", &value(&environment, "CNB_BUILDPACK_DIR"), &None::<&str>)
}

fn the_directory_generate_stands_for_its_output(scene: &Scene<'_>) -> Verdict {
    let dockerfile = format!("{EXTENDS}RUN true\n");
    let extension = scene.new_extension("of/e").without_generate();
    scene.extensions(&[extension.file("generate/build.Dockerfile", &dockerfile)]);
    scene.detect()?;
    equal("the Dockerfile", &scene.read(&scene.dockerfile("of/e", "build"))?, &dockerfile)
}

fn generate_gets_the_paths_of_a_build(scene: &Scene<'_>) -> Verdict {
    let environment = surroundings(scene)?;
    equal("CNB_PLATFORM_DIR", &value(&environment, "CNB_PLATFORM_DIR"), &Some("/platform"))?;
    equal("the directory", &value(&environment, "directory"), &Some("/workspace"))?;
    contains("bin/generate", &environment, "plan-is-there=yes")
}

fn generate_gets_the_environment_of_a_build(scene: &Scene<'_>) -> Verdict {
    scene.write("/platform/env/OF_USER", "set");
    let environment = surroundings(scene)?;
    equal("a variable of the user", &value(&environment, "OF_USER"), &Some("set"))?;
    ensure("PATH is set", value(&environment, "PATH").is_some(), &environment)?;
    lacks("the environment of bin/generate", &environment, "OF_PHASE")
}

fn clear_env_keeps_the_users_variables_away(scene: &Scene<'_>) -> Verdict {
    scene.write("/platform/env/OF_USER", "set");
    let script = "env > /home/user/environment";
    scene.extensions(&[scene.new_extension("e").tables("clear-env = true").generate(script)]);
    scene.detect()?;
    lacks("the environment of bin/generate", &scene.read("/home/user/environment")?, "OF_USER")?;
    contains("the files of the user", &scene.read("/platform/env/OF_USER")?, "set")
}

fn the_plan_has_what_is_required_of_an_extension(scene: &Scene<'_>) -> Verdict {
    let keep = "cp \"$CNB_BP_PLAN_PATH\" /home/user/plan.toml";
    let provides = |name: &str| plan(&format!("provides = [{{ name = '{name}' }}]"));
    scene.install_extension(&scene.new_extension("e").detect(&provides("x")).generate(keep));
    scene.install_extension(&scene.new_extension("f").detect(&provides("y")));
    scene.install(&scene.new_buildpack("p").detect(&provides("z")));
    for id in ["a", "b"] {
        let x = format!("{{ name = 'x', metadata = {{ by = '{id}' }} }}");
        let requires = format!("requires = [{x}, {{ name = 'y' }}, {{ name = 'z' }}]");
        scene.install(&scene.new_buildpack(id).detect(&plan(&requires)));
    }
    scene.order_with_extensions(&["e", "f"], &[&["p", "a", "b"]]);
    scene.detect()?;
    let entry = |id: &str| json!({ "name": "x", "metadata": { "by": id } });
    let expected = json!({ "entries": [entry("a"), entry("b")] });
    same("the plan of bin/generate", &scene.read_toml("/home/user/plan.toml")?, expected)
}
