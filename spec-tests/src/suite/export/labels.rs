//! What the image says of itself, by its buildpacks, launcher and source. Spec: platform.md §
//! io.buildpacks.build.metadata, § io.buildpacks.project.metadata.

use serde_json::{Value, json};

use crate::scene::{Scene, at};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_image_has_three_labels).with_images(),
        test!(the_label_has_processes).with_images(),
        test!(the_label_has_the_group).with_images(),
        test!(the_label_has_the_bill_of_materials).with_images(),
        test!(a_process_has_its_working_directory).with_images(),
        test!(a_process_has_a_list_as_command).with_images(),
        test!(a_process_names_its_buildpack).with_images(),
        test!(a_process_has_its_execution_environments).with_images(),
        test!(the_label_has_extensions).with_images(),
        test!(buildpacks_and_extensions_have_their_api).with_images(),
        test!(a_buildpack_has_its_homepage).with_images(),
        test!(the_launcher_has_its_version).with_images(),
        test!(the_launcher_has_its_repository).with_images(),
        test!(the_launcher_has_its_commit).with_images(),
        test!(the_project_s_label_is_the_project_s_file).with_images(),
    ]
}

/// The label of an export whose `metadata.toml` has this at its end.
fn label(scene: &Scene<'_>, metadata: &str) -> Verdict<Value> {
    scene.built();
    scene.metadata(metadata);
    scene.export()?.build_metadata()
}

fn the_image_has_three_labels(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let image = scene.export()?;
    for name in ["lifecycle", "build", "project"] {
        let label = image.label_json(&format!("io.buildpacks.{name}.metadata"))?;
        ensure("it is an object", label.is_object(), &label)?;
    }
    Ok(())
}

fn the_label_has_processes(scene: &Scene<'_>) -> Verdict {
    let label =
        label(scene, &(scene.process("web", &["/bin/true"]) + &scene.process("worker", &["/bin/false"])))?;
    same("the first process", at(&label, "/processes/0/type"), json!("web"))?;
    same("the second process", at(&label, "/processes/1/type"), json!("worker"))?;
    same("another process", at(&label, "/processes/2"), json!(null))
}

fn the_label_has_the_group(scene: &Scene<'_>) -> Verdict {
    let label = label(scene, "")?;
    same("the id", at(&label, "/buildpacks/0/id"), json!("of/tests"))?;
    same("the version", at(&label, "/buildpacks/0/version"), json!("1.0.0"))?;
    same("another buildpack", at(&label, "/buildpacks/1"), json!(null))
}

fn the_label_has_the_bill_of_materials(scene: &Scene<'_>) -> Verdict {
    let entry = "[[bom]]\nname = 'of-tests'\n[bom.metadata]\nversion = '7'\n\
        [bom.buildpack]\nid = 'of/tests'\nversion = '1.0.0'\n";
    let label = label(scene, entry)?;
    same("the name", at(&label, "/bom/0/name"), json!("of-tests"))?;
    same("the metadata", at(&label, "/bom/0/metadata/version"), json!("7"))?;
    same("the buildpack", at(&label, "/bom/0/buildpack"), json!({ "id": "of/tests", "version": "1.0.0" }))?;
    same("another entry", at(&label, "/bom/1"), json!(null))
}

fn a_process_has_its_working_directory(scene: &Scene<'_>) -> Verdict {
    let process = scene.process("web", &["/bin/true"]);
    let label = label(scene, &format!("{process}working-dir = '/elsewhere'\n"))?;
    same("the directory", at(&label, "/processes/0/working-dir"), json!("/elsewhere"))
}

fn a_process_has_a_list_as_command(scene: &Scene<'_>) -> Verdict {
    let label = label(scene, &scene.process("web", &["/bin/echo", "of", "the command"]))?;
    same("the command", at(&label, "/processes/0/command"), json!(["/bin/echo", "of", "the command"]))
}

fn a_process_names_its_buildpack(scene: &Scene<'_>) -> Verdict {
    let label = label(scene, &scene.process("web", &["/bin/true"]))?;
    same("the buildpack", at(&label, "/processes/0/buildpackID"), json!("of/tests"))
}

fn a_process_has_its_execution_environments(scene: &Scene<'_>) -> Verdict {
    let process = scene.process("web", &["/bin/true"]);
    let label = label(scene, &format!("{process}exec-env = ['production', 'test']\n"))?;
    same("the environments", at(&label, "/processes/0/exec-env"), json!(["production", "test"]))
}

/// An extension as the builder writes it into `metadata.toml`.
const EXTENSION: &str = "[[extensions]]\nid = 'of/extension'\nversion = '2.0.0'\napi = '0.10'\n";

fn the_label_has_extensions(scene: &Scene<'_>) -> Verdict {
    let label = label(scene, EXTENSION)?;
    same("the id", at(&label, "/extensions/0/id"), json!("of/extension"))?;
    same("the version", at(&label, "/extensions/0/version"), json!("2.0.0"))?;
    same("another extension", at(&label, "/extensions/1"), json!(null))
}

fn buildpacks_and_extensions_have_their_api(scene: &Scene<'_>) -> Verdict {
    let label = label(scene, EXTENSION)?;
    same("that of the buildpack", at(&label, "/buildpacks/0/api"), json!(scene.buildpack.as_str()))?;
    same("that of the extension", at(&label, "/extensions/0/api"), json!("0.10"))
}

fn a_buildpack_has_its_homepage(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let metadata = scene.read("/layers/config/metadata.toml")?;
    let homepage = "homepage = 'https://buildpack.example'";
    scene.write(
        "/layers/config/metadata.toml",
        metadata.replacen("[[buildpacks]]", &format!("[[buildpacks]]\n{homepage}"), 1),
    );
    let label = scene.export()?.build_metadata()?;
    same("the homepage", at(&label, "/buildpacks/0/homepage"), json!("https://buildpack.example"))
}

/// Something has to be said of the launcher.
fn launcher(scene: &Scene<'_>, pointer: &str) -> Verdict {
    let label = label(scene, "")?;
    let said = at(&label, &format!("/launcher{pointer}"));
    ensure("it is there", said.as_str().is_some_and(|text| !text.is_empty()), at(&label, "/launcher"))
}

fn the_launcher_has_its_version(scene: &Scene<'_>) -> Verdict {
    launcher(scene, "/version")
}

fn the_launcher_has_its_repository(scene: &Scene<'_>) -> Verdict {
    launcher(scene, "/source/git/repository")
}

fn the_launcher_has_its_commit(scene: &Scene<'_>) -> Verdict {
    launcher(scene, "/source/git/commit")
}

fn the_project_s_label_is_the_project_s_file(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.write(
        "/layers/project-metadata.toml",
        "[source]\ntype = 'git'\n[source.version]\ncommit = 'of-tests'\nnumber = 7\n\
         [source.metadata]\nrefs = ['one', 'two']\n[source.metadata.of]\nis-clean = true\n",
    );
    let expected = json!({
        "source": {
            "type": "git",
            "version": { "commit": "of-tests", "number": 7 },
            "metadata": { "refs": ["one", "two"], "of": { "is-clean": true } },
        }
    });
    same("the label", &scene.export()?.label_json("io.buildpacks.project.metadata")?, expected)
}
