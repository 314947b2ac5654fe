use std::ffi::OsString;
use std::path::Path;

use platform_api::{ExitCode, Input, Phase, PhaseError};
use spec_model::PlatformApi;

use super::Inputs;
use crate::{InputError, arguments};

fn resolve(
    phase: Phase,
    api: PlatformApi,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<Inputs, InputError> {
    let line = arguments::parse(phase, api, arguments.iter().map(OsString::from)).unwrap();
    let environment = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
    Inputs::resolve(phase, api, line, environment)
}

#[test]
fn flags_win_over_variables_and_variables_over_defaults() {
    let variables = [("CNB_LAYERS_DIR", "/var"), ("CNB_GROUP_PATH", "/g.toml"), ("CNB_PLAN_PATH", "")];
    let inputs = resolve(Phase::Builder, PlatformApi::V0_12, &["-layers", "/flag"], &variables).unwrap();
    assert_eq!(inputs.path(Input::Layers), Path::new("/flag"));
    assert_eq!(inputs.path(Input::Group), Path::new("/g.toml"));
    assert_eq!(inputs.path(Input::Plan), Path::new("/flag/plan.toml"));
    assert_eq!(inputs.path(Input::Platform), Path::new("/platform"));
    assert_eq!(inputs.text(Input::LogLevel), Some("info"));
    assert_eq!(inputs.optional_path(Input::CacheDir), None);
}

#[test]
fn variables_of_other_versions_are_ignored() {
    let variables = [("CNB_EXEC_ENV", "test"), ("CNB_INSECURE_REGISTRIES", "a,b")];
    let old = resolve(Phase::Exporter, PlatformApi::V0_12, &["image"], &variables).unwrap();
    assert_eq!(old.text(Input::ExecEnv), Some("production"));
    assert!(old.list(Input::InsecureRegistry).is_empty());
    let new = resolve(Phase::Exporter, PlatformApi::V0_15, &["image"], &variables).unwrap();
    assert_eq!(new.text(Input::ExecEnv), Some("test"));
    assert_eq!(new.list(Input::InsecureRegistry), ["a", "b"]);
}

#[test]
fn the_creator_heeds_the_variables_of_the_phases_it_runs() {
    let variables = [("CNB_GROUP_PATH", "/g.toml"), ("CNB_SKIP_LAYERS", "1")];
    let inputs = resolve(Phase::Creator, PlatformApi::V0_12, &["image"], &variables).unwrap();
    assert_eq!(inputs.path(Input::Group), Path::new("/g.toml"));
    assert!(inputs.switch(Input::SkipLayers));
    assert!(!inputs.switch(Input::SkipRestore));
}

#[test]
fn the_order_lies_in_the_layers_directory_if_it_is_there() {
    let layers = tempfile::tempdir().unwrap();
    let flags = ["-layers", layers.path().to_str().unwrap()];
    let order = |flags: &[&str]| {
        let inputs = resolve(Phase::Detector, PlatformApi::V0_7, flags, &[]).unwrap();
        inputs.path(Input::Order).to_owned()
    };
    assert_eq!(order(&flags), Path::new("/cnb/order.toml"));
    fs_err::write(layers.path().join("order.toml"), "").unwrap();
    assert_eq!(order(&flags), layers.path().join("order.toml"));
}

#[test]
fn paths_are_absolute_and_clean() {
    let flags = ["-app", "/a/./b/../c/", "-layers", "rel"];
    let inputs = resolve(Phase::Builder, PlatformApi::V0_12, &flags, &[]).unwrap();
    assert_eq!(inputs.path(Input::App), Path::new("/a/c"));
    assert_eq!(inputs.path(Input::Layers), std::env::current_dir().unwrap().join("rel"));
}

#[test]
fn the_number_of_arguments_is_checked() {
    for (phase, arguments) in [
        (Phase::Analyzer, &[][..]),
        (Phase::Analyzer, &["a", "b"]),
        (Phase::Exporter, &[]),
        (Phase::Detector, &["a"]),
        (Phase::Analyzer, &[""]),
    ] {
        let error = resolve(phase, PlatformApi::V0_15, arguments, &[]).unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::InvalidArguments, "{error}");
    }
}

#[test]
fn ids_are_numbers() {
    let inputs = resolve(Phase::Exporter, PlatformApi::V0_7, &["-uid", "7", "i"], &[("CNB_GROUP_ID", "8")]);
    assert_eq!(inputs.unwrap().owner(), (7, 8));
    for variables in [[("CNB_USER_ID", "root")], [("CNB_USER_ID", "-1")], [("CNB_USER_ID", "4294967296")]] {
        let error = resolve(Phase::Exporter, PlatformApi::V0_7, &["i"], &variables).unwrap_err();
        assert!(error.to_string().contains("-uid (CNB_USER_ID)"), "{error}");
    }
}

#[test]
fn the_layout_form_has_to_be_allowed_and_placed() {
    let flags = ["-layout", "-layout-dir", "/l", "i"];
    let code = |flags: &[&str], mode: &[(&str, &str)]| {
        resolve(Phase::Exporter, PlatformApi::V0_12, flags, mode)
            .map(|_| ())
            .map_err(|error| error.exit_code())
    };
    assert_eq!(code(&flags, &[]), Err(ExitCode::Failed));
    assert_eq!(code(&flags, &[("CNB_EXPERIMENTAL_MODE", "error")]), Err(ExitCode::Failed));
    for mode in ["warn", "silent", "quiet"] {
        assert_eq!(code(&flags, &[("CNB_EXPERIMENTAL_MODE", mode)]), Ok(()));
    }
    let silent = [("CNB_EXPERIMENTAL_MODE", "silent")];
    assert_eq!(code(&["-layout", "i"], &silent), Err(ExitCode::InvalidArguments));
}

#[test]
fn the_exporter_says_where_the_run_image_comes_from() {
    let error = resolve(Phase::Exporter, PlatformApi::V0_12, &["-run-image", "r", "i"], &[]).unwrap_err();
    assert!(error.to_string().contains("analyzed.toml"), "{error}");
    assert!(resolve(Phase::Exporter, PlatformApi::V0_12, &["i"], &[("CNB_RUN_IMAGE", "r")]).is_ok());
}

#[test]
fn text_has_to_be_text() {
    use std::os::unix::ffi::OsStringExt;
    let line = arguments::CommandLine {
        flags: [(Input::PreviousImage, vec![OsString::from_vec(vec![0xff])])].into(),
        arguments: vec!["i".into()],
    };
    let error = Inputs::resolve(Phase::Analyzer, PlatformApi::V0_12, line, Vec::new()).unwrap_err();
    assert!(error.to_string().contains("not UTF-8"), "{error}");
}

#[test]
fn execution_environments_have_names_without_slash() {
    let error = resolve(Phase::Builder, PlatformApi::V0_15, &[], &[("CNB_EXEC_ENV", "a/b")]).unwrap_err();
    assert!(error.to_string().contains("CNB_EXEC_ENV has the value 'a/b'"), "{error}");
    assert!(resolve(Phase::Builder, PlatformApi::V0_14, &[], &[("CNB_EXEC_ENV", "a/b")]).is_ok());
}
