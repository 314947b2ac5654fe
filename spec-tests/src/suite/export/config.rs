//! How the image starts. Spec: platform.md § exporter, Outputs.
#![expect(clippy::indexing_slicing, reason = "documents that a test made are changed by key")]

use serde_json::json;

use crate::scene::{Image, Scene, at};
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, ensure, equal, same};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_entry_point_is_the_asked_process).with_images(),
        test!(a_process_that_is_not_there_fails_the_export).with_images(),
        test!(the_entry_point_is_the_default_process).with_images(),
        test!(the_entry_point_is_the_launcher_otherwise).with_images(),
        test!(each_entry_point_leads_to_the_launcher).with_images(),
        test!(a_variable_names_the_layers_directory).with_images(),
        test!(a_variable_names_the_app_directory).with_images(),
        test!(the_path_of_processes_comes_first).with_images(),
        test!(the_working_directory_is_the_app_s).with_images(),
        test!(a_variable_tells_the_platform_api).with_images(),
        test!(a_variable_silences_warnings_of_deprecation).with_images(),
    ]
}

const PROCESSES: &str = "/cnb/process";
const LAUNCHER: &str = "/cnb/lifecycle/launcher";

/// Writes all for an export with two processes, of which one may be the buildpacks' default.
fn built(scene: &Scene<'_>, default: Option<&str>) -> Verdict {
    scene.built();
    scene.metadata(&(scene.process("web", &["/bin/true"]) + &scene.process("worker", &["/bin/false"])));
    if let Some(default) = default {
        let path = "/layers/config/metadata.toml";
        let rest = scene.read(path)?;
        scene.write(path, format!("buildpack-default-process-type = '{default}'\n{rest}"));
    }
    Ok(())
}

/// Exports with arguments.
fn export(scene: &Scene<'_>, arguments: &[&str]) -> Verdict<Image> {
    scene.phase("exporter").args(arguments).arg(scene.reference("app")).run()?.succeeds()?;
    scene.image("app")
}

fn starts(image: &Image, program: &str) -> Verdict {
    same("the entry point", at(&image.config, "/config/Entrypoint"), json!([program]))
}

fn the_entry_point_is_the_asked_process(scene: &Scene<'_>) -> Verdict {
    for default in [None, Some("worker")] {
        built(scene, default)?;
        starts(&export(scene, &["-process-type", "web"])?, &format!("{PROCESSES}/web"))?;
    }
    Ok(())
}

fn a_process_that_is_not_there_fails_the_export(scene: &Scene<'_>) -> Verdict {
    built(scene, Some("worker"))?;
    let app = scene.reference("app");
    scene.phase("exporter").args(&["-process-type", "other", &app]).run()?.fails()?;
    ensure("nothing was written", scene.image("app").is_err(), "there is an image")
}

fn the_entry_point_is_the_default_process(scene: &Scene<'_>) -> Verdict {
    built(scene, Some("worker"))?;
    starts(&export(scene, &[])?, &format!("{PROCESSES}/worker"))
}

fn the_entry_point_is_the_launcher_otherwise(scene: &Scene<'_>) -> Verdict {
    built(scene, None)?;
    starts(&export(scene, &[])?, LAUNCHER)
}

fn each_entry_point_leads_to_the_launcher(scene: &Scene<'_>) -> Verdict {
    scene.write("/home/user/launcher", "a launcher");
    for (default, arguments) in
        [(None, ["-process-type", "web"].as_slice()), (Some("worker"), &[]), (None, &[])]
    {
        built(scene, default)?;
        let image = export(scene, &[&["-launcher", "/home/user/launcher"], arguments].concat())?;
        let start = at(&image.config, "/config/Entrypoint/0").as_str();
        let start =
            start.ok_or_else(|| Failure::new("the entry point", "it is there", &image.config_text))?;
        let program = image.file(start)?;
        let program = if program.kind == '2' { image.file(&program.link)? } else { program };
        equal(start, program.content.as_slice(), b"a launcher".as_slice())?;
    }
    Ok(())
}

fn a_variable_names_the_layers_directory(scene: &Scene<'_>) -> Verdict {
    scene.built();
    equal("CNB_LAYERS_DIR", &export(scene, &[])?.env("CNB_LAYERS_DIR"), &Some("/layers"))?;
    scene.rename("/layers", "/home/user/layers");
    let image = export(scene, &["-layers", "/home/user/layers"])?;
    equal("CNB_LAYERS_DIR", &image.env("CNB_LAYERS_DIR"), &Some("/home/user/layers"))
}

fn a_variable_names_the_app_directory(scene: &Scene<'_>) -> Verdict {
    scene.built();
    equal("CNB_APP_DIR", &export(scene, &[])?.env("CNB_APP_DIR"), &Some("/workspace"))?;
    scene.rename("/workspace", "/home/user/app");
    let image = export(scene, &["-app", "/home/user/app"])?;
    equal("CNB_APP_DIR", &image.env("CNB_APP_DIR"), &Some("/home/user/app"))
}

/// What lifecycles put between them is theirs; the directory of the launcher is usual.
fn the_path_of_processes_comes_first(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let mut run_image = scene.run_image();
    run_image.config["config"]["Env"] = json!(["PATH=/of/base:/bin"]);
    scene.analyzed(&scene.put("run", &run_image));
    let image = scene.export()?;
    let path = image.env("PATH").unwrap_or_default();
    ensure("PATH begins with the processes", path.starts_with("/cnb/process:"), path)?;
    ensure("PATH ends with that of the run image", path.ends_with(":/of/base:/bin"), path)
}

fn the_working_directory_is_the_app_s(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let mut run_image = scene.run_image();
    run_image.config["config"]["WorkingDir"] = json!("/of/base");
    scene.analyzed(&scene.put("run", &run_image));
    scene.rename("/workspace", "/home/user/app");
    let image = export(scene, &["-app", "/home/user/app"])?;
    same("the working directory", at(&image.config, "/config/WorkingDir"), json!("/home/user/app"))
}

fn a_variable_tells_the_platform_api(scene: &Scene<'_>) -> Verdict {
    scene.built();
    equal("CNB_PLATFORM_API", &scene.export()?.env("CNB_PLATFORM_API"), &Some(scene.platform.as_str()))
}

fn a_variable_silences_warnings_of_deprecation(scene: &Scene<'_>) -> Verdict {
    scene.built();
    equal("CNB_DEPRECATION_MODE", &scene.export()?.env("CNB_DEPRECATION_MODE"), &Some("quiet"))
}
