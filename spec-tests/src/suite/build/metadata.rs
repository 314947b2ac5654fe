//! What the builder writes to `metadata.toml`. Spec: platform.md § builder, § metadata.toml.

use serde_json::{Value, json};

use crate::scene::{Scene, at};
use crate::suite::build::{build, file, group, process, recording_process};
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, ensure, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(all_buildpacks_are_listed),
        test!(buildpacks_have_id_version_and_api),
        test!(extensions_of_the_group_are_listed),
        test!(processes_of_all_buildpacks_are_listed),
        test!(slices_of_all_buildpacks_are_listed),
        test!(bills_of_materials_of_all_buildpacks_are_listed),
        test!(the_last_default_process_is_named),
        test!(a_command_is_a_list),
        test!(a_process_has_its_working_directory),
        test!(a_process_for_all_execution_environments_says_so),
        test!(a_process_for_some_execution_environments_names_them),
        test!(a_process_that_names_no_execution_environment_is_for_all),
    ]
}

/// The metadata after a build with buildpacks that write this to `launch.toml`.
fn metadata(scene: &Scene<'_>, launch_files: &[&str]) -> Verdict<Value> {
    let scripts: Vec<_> = launch_files.iter().map(|contents| file("launch.toml", contents)).collect();
    // Neither sorted nor the other way round.
    let ids = ["of/second", "of/third", "of/first"];
    let buildpacks: Vec<_> = ids.into_iter().zip(scripts.iter().map(String::as_str)).collect();
    build(scene, &buildpacks)?;
    scene.read_toml("/layers/config/metadata.toml")
}

/// A value of each element of a list, sorted.
fn each<'v>(metadata: &'v Value, list: &str, pointer: &str) -> Vec<&'v str> {
    let elements = metadata.get(list).and_then(Value::as_array).into_iter().flatten();
    let mut values: Vec<_> = elements.filter_map(|element| at(element, pointer).as_str()).collect();
    values.sort_unstable();
    values
}

/// The one process there is.
fn only_process(metadata: &Value) -> Verdict<&Value> {
    match metadata.get("processes").and_then(Value::as_array).map(Vec::as_slice) {
        Some([process]) => Ok(process),
        _ => Err(Failure::new("metadata.toml", "one process", metadata)),
    }
}

fn all_buildpacks_are_listed(scene: &Scene<'_>) -> Verdict {
    let metadata = metadata(scene, &["", "", ""])?;
    equal(
        "the buildpacks",
        each(&metadata, "buildpacks", "/id").as_slice(),
        &["of/first", "of/second", "of/third"],
    )
}

fn buildpacks_have_id_version_and_api(scene: &Scene<'_>) -> Verdict {
    let metadata = metadata(scene, &[""])?;
    let buildpack = at(&metadata, "/buildpacks/0");
    equal("its id", &at(buildpack, "/id").as_str(), &Some("of/second"))?;
    equal("its version", &at(buildpack, "/version").as_str(), &Some("1.0.0"))?;
    equal("its API", &at(buildpack, "/api").as_str(), &Some(scene.buildpack.as_str()))
}

fn extensions_of_the_group_are_listed(scene: &Scene<'_>) -> Verdict {
    group(scene, &[("of/first", "")]);
    let extension = format!(
        "[[group-extensions]]\nid = 'of/extension'\nversion = '1.2.3'\napi = '{}'\n",
        scene.buildpack
    );
    scene.write("/layers/group.toml", scene.read("/layers/group.toml")? + &extension);
    scene.phase("builder").run()?.succeeds()?;
    let metadata = scene.read_toml("/layers/config/metadata.toml")?;
    let extension = at(&metadata, "/extensions/0");
    equal("its id", &at(extension, "/id").as_str(), &Some("of/extension"))?;
    equal("its version", &at(extension, "/version").as_str(), &Some("1.2.3"))?;
    equal("its API", &at(extension, "/api").as_str(), &Some(scene.buildpack.as_str()))?;
    equal("the buildpacks", each(&metadata, "buildpacks", "/id").as_slice(), &["of/first"])
}

fn processes_of_all_buildpacks_are_listed(scene: &Scene<'_>) -> Verdict {
    let [web, worker, other] = ["web", "worker", "other"].map(|name| recording_process(scene, name, ""));
    let metadata = metadata(scene, &[&(web + &worker), "", &other])?;
    equal("the processes", each(&metadata, "processes", "/type").as_slice(), &["other", "web", "worker"])
}

