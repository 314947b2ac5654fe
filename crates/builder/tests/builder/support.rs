//! The phase as a function, on scratch directories.

use std::ffi::OsString;
use std::path::Path;

use builder::{BuildError, BuilderInputs};
use platform_api::PhaseError;
use spec_model::PlatformApi;
use spec_model::build_metadata::BuildMetadata;
use spec_model::target::TargetData;
use test_kit::{Scratch, ScriptedBuildpack};

/// A buildpack `<id>@1.0.0` of a Buildpack API with the given `bin/build`.
pub(crate) fn buildpack(id: &str, api: &str, script: &str) -> ScriptedBuildpack {
    ScriptedBuildpack::new(id, api).build(script)
}

/// Scratch directories with the given buildpacks as the detected group.
pub(crate) fn detected(buildpacks: &[ScriptedBuildpack]) -> Scratch {
    let scratch = Scratch::new();
    scratch.detected(buildpacks);
    scratch
}

/// The inputs of the phase for the newest Platform API, as the files in the scratch directories tell.
pub(crate) fn inputs(scratch: &Scratch) -> BuilderInputs {
    let path = ["/usr/local/bin", "/usr/bin", "/bin"].join(":");
    BuilderInputs {
        platform_api: PlatformApi::V0_15,
        app: scratch.path("app"),
        build_config: scratch.path("build-config"),
        buildpacks: scratch.path("buildpacks"),
        layers: scratch.path("layers"),
        platform: scratch.path("platform"),
        exec_env: Some("production".to_owned()),
        group: spec_model::text::parse(&scratch.read("layers/group.toml")).unwrap(),
        plan: spec_model::text::parse(&scratch.read("layers/plan.toml")).unwrap(),
        target: TargetData { os: "linux".into(), arch: "amd64".into(), ..TargetData::default() },
        environment: vec![(OsString::from("PATH"), path.into())],
    }
}

/// Builds with the newest Platform API.
pub(crate) fn build(scratch: &Scratch) -> Result<BuildMetadata, BuildError> {
    builder::build(&inputs(scratch))
}

/// The exit status and message of a build that must fail.
pub(crate) fn failure(scratch: &Scratch) -> (u8, String) {
    let error = build(scratch).expect_err("the build should fail");
    (error.exit_code().code(), error.to_string())
}

/// All files below a directory with their modes, sorted.
pub(crate) fn tree(directory: &Path) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt;
    let mut found = Vec::new();
    for entry in fs_err::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let metadata = entry.metadata().unwrap();
        found.push(format!("{:o} {name}", metadata.permissions().mode() & 0o7777));
        if metadata.is_dir() {
            found.extend(
                tree(&entry.path()).into_iter().map(|line| line.replacen(' ', &format!(" {name}/"), 1)),
            );
        }
    }
    found.sort_by(|left, right| left.split(' ').nth(1).cmp(&right.split(' ').nth(1)));
    found
}
