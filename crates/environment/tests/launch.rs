//! The environment of launched processes. Spec: buildpack.md § Environment, platform.md § Launch Environment.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod support;

use std::ffi::OsString;

use environment::LaunchEnvironment;
use support::{directory, lines, process};

fn of(variables: &[&str]) -> LaunchEnvironment {
    LaunchEnvironment::from_process(process(variables))
}

#[test]
fn what_is_meant_for_the_launcher_is_taken_away() {
    let environment = of(&[
        "CNB_LAYERS_DIR=1",
        "CNB_APP_DIR=2",
        "CNB_PROCESS_TYPE=3",
        "CNB_PLATFORM_API=4",
        "CNB_DEPRECATION_MODE=5",
        "CNB_EXEC_ENV=production",
        "BPL_X=a=b",
        "EMPTY=",
    ]);
    assert_eq!(lines(environment.variables()), ["BPL_X=a=b", "CNB_EXEC_ENV=production", "EMPTY="]);
}

#[test]
fn directories_of_the_launcher_are_cut_from_path() {
    for (given, expected) in [
        ("/cnb/process:/usr/bin:/cnb/lifecycle:/bin:/cnb/process", "/usr/bin:/bin"),
        ("/cnb/process/:/cnb/process/web:/bin", "/cnb/process/:/cnb/process/web:/bin"),
        (":/bin::", ":/bin::"),
        ("/cnb/process", ""),
        ("", ""),
    ] {
        let environment = of(&[&format!("PATH={given}")]);
        assert_eq!(environment.variables().get("PATH"), Some(OsString::from(expected).as_ref()), "{given}");
    }
    assert_eq!(of(&["A=1"]).variables().get("PATH"), None);
}

#[test]
fn only_bin_and_lib_of_a_layer_count() {
    let layer = directory(&["bin/x", "lib/x", "include/x", "pkgconfig/x"].map(|path| (path, "")));
    let mut environment = of(&["PATH=/bin"]);
    environment.apply_layer_root(layer.path()).unwrap();
    let root = layer.path().display();
    assert_eq!(
        lines(environment.variables()),
        [format!("LD_LIBRARY_PATH={root}/lib"), format!("PATH={root}/bin:/bin")]
    );
}

#[test]
fn variables_of_the_process_type_come_last() {
    let layer = directory(&[
        ("env/A.append", "1"),
        ("env.build/A.append", "not at launch"),
        ("env.launch/A.append", "2"),
        ("env.launch/web/A.append", "3"),
        ("env.launch/web/B", "of web"),
        ("env.launch/other/A", "not for web"),
    ]);
    let mut environment = of(&[]);
    environment.apply_layer_variables(layer.path(), Some("web".as_ref())).unwrap();
    assert_eq!(lines(environment.variables()), ["A=123", "B=of web"]);
    let mut environment = of(&["A=0"]);
    environment.apply_layer_variables(layer.path(), None).unwrap();
    environment.set("C", "set");
    assert_eq!(lines(environment.variables()), ["A=012", "C=set"]);
}
