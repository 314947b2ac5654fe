//! What goes wrong, and what is left then.

use platform_api::PhaseError;

use crate::support::{Fixture, is_root};

fn is_empty(fixture: &Fixture) -> bool {
    fs_err::read_dir(fixture.inputs.extended.join("run")).map_or(0, Iterator::count) == 0
}

#[test]
fn a_failing_step_is_told_with_its_line_and_leaves_no_image() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "LABEL a=b");
    fixture.extend();
    fixture.generated(
        "x/run.Dockerfile",
        "FROM ${base_image}\nRUN echo 1 > /opt/new\n\nRUN exit 3\nRUN echo > /opt/never\n",
    );
    let error = fixture.try_extend().unwrap_err();
    assert_eq!(error.exit_code().code(), 102);
    let message = error.to_string();
    for part in ["x/run.Dockerfile: line 4: RUN exit 3", "exit status: 3"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(is_empty(&fixture), "the older image is gone too");
    assert!(!fixture.in_root("opt/never").exists());
}

#[test]
fn nothing_runs_if_anything_is_refused() {
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "RUN echo > /opt/ran").extension("y", "RUN true\nCOPY --from=x a b");
    let error = fixture.try_extend().unwrap_err();
    assert_eq!(error.exit_code().code(), 102);
    assert!(error.to_string().contains("y/run.Dockerfile: line 4: COPY --from"), "{error}");
    assert!(!fixture.in_root("opt/ran").exists());
}

#[test]
fn a_run_image_must_not_end_up_as_root() {
    for instructions in ["USER root", "USER 0:1000", "USER root\nUSER 00"] {
        let mut fixture = Fixture::run_image();
        fixture.extension("x", &format!("RUN echo > /opt/ran\n{instructions}"));
        let error = fixture.try_extend().unwrap_err();
        assert_eq!(error.exit_code().code(), 102);
        assert!(error.to_string().contains("as root") && error.hint().is_some(), "{error}");
        assert!(!fixture.in_root("opt/ran").exists() && is_empty(&fixture));
    }
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "USER root").extension("y", "USER cnb");
    fixture.extend();
}

#[test]
fn processes_that_a_step_leaves_behind_end_with_it() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "USER root\nRUN (while true; do echo > /opt/left; rm -f /opt/left; done) & echo $$ > /opt/group\nUSER cnb");
    fixture.extend();
    let group = fixture.text("opt/group");
    assert!(!std::path::Path::new("/proc").join(group.trim()).exists());
    assert_eq!(fixture.layers().concat().iter().filter(|name| *name == "opt/group").count(), 1);
}

#[test]
fn commands_that_cannot_start_are_named() {
    if !is_root() {
        return;
    }
    for (instructions, part) in [
        ("RUN [\"/no/such\"]", "'/no/such' cannot be started"),
        ("SHELL [\"bash\", \"-c\"]\nRUN true", "'bash' cannot be started"),
        ("USER nobody\nRUN true", "no user 'nobody'"),
        ("USER cnb:none\nRUN true", "no group 'none'"),
        ("COPY --chown=none file /x", "no user 'none'"),
    ] {
        let mut fixture = Fixture::run_image();
        fixture.extension("x", instructions);
        let message = fixture.failure();
        assert!(message.contains(part), "{instructions}: {message}");
    }
}

#[test]
fn a_base_image_that_is_not_there_is_told() {
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "RUN true");
    fixture.inputs.base_image = format!("reg.example/base@sha256:{}", "0".repeat(64));
    let error = fixture.try_extend().unwrap_err();
    assert!(
        error.to_string().contains("cache/base/sha256:000") && error.hint().unwrap().contains("restorer"),
        "{error}"
    );
    for reference in ["", "reg.example/base:tag"] {
        fixture.inputs.base_image = reference.to_owned();
        let error = fixture.try_extend().unwrap_err();
        assert!(error.to_string().contains("names no run image by digest"), "{error}");
    }
}

#[test]
fn dockerfiles_that_the_specification_forbids_are_refused() {
    for (text, part) in [
        ("FROM a\nFROM b", "line 2: a second FROM"),
        ("RUN x", "no FROM"),
        ("FROM ${base_image}\nRUN <<E\n", "'E' has no end"),
        ("FROM ${base_image}\nFETCH x", "no instruction FETCH"),
    ] {
        let mut fixture = Fixture::run_image();
        fixture.extension("x", "");
        fixture.generated("x/run.Dockerfile", text);
        let message = fixture.failure();
        assert!(message.contains(part), "{text}: {message}");
    }
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "").extension("y", "");
    fixture.generated("y/run.Dockerfile", "FROM reg.example/other\nRUN x");
    assert!(fixture.failure().contains("only the first Dockerfile"));
}
