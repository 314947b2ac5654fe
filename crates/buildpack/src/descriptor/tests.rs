use std::path::Path;

use super::{Descriptor, DescriptorError, Kind};

fn read(kind: Kind, text: &str, executables: &[&str]) -> Result<Descriptor, DescriptorError> {
    let directory = tempfile::tempdir().unwrap();
    fs_err::write(directory.path().join(kind.descriptor_file()), text).unwrap();
    fs_err::create_dir(directory.path().join("bin")).unwrap();
    for name in executables {
        fs_err::write(directory.path().join("bin").join(name), "").unwrap();
    }
    Descriptor::read(kind, &"demo/a".parse().unwrap(), "1", directory.path())
}

fn target_names(descriptor: &Descriptor) -> Vec<String> {
    descriptor.targets().iter().map(crate::target::describe_buildpack_target).collect()
}

#[test]
fn targets_come_from_targets_then_stacks_then_files() {
    let bionic = "linux/amd64 ubuntu 18.04";
    for (rest, executables, targets) in [
        ("[[targets]]\nos='linux'\narch='arm64'\n[[stacks]]\nid='*'", &["build"][..], &["linux/arm64"][..]),
        ("[[stacks]]\nid='io.buildpacks.stacks.bionic'\n[[stacks]]\nid='x'", &["build"], &[bionic]),
        ("[[stacks]]\nid='*'", &["build"], &["any target"]),
        ("[[stacks]]\nid='x'", &["build"], &["linux"]),
        ("", &["build", "build.exe"], &["linux", "windows"]),
        ("", &["detect"], &[]),
    ] {
        let text = format!("api='0.10'\n[buildpack]\nid='demo/a'\nversion='1'\n{rest}");
        let descriptor = read(Kind::Buildpack, &text, executables).unwrap();
        assert_eq!(target_names(&descriptor), targets, "{rest} {executables:?}");
    }
}

#[test]
fn before_targets_bionic_counts_only_alone() {
    for (stacks, targets) in [
        ("[[stacks]]\nid='io.buildpacks.stacks.bionic'", "linux/amd64 ubuntu 18.04"),
        ("[[stacks]]\nid='io.buildpacks.stacks.bionic'\n[[stacks]]\nid='x'", "linux"),
    ] {
        let text = format!("api='0.9'\n[buildpack]\nid='demo/a'\nversion='1'\n{stacks}");
        let descriptor = read(Kind::Buildpack, &text, &["build"]).unwrap();
        assert_eq!(target_names(&descriptor), [targets]);
    }
}

#[test]
fn an_extension_implies_linux_by_either_executable() {
    let text = "api='0.10'\n[extension]\nid='demo/a'\nversion='1'";
    assert_eq!(target_names(&read(Kind::Extension, text, &["generate"]).unwrap()), ["linux"]);
    assert!(read(Kind::Extension, text, &[]).unwrap().targets().is_empty());
}

#[test]
fn execution_environments_need_a_recent_api_and_plain_names() {
    let text =
        |api: &str, exec_env: &str| format!("api='{api}'\n[buildpack]\nid='demo/a'\nversion='1'\n{exec_env}");
    let names = "exec-env=['test']";
    assert_eq!(read(Kind::Buildpack, &text("0.12", names), &[]).unwrap().exec_env(), ["test"]);
    assert!(read(Kind::Buildpack, &text("0.11", names), &[]).unwrap().exec_env().is_empty());
    let error = read(Kind::Buildpack, &text("0.12", "[[buildpack.exec-env]]\nname='test'"), &[]);
    let message = error.unwrap_err().to_string();
    assert!(message.contains("buildpack.toml") && message.contains("exec-env = [\"test\"]"), "{message}");
}

#[test]
fn errors_name_the_buildpack_the_file_and_the_place() {
    let message = read(Kind::Buildpack, "api=1", &[]).unwrap_err().to_string();
    assert!(
        message.contains("buildpack demo/a@1") && message.contains("buildpack.toml: line 1"),
        "{message}"
    );
    let absent = Descriptor::read(Kind::Extension, &"x".parse().unwrap(), "2", Path::new("/nowhere"));
    assert!(absent.unwrap_err().to_string().contains("/nowhere/extension.toml"));
}

#[test]
fn an_unsupported_api_is_an_error_that_names_the_buildpack() {
    let descriptor = |api| {
        read(Kind::Buildpack, &format!("api='{api}'\n[buildpack]\nid='demo/a'\nversion='1'"), &[]).unwrap()
    };
    let message = descriptor("0.6").api().unwrap_err().to_string();
    assert!(message.contains("demo/a@1") && message.contains("0.7 to 0.12"), "{message}");
    assert_eq!(descriptor("0.6").nearest_api().unwrap().as_str(), "0.7");
    assert_eq!(descriptor("1.0").nearest_api().unwrap().as_str(), "0.12");
    assert!(descriptor("").nearest_api().is_err());
}
