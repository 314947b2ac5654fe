//! The files by which detection tells what is to be built. Spec: platform.md § group.toml, § order.toml, § plan.toml,
//! § system.toml.

use serde_json::Value;

use crate::scene::{Scene, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_group_has_id_version_and_api),
        test!(extensions_of_a_group_have_id_version_and_api),
        test!(an_entry_of_an_order_has_id_and_version),
        test!(an_entry_of_an_order_is_not_optional_by_default),
        test!(each_entry_of_a_plan_has_a_provider),
        test!(providers_that_are_extensions_are_marked),
        test!(each_entry_of_a_plan_has_a_requirement),
        test!(an_entry_of_a_plan_has_requirements_of_one_name),
        test!(a_system_buildpack_has_id_and_version),
        test!(a_system_buildpack_is_not_optional_by_default),
    ]
}

/// What `bin/detect` of a buildpack that does not apply does.
const FAIL: &str = "exit 100";

/// Installs buildpacks, ids with scripts of `bin/detect`.
fn install(scene: &Scene<'_>, buildpacks: &[(&str, &str)]) {
    for (id, detect) in buildpacks {
        scene.install(&scene.new_buildpack(id).detect(detect));
    }
}

/// Shell that provides and requires names.
fn plan(provides: &[&str], requires: &[&str]) -> String {
    let list = |key: &str, names: &[&str]| super::each(names, |name| format!("[[{key}]]\nname = '{name}'\n"));
    let plan = list("provides", provides) + &list("requires", requires);
    format!("cat > \"${{CNB_BUILD_PLAN_PATH:-$2}}\" <<'END'\n{plan}END")
}

/// Detects, which has to succeed. Where image extensions are experimental, they are allowed.
fn detect(scene: &Scene<'_>) -> Verdict {
    scene.phase("detector").env("CNB_EXPERIMENTAL_MODE", "quiet").run()?.succeeds()?;
    Ok(())
}

/// Ends detection with an error and selects nothing.
fn refuses(scene: &Scene<'_>) -> Verdict {
    scene.phase("detector").run()?.fails()?;
    scene.lacks("/layers/group.toml")
}

/// An extension that provides a name is needed by a buildpack.
fn detect_extension(scene: &Scene<'_>) -> Verdict {
    let root = "/cnb/extensions/of_extension/1.0.0";
    let descriptor = "[extension]\nid = 'of/extension'\nversion = '1.0.0'\n";
    scene.write(&format!("{root}/extension.toml"), format!("api = '{}'\n{descriptor}", scene.buildpack));
    scene.write_executable(&format!("{root}/bin/detect"), &plan(&["dependency"], &[]));
    scene.write_executable(&format!("{root}/bin/generate"), "");
    install(scene, &[("of/first", &plan(&["own"], &["dependency", "own"]))]);
    scene.order(&[&["of/first"]]);
    let extension =
        "[[order-extensions]]\n[[order-extensions.group]]\nid = 'of/extension'\nversion = '1.0.0'\n";
    scene.write("/cnb/order.toml", scene.read("/cnb/order.toml")? + extension);
    detect(scene)
}

fn is_complete(element: &Value, id: &str, api: &str) -> Verdict {
    equal("its id", &at(element, "/id").as_str(), &Some(id))?;
    equal("its version", &at(element, "/version").as_str(), &Some("1.0.0"))?;
    equal("its API", &at(element, "/api").as_str(), &Some(api))
}

fn a_group_has_id_version_and_api(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("of/first", ""), ("of/second", "")]);
    scene.order(&[&["of/first", "of/second"]]);
    detect(scene)?;
    let group = scene.read_toml("/layers/group.toml")?;
    is_complete(at(&group, "/group/0"), "of/first", scene.buildpack.as_str())?;
    is_complete(at(&group, "/group/1"), "of/second", scene.buildpack.as_str())
}

fn extensions_of_a_group_have_id_version_and_api(scene: &Scene<'_>) -> Verdict {
    detect_extension(scene)?;
    let group = scene.read_toml("/layers/group.toml")?;
    is_complete(at(&group, "/group-extensions/0"), "of/extension", scene.buildpack.as_str())?;
    is_complete(at(&group, "/group/0"), "of/first", scene.buildpack.as_str())?;
    equal("another buildpack", at(&group, "/group/1"), &Value::Null)
}

fn an_entry_of_an_order_has_id_and_version(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("of/first", "")]);
    for keys in ["id = 'of/first'", "version = '1.0.0'"] {
        scene.write("/cnb/order.toml", format!("[[order]]\n[[order.group]]\n{keys}\n"));
        refuses(scene)?;
    }
    scene.write("/cnb/order.toml", "[[order]]\n[[order.group]]\nid = 'of/first'\nversion = '1.0.0'\n");
    detect(scene)
}

