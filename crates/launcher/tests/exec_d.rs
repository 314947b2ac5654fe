//! exec.d executables. Spec: buildpack.md § Exec.d, platform.md § launcher, Execution.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod support;

use support::{Image, assert_fails, printed};

fn image(script: &str) -> Image {
    let image = Image::new(
        "[[processes]]\ntype='web'\ncommand=['/usr/bin/printenv','A']\ndirect=true\nbuildpack-id='test/bp'",
    );
    image.write_executable("layers/test_bp/l/exec.d/run", format!("#!/bin/bash\n{script}\n"));
    image
}

#[test]
fn printed_variables_reach_the_process() {
    assert_eq!(printed(&image("echo 'A = \"x = y\"' >&3").web(&[])), "x = y\n");
    assert_eq!(printed(&image("printf \"A = 'ä'\" > /dev/fd/3").web(&[])), "ä\n");
}

#[test]
fn each_sees_what_those_before_it_set() {
    let image = image("echo \"A = '$A general'\" >&3");
    image.write_executable("layers/test_bp/l/exec.d/web/run", "#!/bin/bash\necho \"A = '$A web'\" >&3\n");
    image.write_executable("layers/test_bp/l/exec.d/other/run", "#!/bin/bash\nexit 1\n");
    image.write_executable("layers/test_bp/m/exec.d/run", "#!/bin/bash\necho \"A = '$A later'\" >&3\n");
    image.write("layers/test_bp/l/env.launch/A", "layer");
    assert_eq!(printed(&image.web(&[])), "layer general web later\n");
    let output = image.launcher("launcher").args(["--", "printenv", "A"]).output().unwrap();
    assert_eq!(printed(&output), "layer general later\n");
}

#[test]
fn it_runs_in_the_app_with_the_output_of_the_launcher_and_no_input() {
    let image =
        image("pwd; echo \"$0 $#\"; cat; echo \"$CNB_LAYERS_DIR\"; echo error >&2; echo 'A = \"\"' >&3");
    let output = image.web(&[]);
    let app = fs_err::canonicalize(image.path("app")).unwrap();
    let executable = image.path("layers/test_bp/l/exec.d/run");
    assert_eq!(printed(&output), format!("{}\n{} 0\n\n\n", app.display(), executable.display()));
    assert_eq!(output.stderr, b"error\n");
}

#[test]
fn the_input_is_left_to_the_process() {
    let image = Image::new("[[processes]]\ntype='web'\ncommand=['cat']\ndirect=true\nbuildpack-id='test/bp'");
    image.write_executable("layers/test_bp/l/exec.d/run", "#!/bin/bash\ncat\necho ran\n");
    image.write("input", "for the process\n");
    let input = std::fs::File::from(fs_err::File::open(image.path("input")).unwrap());
    let output = image.launcher("web").stdin(input).output().unwrap();
    assert_eq!(printed(&output), "ran\nfor the process\n");
}

#[test]
fn nothing_printed_sets_nothing() {
    for script in ["true", "exec 3>&-", "echo '# A = 1' >&3", "exec 3>&-; echo >&2"] {
        let output = image(script).launcher("web").env("A", "kept").output().unwrap();
        assert_eq!(printed(&output), "kept\n", "{script}");
    }
}

#[test]
fn the_output_may_be_larger_than_a_pipe() {
    let script = "printf 'A = \"' >&3; head -c 100000 /dev/zero | tr '\\0' x >&3; echo '\"' >&3";
    assert_eq!(printed(&image(script).web(&[])).len(), 100_001);
}

#[test]
fn output_without_end_is_refused() {
    let output = image("yes >&3").web(&[]);
    assert_fails(&output, 82, &["exec.d/run'", "more than 8388608 bytes"]);
}

#[test]
fn output_that_is_no_table_of_strings_is_located() {
    for (script, parts) in [
        ("echo 'A = \"x\"' >&3; echo 'B = 1' >&3", &["line 2, column 5, key 'B'", "expected a string"][..]),
        ("echo 'garbage' >&3", &["line 1"]),
        ("echo '[A]' >&3", &["key 'A'"]),
        ("printf '\\xff' >&3", &["UTF-8"]),
        ("echo '\"A=B\" = \"\"' >&3", &["A=B"]),
        ("echo '\"\" = \"\"' >&3", &["no environment can hold"]),
        (r#"echo 'A = "\u0000"' >&3"#, &["'A'", "no environment can hold"]),
    ] {
        let output = image(script).web(&[]);
        assert_fails(&output, 82, &[&["layers/test_bp/l/exec.d/run'"], parts].concat());
    }
}

#[test]
fn failures_stop_the_launch() {
    assert_fails(&image("exit 3").web(&[]), 82, &["exec.d/run'", "exit status 3"]);
    assert_fails(&image("kill -KILL $$").web(&[]), 82, &["exec.d/run'", "SIGKILL"]);
    assert_fails(&image("echo 'A = \"x\"' >&3; exit 1").web(&[]), 82, &["exit status 1"]);
}

#[test]
fn what_cannot_be_executed_is_explained() {
    let image = Image::new("");
    let run = || image.launcher("launcher").args(["--", "true"]).output().unwrap();
    image.write("layers/test_bp/l/exec.d/run", "#!/bin/sh\n");
    assert_fails(&run(), 82, &["exec.d: ", "exec.d/run'", "not an executable file"]);
    image.write_executable("layers/test_bp/l/exec.d/run", "no script");
    assert_fails(&run(), 82, &["exec.d/run'", "neither a program"]);
    image.write_executable("layers/test_bp/l/exec.d/run", "#!/no/such/thing -x\n");
    assert_fails(&run(), 82, &["exec.d/run'", "'/no/such/thing'"]);
    fs_err::remove_file(image.path("layers/test_bp/l/exec.d/run")).unwrap();
    std::os::unix::fs::symlink("nowhere", image.path("layers/test_bp/l/exec.d/link")).unwrap();
    assert_fails(&run(), 82, &["exec.d/link'"]);
}

#[test]
fn descriptors_given_to_the_launcher_reach_the_process() {
    let image = image("echo 'A = \"x\"' >&3");
    image.write("given", "");
    let launcher = env!("CARGO_BIN_EXE_launcher");
    let script =
        format!("exec {launcher} -- bash -c 'echo to the given >&3' 3>'{}'", image.path("given").display());
    let mut shell = image.launcher("bash");
    let variables: Vec<_> =
        shell.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    shell = std::process::Command::new("/bin/bash");
    let output = shell.arg("-c").arg(script).env_clear().envs(variables).output().unwrap();
    assert_eq!(printed(&output), "");
    assert_eq!(fs_err::read_to_string(image.path("given")).unwrap(), "to the given\n");
}
