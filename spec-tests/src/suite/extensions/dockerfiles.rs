//! What extensions generate, and where it goes. Spec: platform.md § detector (Outputs), `image_extension.md`
//! § Dockerfile Requirements.

use crate::scene::{EXTENDS, Scene, plan};
use crate::test::{Test, test};
use crate::verdict::{Verdict, contains, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_run_dockerfile_is_copied),
        test!(a_build_dockerfile_is_copied),
        test!(an_extend_config_is_copied),
        test!(what_extensions_provide_is_not_in_the_plan),
        test!(a_run_dockerfile_has_one_base),
        test!(a_build_dockerfile_begins_with_its_base_image),
        test!(a_build_dockerfile_has_one_base),
        test!(other_instructions_are_warned_about),
    ]
}

fn a_run_dockerfile_is_copied(scene: &Scene<'_>) -> Verdict {
    scene.extensions(&[scene.new_extension("of/e").generates("run.Dockerfile", "FROM of/tests")]);
    scene.detect()?;
    equal(
        "the Dockerfile",
        scene.read("/layers/generated/run/of_e/Dockerfile")?.as_str(),
        "FROM of/tests\n",
    )?;
    scene.lacks("/layers/generated/build/of_e/Dockerfile")
}

fn a_build_dockerfile_is_copied(scene: &Scene<'_>) -> Verdict {
    scene.extensions(&[scene.new_extension("of/e").generates("build.Dockerfile", EXTENDS.trim_end())]);
    scene.detect()?;
    equal("the Dockerfile", scene.read("/layers/generated/build/of_e/Dockerfile")?.as_str(), EXTENDS)?;
    scene.lacks("/layers/generated/run/of_e/Dockerfile")
}

fn an_extend_config_is_copied(scene: &Scene<'_>) -> Verdict {
    let config = "[[build.args]]\nname = 'a'\nvalue = 'b'";
    let extension = scene.new_extension("of/e").generates("build.Dockerfile", EXTENDS);
    scene.extensions(&[extension.generates("extend-config.toml", config)]);
    scene.detect()?;
    contains("the config", &scene.read("/layers/generated/build/of_e/extend-config.toml")?, config)
}

fn what_extensions_provide_is_not_in_the_plan(scene: &Scene<'_>) -> Verdict {
    scene.install_extension(&scene.new_extension("e").detect(&plan("provides = [{ name = 'x' }]")));
    let provides = plan("provides = [{ name = 'y' }]");
    scene.install(&scene.new_buildpack("a").detect(&provides));
    let requires = "requires = [{ name = 'x' }, { name = 'y' }]";
    scene.install(&scene.new_buildpack("b").detect(&plan(requires)));
    scene.order_with_extensions(&["e"], &[&["a", "b"]]);
    scene.detect()?;
    equal("the plan", &scene.plan_entries()?, &["a <- y"][..])
}

/// Detects with an extension that generates a file.
fn generating(scene: &Scene<'_>, file: &str, contents: &str) -> Verdict<crate::scene::Run> {
    scene.write(
        "/layers/analyzed.toml",
        "[run-image]\nreference = 'of/run'\n[run-image.target]\nos = 'linux'\n",
    );
    scene.extensions(&[scene.new_extension("e").generates(file, contents)]);
    scene.detector().args(&["-log-level", "warn"]).run()
}

fn a_run_dockerfile_has_one_base(scene: &Scene<'_>) -> Verdict {
    generating(scene, "run.Dockerfile", "FROM of/tests")?.succeeds()?;
    generating(scene, "run.Dockerfile", "FROM of/tests\nFROM of/other")?.exits_within(92..=99)?;
    Ok(())
}

fn a_build_dockerfile_begins_with_its_base_image(scene: &Scene<'_>) -> Verdict {
    generating(scene, "build.Dockerfile", EXTENDS)?.succeeds()?;
    for start in [
        "FROM of/tests",
        "FROM ${base_image}",
        "ARG base_image\nFROM of/tests",
        "ARG base_image",
        "ARG other\nFROM ${other}",
    ] {
        generating(scene, "build.Dockerfile", start)?.exits_within(92..=99)?;
    }
    Ok(())
}

fn a_build_dockerfile_has_one_base(scene: &Scene<'_>) -> Verdict {
    generating(scene, "build.Dockerfile", &format!("{EXTENDS}RUN true"))?.succeeds()?;
    generating(scene, "build.Dockerfile", &format!("{EXTENDS}FROM of/other"))?.exits_within(92..=99)?;
    Ok(())
}

fn other_instructions_are_warned_about(scene: &Scene<'_>) -> Verdict {
    let known =
        "ADD a /a\nARG b\nCOPY a /c\nENV d=e\nLABEL f=g\nRUN true\nSHELL [\"/bin/sh\"]\nUSER 1\nWORKDIR /w";
    let run = generating(scene, "build.Dockerfile", &format!("{EXTENDS}{known}"))?;
    equal("what is said of known instructions", run.succeeds()?.output().as_str(), "")?;
    let run = generating(scene, "build.Dockerfile", &format!("{EXTENDS}EXPOSE 80"))?;
    ensure("another instruction is warned about", !run.succeeds()?.output().is_empty(), run)
}
