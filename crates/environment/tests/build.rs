//! The environment of buildpacks. Spec: buildpack.md § Environment, platform.md § Buildpack Environment.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod support;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use environment::{BuildEnvironment, EnvironmentError};
use support::{directory, lines, process, write};

fn of(variables: &[&str]) -> BuildEnvironment {
    BuildEnvironment::from_process(process(variables))
}

fn all(environment: &BuildEnvironment) -> Vec<String> {
    lines(&environment.with_platform_and_operator(None, None).unwrap())
}

/// The variables after a layer with the given files.
fn after_layer(variables: &[&str], files: &[(&str, &str)]) -> Vec<String> {
    let layer = directory(files);
    let mut environment = of(variables);
    environment.apply_layer(layer.path()).unwrap();
    all(&environment)
}

#[test]
fn only_named_variables_pass_from_the_lifecycle() {
    let passing = [
        "CNB_STACK_ID=stack=1",
        "CPATH=c",
        "HOME=h",
        "HOSTNAME=n",
        "HTTPS_PROXY=1",
        "HTTP_PROXY=2",
        "LD_LIBRARY_PATH=l",
        "LIBRARY_PATH=m",
        "NO_PROXY=3",
        "PATH=p",
        "PKG_CONFIG_PATH=g",
        "http_proxy=4",
        "https_proxy=5",
        "no_proxy=6",
    ];
    let kept_back = ["CNB_REGISTRY_AUTH={}", "CNB_PLATFORM_API=0.15", "path=x", "USER=u", "ALL_PROXY=7"];
    let given: Vec<&str> = kept_back.iter().chain(&passing).copied().collect();
    assert_eq!(all(&of(&given)), passing);
}

#[test]
fn suffixes_choose_the_modification() {
    let variables = after_layer(
        &["HOME=home", "HOSTNAME=host", "CNB_STACK_ID=stack", "http_proxy=proxy", "no_proxy=none"],
        &[
            ("env/HOME.append", "+a"),
            ("env/NEW_APPEND.append", "a"),
            ("env/HOSTNAME.prepend", "p+"),
            ("env/NEW_PREPEND.prepend", "p"),
            ("env/CNB_STACK_ID.override", "o\n"),
            ("env/NEW_OVERRIDE.override", "o"),
            ("env/http_proxy", "plain"),
            ("env/NEW_PLAIN", "plain"),
            ("env/no_proxy.default", "d"),
            ("env/NEW_DEFAULT.default", "d"),
        ],
    );
    assert_eq!(
        variables,
        [
            "CNB_STACK_ID=o\n",
            "HOME=home+a",
            "HOSTNAME=p+host",
            "NEW_APPEND=a",
            "NEW_DEFAULT=d",
            "NEW_OVERRIDE=o",
            "NEW_PLAIN=plain",
            "NEW_PREPEND=p",
            "http_proxy=plain",
            "no_proxy=none",
        ]
    );
}

#[test]
fn a_delimiter_stands_between_values_of_its_directory() {
    let files = [
        ("env/HOME.append", "a"),
        ("env/HOME.prepend", "p"),
        ("env/HOME.delim", "[]"),
        ("env/NEW.append", "a"),
        ("env/NEW.delim", "[]"),
        ("env/ONLY.delim", "[]"),
        ("env.build/HOME.append", "b"),
    ];
    assert_eq!(after_layer(&["HOME=h"], &files), ["HOME=p[]h[]ab", "NEW=a"]);
}

#[test]
fn files_apply_in_the_order_of_their_names() {
    let files =
        [("env/A.append", "1"), ("env/A.default", "2"), ("env/A.override", "3"), ("env/A.prepend", "4")];
    assert_eq!(after_layer(&[], &files), ["A=43"]);
    assert_eq!(after_layer(&[], &files[..2]), ["A=1"]);
}

#[test]
fn names_that_say_nothing_are_ignored() {
    let files = [
        ("env/A.other", "x"),
        ("env/B.append.bak", "x"),
        ("env/C.", "x"),
        ("env/D.APPEND", "x"),
        ("env/.override", "x"),
        ("env/E=F", "x"),
        ("env/directory/G", "x"),
        ("env.launch/H", "x"),
    ];
    assert_eq!(after_layer(&[], &files), Vec::<String>::new());
}

#[test]
fn directories_of_a_layer_go_in_front_of_path_variables() {
    let files = ["bin/x", "lib/x", "include/x", "pkgconfig/x"].map(|path| (path, ""));
    let layer = directory(&files);
    let mut environment = of(&["PATH=/bin", "LIBRARY_PATH="]);
    environment.apply_layer(layer.path()).unwrap();
    let root = layer.path().display();
    assert_eq!(
        all(&environment),
        [
            format!("CPATH={root}/include"),
            format!("LD_LIBRARY_PATH={root}/lib"),
            format!("LIBRARY_PATH={root}/lib"),
            format!("PATH={root}/bin:/bin"),
            format!("PKG_CONFIG_PATH={root}/pkgconfig"),
        ]
    );
}

