//! Executables that are the only program in their container find registries by name.

use std::process::Command;

use test_registry::TestRegistry;

use crate::platform::{lifecycle, run_image};

#[test]
fn the_analyzer_finds_a_registry_by_the_hosts_file_alone() {
    let (Some(lifecycle), Some(registry)) = (lifecycle(), TestRegistry::plain()) else { return };
    let run_image = registry.push("run:base", &run_image("alone"));
    let root = tempfile::tempdir().unwrap();
    fs_err::copy(lifecycle.join("analyzer"), root.path().join("analyzer")).unwrap();
    fs_err::create_dir(root.path().join("etc")).unwrap();
    fs_err::write(root.path().join("etc/hosts"), "127.0.0.1 registry.made-up\n").unwrap();
    let port = registry.address().rsplit_once(':').unwrap().1.to_owned();
    let server = format!("registry.made-up:{port}");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--root"])
        .arg(root.path())
        .args(["/analyzer", "-layers", "/layers", "-insecure-registry", &server])
        .args(["-run-image", &format!("{server}/run:base"), &format!("{server}/app")])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("CNB_PLATFORM_API", "0.15")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let analyzed = fs_err::read_to_string(root.path().join("layers/analyzed.toml")).unwrap();
    assert!(analyzed.contains(&format!("{server}/run@{}", run_image.digest)), "{analyzed}");
}
