//! Files and labels that are malformed, of other types, or huge.

use test_kit::ImageFixture;

use super::{in_order, refuses, within};
use crate::scene::{Phase, Run, Scene};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(malformed_files_are_refused_by_the_detector),
        test!(malformed_files_are_refused_by_the_builder),
        test!(malformed_files_are_refused_by_the_exporter).with_images(),
        test!(malformed_files_are_refused_by_the_restorer),
        test!(malformed_files_are_refused_by_the_launcher),
        test!(malformed_files_of_buildpacks_are_refused),
        test!(values_of_other_types_are_refused),
        test!(huge_files_are_survived),
        test!(labels_that_are_no_json_are_survived).with_images(),
        test!(a_label_that_is_no_json_stops_a_rebase).on(&[Store::Registry]),
    ]
}

/// What no parser of TOML takes.
const MALFORMED: [&[u8]; 6] =
    [b"= nonsense", b"[[group]", b"a = 1\na = 2\n", b"\xff\xfe\x00", b"a = \"\\u0000", b"\0"];

/// So many arrays in arrays that a parser which calls itself runs out of its stack.
fn nested() -> Vec<u8> {
    [b"a = ".to_vec(), vec![b'['; 200_000]].concat()
}

/// Each text in a file makes a phase fail.
fn are_refused<'s>(scene: &'s Scene<'_>, file: &str, name: &str, phase: impl Fn() -> Phase<'s>) -> Verdict {
    for text in MALFORMED.iter().map(|text| text.to_vec()).chain([nested()]) {
        scene.write(file, text);
        refuses(&within(phase(), 20)?, name)?;
    }
    Ok(())
}

fn buildpack(scene: &Scene<'_>) {
    scene.detected(&[scene.new_buildpack("of/tests")]);
    scene.order(&[&["of/tests"]]);
}

fn malformed_files_are_refused_by_the_detector(scene: &Scene<'_>) -> Verdict {
    for file in ["/cnb/order.toml", "/cnb/buildpacks/of_tests/1.0.0/buildpack.toml"] {
        buildpack(scene);
        are_refused(scene, file, "detector", || scene.phase("detector"))?;
    }
    Ok(())
}

fn malformed_files_are_refused_by_the_builder(scene: &Scene<'_>) -> Verdict {
    for file in ["/layers/group.toml", "/layers/plan.toml", "/cnb/buildpacks/of_tests/1.0.0/buildpack.toml"] {
        buildpack(scene);
        are_refused(scene, file, "builder", || scene.phase("builder"))?;
    }
    Ok(())
}

fn malformed_files_are_refused_by_the_exporter(scene: &Scene<'_>) -> Verdict {
    for file in ["group.toml", "analyzed.toml", "config/metadata.toml", "of_tests/layer.toml"] {
        scene.built();
        scene.make_directory("/layers/of_tests/layer");
        let exporter = || scene.phase("exporter").arg(scene.reference("app"));
        are_refused(scene, &format!("/layers/{file}"), "exporter", exporter)?;
    }
    Ok(())
}

/// What is known of the previous image may be done without.
fn malformed_files_are_refused_by_the_restorer(scene: &Scene<'_>) -> Verdict {
    buildpack(scene);
    are_refused(scene, "/layers/group.toml", "restorer", || scene.phase("restorer"))?;
    buildpack(scene);
    for text in MALFORMED.iter().map(|text| text.to_vec()).chain([nested()]) {
        scene.write("/layers/analyzed.toml", text);
        checked(&within(scene.phase("restorer"), 20)?, "restorer")?;
    }
    Ok(())
}

fn malformed_files_are_refused_by_the_launcher(scene: &Scene<'_>) -> Verdict {
    are_refused(scene, "/layers/config/metadata.toml", "launcher", || scene.phase("launcher"))
}