#[test]
fn variable_files_apply_behind_the_directories_of_their_layer() {
    let layer = directory(&[("bin/x", ""), ("env/PATH.prepend", "/first"), ("env/PATH.delim", ":")]);
    let mut environment = of(&["PATH=/bin"]);
    environment.apply_layer(layer.path()).unwrap();
    assert_eq!(all(&environment), [format!("PATH=/first:{}/bin:/bin", layer.path().display())]);
}

#[test]
fn later_layers_go_in_front_and_override() {
    let layers = directory(&[
        ("one/env/ALL.append", "1"),
        ("one/env/FIRST.default", "1"),
        ("one/env/LAST", "1"),
        ("one/env.build/REVERSE.prepend", "1"),
        ("two/env/ALL.append", "2"),
        ("two/env/FIRST.default", "2"),
        ("two/env/LAST", "2"),
        ("two/env.build/REVERSE.prepend", "2"),
    ]);
    let mut environment = of(&[]);
    for layer in ["one", "two"] {
        environment.apply_layer(&layers.path().join(layer)).unwrap();
    }
    assert_eq!(all(&environment), ["ALL=12", "FIRST=1", "LAST=2", "REVERSE=21"]);
}

#[test]
fn user_variables_are_in_front_of_path_variables_and_replace_others() {
    let platform = directory(&[
        ("env/PATH", "/user"),
        ("env/CPATH", "/user"),
        ("env/HOME", "user"),
        ("env/BP_DOTTED.append", "kept"),
        ("env/PATH.delim", "no delimiter"),
        ("env/directory/x", ""),
        ("BP_OUTSIDE", ""),
    ]);
    let variables =
        of(&["PATH=/bin", "HOME=old"]).with_platform_and_operator(Some(platform.path()), None).unwrap();
    assert_eq!(
        lines(&variables),
        ["BP_DOTTED.append=kept", "CPATH=/user", "HOME=user", "PATH=/user:/bin", "PATH.delim=no delimiter"]
    );
}

#[test]
fn operator_variables_come_last_and_default_without_suffix() {
    let platform = directory(&[("env/BP_A", "user"), ("env/BP_B", "user"), ("env/BP_C", "user")]);
    let operator = directory(&[
        ("env/BP_A", "operator"),
        ("env/BP_B.override", "operator"),
        ("env/BP_C.prepend", "operator"),
        ("env/BP_C.delim", "+"),
        ("env/BP_D", "operator"),
    ]);
    let build = of(&[]);
    let variables = build.with_platform_and_operator(Some(platform.path()), Some(operator.path())).unwrap();
    assert_eq!(lines(&variables), ["BP_A=user", "BP_B=operator", "BP_C=operator+user", "BP_D=operator"]);
    let cleared = build.with_platform_and_operator(None, Some(operator.path())).unwrap();
    assert_eq!(lines(&cleared), ["BP_A=operator", "BP_B=operator", "BP_C=operator", "BP_D=operator"]);
    assert_eq!(all(&build), Vec::<String>::new());
}

#[test]
fn absent_directories_change_nothing() {
    let nothing = directory(&[]);
    let absent = nothing.path().join("absent");
    let mut environment = of(&["HOME=h"]);
    environment.apply_layer(&absent).unwrap();
    let variables = environment.with_platform_and_operator(Some(&absent), Some(&absent)).unwrap();
    assert_eq!(lines(&variables), ["HOME=h"]);
}

#[test]
fn links_to_files_are_read_as_mounted_secrets_have_them() {
    let platform = directory(&[("env/..data/BP_SECRET", "s")]);
    std::os::unix::fs::symlink("..data/BP_SECRET", platform.path().join("env/BP_SECRET")).unwrap();
    std::os::unix::fs::symlink("..data", platform.path().join("env/BP_DIRECTORY")).unwrap();
    let variables = of(&[]).with_platform_and_operator(Some(platform.path()), None).unwrap();
    assert_eq!(lines(&variables), ["BP_SECRET=s"]);
}

#[test]
fn names_and_values_may_be_any_bytes() {
    let layer = directory(&[]);
    write(&layer.path().join("env").join(OsStr::from_bytes(b"A\xff.append")), b"\xfe");
    let mut environment = of(&[]);
    environment.apply_layer(layer.path()).unwrap();
    let variables = environment.with_platform_and_operator(None, None).unwrap();
    let value = variables.get(OsStr::from_bytes(b"A\xff")).unwrap();
    assert_eq!(value.as_bytes(), b"\xfe");
}

#[test]
fn unusable_files_are_named() {
    let layer = directory(&[("env/A", "a\0b")]);
    let error = of(&[]).apply_layer(layer.path()).unwrap_err();
    assert!(matches!(error, EnvironmentError::NulByte { .. }), "{error}");
    assert!(error.to_string().contains("/env/A: holds a NUL byte"), "{error}");

    let platform = directory(&[]);
    fs_err::create_dir(platform.path().join("env")).unwrap();
    std::os::unix::fs::symlink("nowhere", platform.path().join("env/BP_DANGLING")).unwrap();
    let error = of(&[]).with_platform_and_operator(Some(platform.path()), None).unwrap_err();
    assert!(error.to_string().contains("env/BP_DANGLING"), "{error}");

    let operator = directory(&[("env", "a file")]);
    let error = of(&[]).with_platform_and_operator(None, Some(operator.path())).unwrap_err();
    assert!(error.to_string().contains("/env"), "{error}");
}
