//! Image extensions: what they are given, what becomes of what they generate.

use spec_model::PlatformApi;
use spec_model::analyzed::Analyzed;

use crate::support::{Fixture, plan};

const EXTENDING: &str = "printf 'ARG base_image\\nFROM ${base_image}\\nRUN true\\n'";

/// A fixture with buildpack `a` and extensions of these names and `bin/generate`.
fn fixture(extensions: &[(&str, &str)]) -> Fixture {
    let mut fixture = Fixture::new();
    fixture.buildpack("a", "");
    for (id, generate) in extensions {
        fixture.extension(id, &[("detect", ""), ("generate", generate)]);
    }
    let ids: Vec<&str> = extensions.iter().map(|(id, _)| *id).collect();
    fixture.order_with_extensions(&["a"], &[&ids.join(" ")]);
    fixture
}

fn analyzed(fixture: &Fixture) -> Analyzed {
    toml_file::read(&fixture.inputs.analyzed).unwrap()
}

#[test]
fn generate_gets_its_directories_and_its_part_of_the_plan() {
    let mut fixture = Fixture::new();
    let seen = fixture.scratch.path("seen");
    let tell = format!(
        "{{ echo \"$@\"; env; cat \"$3\"; }} > {}; test \"$1 $2 $3\" = \"$CNB_OUTPUT_DIR $CNB_PLATFORM_DIR $CNB_BP_PLAN_PATH\"",
        seen.display()
    );
    fixture.extension("x", &[("detect", &plan("+n +unused | +n")), ("generate", &tell)]);
    fixture.buildpack("p", &plan("+own")).buildpack("a", &plan("-n -own"));
    fixture.order_with_extensions(&["p a"], &["x"]).detect().unwrap();
    let seen = fixture.scratch.read("seen");
    for line in [
        format!("CNB_EXTENSION_DIR={}", fixture.inputs.extensions.join("x/1.0.0").display()),
        format!("CNB_OUTPUT_DIR={}", fixture.inputs.generated.join("x").display()),
        format!("PWD={}", fixture.inputs.app.display()),
        "CNB_TARGET_OS=linux".to_owned(),
        "CNB_EXEC_ENV=production".to_owned(),
        "[[entries]]".to_owned(),
        "  name = \"n\"".to_owned(),
    ] {
        assert!(seen.lines().any(|seen| seen == line), "{line}: {seen}");
    }
    assert!(!seen.contains("CNB_BUILDPACK_DIR") && !seen.contains("own"), "{seen}");
    let plan = fixture.file("layers/plan.toml").unwrap();
    assert!(plan.contains("own") && !plan.contains("\"n\""), "{plan}");
}

#[test]
fn dockerfiles_and_contexts_lie_by_extension() {
    let both = format!(
        "cd $1; {EXTENDING} | tee build.Dockerfile > run.Dockerfile; mkdir context.run context.build; echo c > context.run/c"
    );
    let mut fixture = fixture(&[("x", &both)]);
    fixture.scratch.write("layers/generated/x/stale.Dockerfile", "from an earlier run");
    fixture.detect().unwrap();
    assert_eq!(
        fixture.files("layers/generated"),
        ["x/build.Dockerfile", "x/context.run/c", "x/run.Dockerfile"]
    );
    let run_image = analyzed(&fixture).run_image.unwrap();
    assert_eq!((run_image.image.as_str(), run_image.extend), ("reg.example/run", true));
    assert!(run_image.target.is_some());
}

#[test]
fn before_platform_api_0_13_dockerfiles_lie_by_image() {
    let both =
        format!("cd $1; {EXTENDING} | tee build.Dockerfile > run.Dockerfile; echo > extend-config.toml");
    let mut fixture = fixture(&[("x", &both), ("y", "echo FROM reg.example/new > $1/run.Dockerfile")]);
    fixture.inputs.platform_api = PlatformApi::V0_12;
    fixture.detect().unwrap();
    assert_eq!(
        fixture.files("layers/generated"),
        [
            "build/x/Dockerfile",
            "build/x/extend-config.toml",
            "run/x/Dockerfile.ignore",
            "run/x/extend-config.toml",
            "run/y/Dockerfile",
        ]
    );
    assert_eq!(analyzed(&fixture).run_image.unwrap().image, "reg.example/new");
}

#[test]
fn the_last_switch_of_the_run_image_counts() {
    let mut fixture = fixture(&[
        ("x", "echo FROM reg.example/one > $1/run.Dockerfile"),
        ("y", "echo FROM reg.example/two > $1/run.Dockerfile"),
        ("z", &format!("{EXTENDING} > $1/run.Dockerfile")),
    ]);
    fixture.detect().unwrap();
    assert_eq!(
        fixture.files("layers/generated"),
        ["x/run.Dockerfile.ignore", "y/run.Dockerfile", "z/run.Dockerfile"]
    );
    let run_image = analyzed(&fixture).run_image.unwrap();
    assert_eq!(
        (run_image.image.as_str(), run_image.extend, &run_image.target),
        ("reg.example/two", true, &None)
    );
    let log = fixture.log_text();
    assert!(log.contains("Run image switched to 'reg.example/two' by image extension y@1.0.0"), "{log}");
    assert!(log.contains("WARN run image 'reg.example/two' is not listed"), "{log}");
    fixture.scratch.write("run.toml", "[[images]]\nimage = 'x.example/run'\nmirrors = ['reg.example/two']");
    fixture.detect().unwrap();
    assert!(!fixture.log_text().contains("WARN"), "{}", fixture.log_text());
}