fn slices_of_all_buildpacks_are_listed(scene: &Scene<'_>) -> Verdict {
    let metadata = metadata(scene, &["[[slices]]\npaths = ['a*', 'b']", "", "[[slices]]\npaths = ['c/**']"])?;
    same("the slices", at(&metadata, "/slices"), json!([{ "paths": ["a*", "b"] }, { "paths": ["c/**"] }]))
}

fn bills_of_materials_of_all_buildpacks_are_listed(scene: &Scene<'_>) -> Verdict {
    let metadata =
        metadata(scene, &["[[bom]]\nname = 'a'\n[bom.metadata]\nnumber = 1", "", "[[bom]]\nname = 'b'"])?;
    equal("the entries", each(&metadata, "bom", "/name").as_slice(), &["a", "b"])?;
    let bom = metadata.get("bom").and_then(Value::as_array).into_iter().flatten();
    let numbers: Vec<_> = bom.filter_map(|entry| at(entry, "/metadata/number").as_u64()).collect();
    equal("their metadata", numbers.as_slice(), &[1])
}

fn the_last_default_process_is_named(scene: &Scene<'_>) -> Verdict {
    let [first, second] = ["first", "second"].map(|name| recording_process(scene, name, "default = true"));
    let plain = recording_process(scene, "plain", "");
    for (files, expected) in
        [([&first, &plain], "first"), ([&first, &second], "second"), ([&plain, &plain], "")]
    {
        let metadata = metadata(scene, &files.map(String::as_str))?;
        let named = at(&metadata, "/buildpack-default-process-type").as_str().unwrap_or_default();
        equal("the default process type", named, expected)?;
    }
    Ok(())
}

fn a_command_is_a_list(scene: &Scene<'_>) -> Verdict {
    let metadata = metadata(scene, &[&recording_process(scene, "web", "")])?;
    let process = only_process(&metadata)?;
    let command = at(process, "/command").as_array();
    let first = command.and_then(|command| command.first()).and_then(Value::as_str);
    ensure("the command is a list", first == Some("/bin/sh"), process)
}

fn a_process_has_its_working_directory(scene: &Scene<'_>) -> Verdict {
    let metadata = metadata(scene, &[&recording_process(scene, "web", "working-dir = '/some/where'")])?;
    equal(
        "the working directory",
        &at(only_process(&metadata)?, "/working-dir").as_str(),
        &Some("/some/where"),
    )
}

fn a_process_for_all_execution_environments_says_so(scene: &Scene<'_>) -> Verdict {
    let metadata = metadata(scene, &[&recording_process(scene, "web", "")])?;
    same("the execution environments", at(only_process(&metadata)?, "/exec-env"), json!(["*"]))
}

fn a_process_for_some_execution_environments_names_them(scene: &Scene<'_>) -> Verdict {
    let metadata =
        metadata(scene, &[&recording_process(scene, "web", "exec-env = ['test', 'development']")])?;
    same(
        "the execution environments",
        at(only_process(&metadata)?, "/exec-env"),
        json!(["test", "development"]),
    )
}

fn a_process_that_names_no_execution_environment_is_for_all(scene: &Scene<'_>) -> Verdict {
    let buildpack =
        format!("[[buildpacks]]\nid = 'of/first'\nversion = '1.0.0'\napi = '{}'\n", scene.buildpack);
    let declared = |name: &str| {
        format!(
            "[[processes]]\ntype = '{name}'\ncommand = ['/bin/true']\ndirect = true\nbuildpack-id = 'of/first'\n"
        )
    };
    let restricted = declared("restricted") + "exec-env = ['production']\n";
    scene.make_directory("/layers/of_first");
    scene.write("/layers/config/metadata.toml", buildpack + &declared("unrestricted") + &restricted);
    process(scene, "unrestricted").env("CNB_EXEC_ENV", "test").run()?.succeeds()?;
    process(scene, "restricted").env("CNB_EXEC_ENV", "test").run()?.fails()?;
    process(scene, "restricted").env("CNB_EXEC_ENV", "production").run()?.succeeds()?;
    Ok(())
}