/// What a buildpack wrote in its layers directory.
fn malformed_files_of_buildpacks_are_refused(scene: &Scene<'_>) -> Verdict {
    for file in ["launch.toml", "store.toml", "build.toml", "layer.toml"] {
        buildpack(scene);
        let script = format!("mkdir -p \"$1/layer\"; cp /in/file \"$1/{file}\"");
        scene.detected(&[scene.new_buildpack("of/tests").build(&script)]);
        are_refused(scene, "/in/file", "builder", || scene.phase("builder"))?;
        scene.remove("/layers/of_tests");
    }
    Ok(())
}

fn values_of_other_types_are_refused(scene: &Scene<'_>) -> Verdict {
    let cases: [(&str, &str, &[&str]); 4] = [
        (
            "detector",
            "/cnb/order.toml",
            &["order = 7", "[order]\ngroup = 'text'", "[[order]]\n[[order.group]]\nid = 7"],
        ),
        (
            "builder",
            "/layers/group.toml",
            &["group = 7", "group = 'text'", "[[group]]\nid = ['a']", "[group]\nid = 'a'"],
        ),
        ("builder", "/layers/plan.toml", &["entries = 7", "[[entries]]\nrequires = 'text'"]),
        (
            "launcher",
            "/layers/config/metadata.toml",
            &["processes = 7", "[[processes]]\ntype = 7", "processes = 'web'"],
        ),
    ];
    for (name, file, texts) in cases {
        for text in texts {
            buildpack(scene);
            scene.write(file, text);
            refuses(&scene.phase(name).run()?, name)?;
        }
    }
    Ok(())
}

/// A file of 8 MB, and one of 50,000 tables.
fn huge_files_are_survived(scene: &Scene<'_>) -> Verdict {
    let texts = [format!("a = '{}'\n", "x".repeat(8_000_000)), "[[a]]\nb = 1\n".repeat(50_000)];
    for text in texts {
        for (name, file) in [
            ("detector", "/cnb/order.toml"),
            ("builder", "/layers/plan.toml"),
            ("builder", "/layers/group.toml"),
        ] {
            buildpack(scene);
            scene.write(file, &text);
            in_order(&within(scene.phase(name), 20)?)?;
        }
    }
    Ok(())
}

const METADATA: &str = "io.buildpacks.lifecycle.metadata";

fn labels() -> [String; 7] {
    let nested = "[".repeat(100_000);
    ["no JSON", "", "[]", "null", r#"{"buildpacks": 7}"#, r#"{"runImage": "text", "sbom": []}"#, &nested]
        .map(str::to_owned)
}

/// The previous image's label is not the lifecycle's own work; a build goes on or fails, but in order.
fn labels_that_are_no_json_are_survived(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    for label in labels() {
        let app = scene.put("app", &scene.run_image().label(METADATA, &label));
        let phase =
            |name: &str| scene.phase(name).args(&["-run-image", &run_image.name]).arg(&app.name).run();
        checked(&phase("analyzer")?, "analyzer")?;
        scene.built();
        let analyzed = scene.read("/layers/analyzed.toml")?;
        scene.write(
            "/layers/analyzed.toml",
            format!("{analyzed}\n[image]\nreference = '{}'\n", app.reference),
        );
        checked(&scene.phase("restorer").run()?, "restorer")?;
        checked(&scene.run_exporter()?, "exporter")?;
    }
    Ok(())
}

fn checked(run: &Run, phase: &str) -> Verdict {
    in_order(run)?;
    if run.code() == Some(0) { Ok(()) } else { refuses(run, phase).map(drop) }
}

fn a_label_that_is_no_json_stops_a_rebase(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.put("run", &scene.run_image());
    for label in labels() {
        let app: ImageFixture = scene.run_image().label(METADATA, &label);
        let app = scene.put("app", &app);
        let run = scene.phase("rebaser").args(&["-run-image", &run_image.name, &app.name]).run()?;
        refuses(&run, "rebaser")?;
        equal("the image", &scene.image("app")?.digest, &app.digest)?;
    }
    Ok(())
}