#[test]
fn a_switch_to_the_current_run_image_changes_nothing() {
    let mut fixture = fixture(&[("x", "echo FROM reg.example/run > $1/run.Dockerfile")]);
    let before = analyzed(&fixture);
    fixture.detect().unwrap();
    assert_eq!(analyzed(&fixture), before);
}

#[test]
fn an_extension_may_bring_its_output_along() {
    let mut fixture = fixture(&[]);
    fixture.extension("x", &[]).buildpack("a", &plan("-n"));
    fixture.scratch.write("extensions/x/1.0.0/detect/plan.toml", "[[provides]]\nname = 'n'");
    fixture.scratch.write("extensions/x/1.0.0/generate/run.Dockerfile", "FROM reg.example/new");
    fixture.order_with_extensions(&["a"], &["x"]).detect().unwrap();
    assert_eq!(analyzed(&fixture).run_image.unwrap().image, "reg.example/new");
    assert!(fixture.files("layers/generated").is_empty(), "the extender has nothing to do");
    fixture.scratch.write(
        "extensions/x/1.0.0/generate/build.Dockerfile",
        "ARG base_image\nFROM ${base_image}\nCOPY tool /usr/bin/tool",
    );
    fixture.scratch.write("extensions/x/1.0.0/generate/context/tool", "");
    fixture.detect().unwrap();
    assert_eq!(
        fixture.files("layers/generated"),
        ["x/build.Dockerfile", "x/context/tool", "x/run.Dockerfile"]
    );
    assert_eq!(fixture.files("extensions/x/1.0.0/generate").len(), 3, "what is brought along stays as it is");
}

#[test]
fn a_failing_generate_ends_with_91() {
    let mut fixture = fixture(&[("x", "echo no luck; exit 3")]);
    let (status, message) = fixture.failure();
    assert_eq!(status, 91);
    assert!(message.contains("x@1.0.0") && message.contains("exit status: 3"), "{message}");
    assert!(fixture.file("layers/group.toml").is_some(), "the group is known");
    fixture.scratch.write("extensions/x/1.0.0/bin/generate", "");
    fs_err::set_permissions(
        fixture.scratch.path("extensions/x/1.0.0/bin/generate"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let (status, message) = fixture.failure();
    assert_eq!((status, message.contains("not executable")), (91, true), "{message}");
}

#[test]
fn output_that_cannot_be_used_ends_with_92() {
    for (generate, parts) in [
        (
            "printf 'FROM a\\nFROM b' > run.Dockerfile",
            &["x@1.0.0", "run.Dockerfile: line 2: a second FROM"][..],
        ),
        ("printf 'FROM a' > build.Dockerfile", &["build.Dockerfile: line 1: it must begin"]),
        ("mkfifo run.Dockerfile", &["run.Dockerfile", "not a regular file"]),
        (
            "printf '[[build.args]]\\nname=\"user_id\"' > extend-config.toml",
            &["extend-config.toml", "'user_id'"],
        ),
        (
            "printf '[[run.args]]\\nname=1' > extend-config.toml",
            &["extend-config.toml: line 2", "run.args[0].name"],
        ),
        ("mkdir context context.run", &["context", "context.run"]),
    ] {
        let mut fixture = fixture(&[("x", &format!("cd $1; {generate}"))]);
        let before = fixture.file("layers/analyzed.toml");
        let (status, message) = fixture.failure();
        assert_eq!(status, 92, "{generate}: {message}");
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in: {message}");
        }
        assert_eq!(fixture.file("layers/analyzed.toml"), before, "the run image stays as it was");
    }
}

#[test]
fn a_malformed_run_toml_is_told() {
    let mut fixture = fixture(&[("x", "")]);
    fixture.scratch.write("run.toml", "images = 1");
    let (status, message) = fixture.failure();
    assert_eq!((status, message.contains("run.toml: line 1")), (1, true), "{message}");
}

#[test]
fn instructions_without_effect_are_remarked() {
    let generate = "printf 'FROM reg.example/new\\nENTRYPOINT x\\n' > $1/run.Dockerfile";
    let mut fixture = fixture(&[("x", generate)]);
    fixture.inputs.platform_api = PlatformApi::V0_11;
    fixture.detect().unwrap();
    let log = fixture.log_text();
    assert!(log.contains("run.Dockerfile: line 2: ENTRYPOINT is not recommended"), "{log}");
    assert!(log.contains("Platform API 0.11 does not extend run images"), "{log}");
}

#[test]
fn an_experimental_use_of_extensions_is_asked_for() {
    let mut fixture = fixture(&[("x", "")]);
    let refuse = |feature| Err(phase_shell::InputError::Experimental { feature });
    for (api, is_refused) in [(PlatformApi::V0_12, true), (PlatformApi::V0_13, false)] {
        fixture.inputs.platform_api = api;
        assert_eq!(detector::detect(&fixture.inputs, &refuse).is_err(), is_refused, "{api}");
    }
}