fn an_entry_of_an_order_is_not_optional_by_default(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("of/first", FAIL), ("of/second", "")]);
    let entry = |id: &str, keys: &str| format!("[[order.group]]\nid = '{id}'\nversion = '1.0.0'\n{keys}\n");
    let order = |keys: &str| {
        scene.write(
            "/cnb/order.toml",
            format!("[[order]]\n{}{}", entry("of/first", keys), entry("of/second", "")),
        );
    };
    order("");
    refuses(scene)?;
    order("optional = true");
    detect(scene)
}

/// The entries of the plan of two buildpacks that provide the same.
fn entries(scene: &Scene<'_>) -> Verdict<Vec<Value>> {
    install(
        scene,
        &[
            ("of/first", &plan(&["a", "b"], &["a"])),
            ("of/second", &plan(&["b"], &["b", "a"])),
            ("of/third", &plan(&[], &["b"])),
        ],
    );
    scene.order(&[&["of/first", "of/second", "of/third"]]);
    detect(scene)?;
    let plan = scene.read_toml("/layers/plan.toml")?;
    let entries = plan.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
    ensure("the plan has entries", entries.len() >= 2, &plan)?;
    Ok(entries)
}

/// A value of each element of a list in an entry.
fn each<'v>(entry: &'v Value, list: &str, key: &str) -> Vec<&'v str> {
    let elements = entry.get(list).and_then(Value::as_array).into_iter().flatten();
    elements.filter_map(|element| element.get(key)?.as_str()).collect()
}

fn each_entry_of_a_plan_has_a_provider(scene: &Scene<'_>) -> Verdict {
    for entry in entries(scene)? {
        ensure("an entry has a provider", !each(&entry, "providers", "id").is_empty(), &entry)?;
    }
    Ok(())
}

fn each_entry_of_a_plan_has_a_requirement(scene: &Scene<'_>) -> Verdict {
    for entry in entries(scene)? {
        ensure("an entry has a requirement", !each(&entry, "requires", "name").is_empty(), &entry)?;
    }
    Ok(())
}

fn an_entry_of_a_plan_has_requirements_of_one_name(scene: &Scene<'_>) -> Verdict {
    let mut required = Vec::new();
    for entry in entries(scene)? {
        let names = each(&entry, "requires", "name");
        ensure("an entry is about one name", names.iter().all(|name| names.first() == Some(name)), &entry)?;
        required.extend(names.into_iter().map(str::to_owned));
    }
    required.sort();
    equal("all that was required", required.as_slice(), &["a", "a", "b", "b"])
}

/// Providers that are extensions may be left out, as they have met all that is required of them.
fn providers_that_are_extensions_are_marked(scene: &Scene<'_>) -> Verdict {
    detect_extension(scene)?;
    let plan = scene.read_toml("/layers/plan.toml")?;
    let entries = plan.get("entries").and_then(Value::as_array).into_iter().flatten();
    let providers =
        entries.flat_map(|entry| entry.get("providers").and_then(Value::as_array).into_iter().flatten());
    let mut count = 0;
    for provider in providers {
        let is_extension = at(provider, "/id") == "of/extension";
        let what = format!("whether {provider} is an extension");
        equal(&what, &(at(provider, "/extension") == true), &is_extension)?;
        count += 1;
    }
    ensure("the plan has providers", count > 0, &plan)
}

/// Writes a system buildpack with these keys, before an order of `of/first`.
fn system(scene: &Scene<'_>, keys: &str) {
    scene.order(&[&["of/first"]]);
    scene.write("/cnb/system.toml", format!("[[system.pre.buildpacks]]\n{keys}\n"));
}

fn a_system_buildpack_has_id_and_version(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("of/first", ""), ("of/system", "")]);
    for keys in ["id = 'of/system'", "version = '1.0.0'"] {
        system(scene, keys);
        refuses(scene)?;
    }
    system(scene, "id = 'of/system'\nversion = '1.0.0'");
    detect(scene)?;
    let group = scene.read_toml("/layers/group.toml")?;
    equal("the first of the group", &at(&group, "/group/0/id").as_str(), &Some("of/system"))
}

fn a_system_buildpack_is_not_optional_by_default(scene: &Scene<'_>) -> Verdict {
    install(scene, &[("of/first", ""), ("of/system", FAIL)]);
    system(scene, "id = 'of/system'\nversion = '1.0.0'");
    refuses(scene)?;
    system(scene, "id = 'of/system'\nversion = '1.0.0'\noptional = true");
    detect(scene)
}
