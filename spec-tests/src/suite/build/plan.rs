//! The plans of buildpacks. Spec: buildpack.md § Build, § Unmet Buildpack Plan Entries.

use serde_json::{Value, json};

use crate::scene::{Scene, at};
use crate::suite::build::{each, file};
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_plan_has_what_was_required_of_the_buildpack),
        test!(an_entry_is_met_unless_the_buildpack_says_otherwise),
        test!(an_unmet_entry_goes_to_the_next_provider),
        test!(a_met_entry_goes_to_no_other_buildpack),
        test!(what_an_extension_provides_goes_to_no_buildpack_of_its_id),
        test!(a_version_beside_metadata_goes_into_the_plan),
        test!(a_version_beside_and_in_metadata_is_an_error),
    ]
}

/// Shell that keeps the buildpack's plan.
fn keep_plan(name: &str) -> String {
    format!("cat \"${{CNB_BP_PLAN_PATH:-$3}}\" > /tmp/{name}.toml\n")
}

/// Builds with buildpacks that keep their plans and run these scripts, for a plan that is written after their group.
fn build_with_plan(scene: &Scene<'_>, buildpacks: &[(&str, &str)], plan: &str) -> Verdict {
    let scripts: Vec<_> =
        buildpacks.iter().map(|(name, script)| (format!("of/{name}"), keep_plan(name) + script)).collect();
    let scripts: Vec<_> = scripts.iter().map(|(id, script)| (id.as_str(), script.as_str())).collect();
    super::group(scene, &scripts);
    scene.write("/layers/plan.toml", plan);
    scene.phase("builder").run()?.succeeds()?;
    Ok(())
}

/// An entry of `plan.toml` whose requirement has the number as metadata.
fn entry(name: &str, number: u32, providers: &[&str]) -> String {
    let providers = each(providers, |provider| {
        format!("[[entries.providers]]\nid = 'of/{provider}'\nversion = '1.0.0'\n")
    });
    format!(
        "[[entries]]\n{providers}[[entries.requires]]\nname = '{name}'\n[entries.requires.metadata]\nnumber = {number}\n"
    )
}

/// The names in the plan that a buildpack got.
fn names(scene: &Scene<'_>, buildpack: &str) -> Verdict<Vec<String>> {
    let plan = scene.read_toml(&format!("/tmp/{buildpack}.toml"))?;
    let entries = plan.get("entries").and_then(Value::as_array).into_iter().flatten();
    Ok(entries.filter_map(|entry| at(entry, "/name").as_str().map(str::to_owned)).collect())
}

fn a_plan_has_what_was_required_of_the_buildpack(scene: &Scene<'_>) -> Verdict {
    let plan = entry("of-first", 1, &["first"]) + &entry("of-second", 2, &["second"]);
    build_with_plan(scene, &[("first", ""), ("second", "")], &plan)?;
    for (name, number) in [("first", 1), ("second", 2)] {
        let expected = json!([{ "name": format!("of-{name}"), "metadata": { "number": number } }]);
        let plan = scene.read_toml(&format!("/tmp/{name}.toml"))?;
        same(&format!("the entries of the plan of {name}"), at(&plan, "/entries"), expected)?;
    }
    Ok(())
}

fn an_entry_is_met_unless_the_buildpack_says_otherwise(scene: &Scene<'_>) -> Verdict {
    let plan = entry("dependency", 1, &["first", "second"]);
    build_with_plan(scene, &[("first", ""), ("second", "")], &plan)?;
    equal("the plan of the first", names(scene, "first")?.as_slice(), &["dependency"])?;
    equal("the plan of the second", &names(scene, "second")?, &Vec::<String>::new())
}

fn an_unmet_entry_goes_to_the_next_provider(scene: &Scene<'_>) -> Verdict {
    let plan = entry("unmet", 1, &["first", "third"]) + &entry("met", 2, &["first", "third"]);
    let unmet = file("build.toml", "[[unmet]]\nname = 'unmet'");
    build_with_plan(scene, &[("first", &unmet), ("second", ""), ("third", "")], &plan)?;
    equal("the plan of the first", names(scene, "first")?.as_slice(), &["unmet", "met"])?;
    equal("the plan of the second", &names(scene, "second")?, &Vec::<String>::new())?;
    equal("the plan of the third", names(scene, "third")?.as_slice(), &["unmet"])
}

fn a_met_entry_goes_to_no_other_buildpack(scene: &Scene<'_>) -> Verdict {
    let plan = entry("dependency", 1, &["first", "second", "third"]);
    let unmet = file("build.toml", "[[unmet]]\nname = 'dependency'");
    build_with_plan(scene, &[("first", &unmet), ("second", ""), ("third", "")], &plan)?;
    equal("the plan of the second", names(scene, "second")?.as_slice(), &["dependency"])?;
    equal("the plan of the third", &names(scene, "third")?, &Vec::<String>::new())
}

/// Providers are buildpacks unless they say otherwise.
fn what_an_extension_provides_goes_to_no_buildpack_of_its_id(scene: &Scene<'_>) -> Verdict {
    let mark = |is_extension: bool| {
        let provider = "id = 'of/first'\n";
        let marked = format!("{provider}extension = {is_extension}\n");
        entry(&format!("marked-{is_extension}"), 1, &["first"]).replace(provider, &marked)
    };
    let plan = mark(true) + &mark(false) + &entry("unmarked", 2, &["first"]);
    build_with_plan(scene, &[("first", "")], &plan)?;
    equal("the plan of the buildpack", names(scene, "first")?.as_slice(), &["marked-false", "unmarked"])
}

/// Installs a buildpack that requires with a version, and makes it the order.
fn requiring(scene: &Scene<'_>, keys: &str) {
    let plan = format!("[[provides]]\nname = 'dependency'\n[[requires]]\nname = 'dependency'\n{keys}");
    let detect = format!("cat > \"${{CNB_BUILD_PLAN_PATH:-$2}}\" <<'END'\n{plan}\nEND");
    scene.install(&super::buildpack(scene, "of/first", &keep_plan("first")).detect(&detect));
    scene.order(&[&["of/first"]]);
}

fn a_version_beside_metadata_goes_into_the_plan(scene: &Scene<'_>) -> Verdict {
    requiring(scene, "version = '1.2'\n[requires.metadata]\nnumber = 3");
    for phase in ["detector", "builder"] {
        scene.phase(phase).run()?.succeeds()?;
    }
    let expected = json!([{ "name": "dependency", "metadata": { "version": "1.2", "number": 3 } }]);
    same("the plan's entries", at(&scene.read_toml("/tmp/first.toml")?, "/entries"), expected)
}

fn a_version_beside_and_in_metadata_is_an_error(scene: &Scene<'_>) -> Verdict {
    requiring(scene, "version = '1.2'\n[requires.metadata]\nversion = '1.2'");
    scene.phase("detector").run()?.fails()?;
    requiring(scene, "[requires.metadata]\nversion = '1.2'");
    scene.phase("detector").run()?.succeeds()?;
    Ok(())
}
