//! Buildpacks and what they are for. Spec: buildpack.md § Detection (Process), § buildpack.toml (Targets).

use test_kit::ScriptedBuildpack;

use crate::scene::Scene;
use crate::test::{Test, test};
use crate::verdict::{Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_required_buildpack_for_another_target_fails_its_group),
        test!(each_field_of_a_target_has_to_match),
        test!(fields_that_are_not_given_match),
        test!(one_of_several_targets_matches),
        test!(without_targets_a_buildpack_is_for_linux),
        test!(a_buildpack_for_any_stack_is_for_any_target),
        test!(a_buildpack_for_bionic_is_for_ubuntu),
        test!(a_buildpack_that_does_not_list_the_stack_fails),
        test!(buildpacks_see_the_target),
    ]
}

/// A buildpack with these tables, and no stacks.
fn buildpack(scene: &Scene<'_>, id: &str, tables: &str) -> ScriptedBuildpack {
    ScriptedBuildpack::new(id, scene.buildpack.as_str()).tables(tables)
}

/// Writes the analyzed file for a run image with this target, given as lines of TOML.
fn analyzed(scene: &Scene<'_>, target: &str) {
    scene.write(
        "/layers/analyzed.toml",
        format!("[run-image]\nreference = 'registry.example/run@sha256:{0}'\nimage = 'registry.example/run'\n[run-image.target]\n{target}\n", "0".repeat(64)),
    );
}

const UBUNTU: &str = "os = 'linux'\narch = 'arm64'\nvariant = 'v8'\n[run-image.target.distro]\nname = 'ubuntu'\nversion = '22.04'";

/// Detects, one group each, buildpacks with these tables; the group that was selected.
fn first_of(scene: &Scene<'_>, buildpacks: &[(&str, &str)]) -> Verdict<Vec<String>> {
    for (id, tables) in buildpacks {
        scene.install(&buildpack(scene, id, tables));
    }
    let groups: Vec<_> = buildpacks.iter().map(|(id, _)| [*id]).collect();
    scene.order(&groups.iter().map(|group| &group[..]).collect::<Vec<_>>());
    scene.detect()?;
    scene.group()
}

fn a_required_buildpack_for_another_target_fails_its_group(scene: &Scene<'_>) -> Verdict {
    analyzed(scene, UBUNTU);
    scene.install(&buildpack(scene, "fits", "[[targets]]\nos = 'linux'\narch = 'arm64'"));
    scene.install(&buildpack(scene, "other", "[[targets]]\nos = 'linux'\narch = 's390x'"));
    scene.install(&buildpack(scene, "last", "[[targets]]\nos = 'linux'"));
    scene.order(&[&["fits", "other"], &["last"]]);
    scene.detect()?;
    equal("the group", &scene.group()?, &["last"][..])
}

fn each_field_of_a_target_has_to_match(scene: &Scene<'_>) -> Verdict {
    analyzed(scene, UBUNTU);
    let group = first_of(
        scene,
        &[
            ("os", "[[targets]]\nos = 'freebsd'"),
            ("arch", "[[targets]]\nos = 'linux'\narch = 'amd64'"),
            ("variant", "[[targets]]\nos = 'linux'\narch = 'arm64'\nvariant = 'v7'"),
            (
                "distro",
                "[[targets]]\nos = 'linux'\n[[targets.distros]]\nname = 'debian'\nversion = '22.04'\n[[targets.distros]]\nname = 'ubuntu'\nversion = '24.04'",
            ),
            (
                "fits",
                "[[targets]]\nos = 'linux'\narch = 'arm64'\nvariant = 'v8'\n[[targets.distros]]\nname = 'debian'\nversion = '12'\n[[targets.distros]]\nname = 'ubuntu'\nversion = '22.04'",
            ),
        ],
    )?;
    equal("the group", &group, &["fits"][..])
}

fn fields_that_are_not_given_match(scene: &Scene<'_>) -> Verdict {
    analyzed(scene, UBUNTU);
    equal("the group", &first_of(scene, &[("a", "[[targets]]\narch = 'arm64'"), ("b", "")])?, &["a"][..])?;
    let of_name = "[[targets]]\n[[targets.distros]]\nname = 'ubuntu'";
    equal("the group", &first_of(scene, &[("c", of_name), ("b", "")])?, &["c"][..])
}

fn one_of_several_targets_matches(scene: &Scene<'_>) -> Verdict {
    analyzed(scene, UBUNTU);
    let both = "[[targets]]\narch = 'amd64'\n[[targets]]\narch = 'arm64'";
    equal("the group", &first_of(scene, &[("a", both), ("b", "")])?, &["a"][..])
}

fn without_targets_a_buildpack_is_for_linux(scene: &Scene<'_>) -> Verdict {
    let buildpacks = [("a", ""), ("b", "[[targets]]\nos = 'freebsd'")];
    analyzed(scene, "os = 'linux'\narch = 'amd64'");
    equal("the group", &first_of(scene, &buildpacks)?, &["a"][..])?;
    analyzed(scene, "os = 'freebsd'\narch = 'amd64'");
    equal("the group", &first_of(scene, &buildpacks)?, &["b"][..])
}

fn a_buildpack_for_any_stack_is_for_any_target(scene: &Scene<'_>) -> Verdict {
    analyzed(scene, "os = 'freebsd'\narch = 'riscv64'");
    let buildpacks = [("a", "[[targets]]\nos = 'linux'"), ("b", "[[stacks]]\nid = '*'")];
    equal("the group", &first_of(scene, &buildpacks)?, &["b"][..])
}

fn a_buildpack_for_bionic_is_for_ubuntu(scene: &Scene<'_>) -> Verdict {
    let buildpacks = [("a", "[[stacks]]\nid = 'io.buildpacks.stacks.bionic'"), ("b", "[[stacks]]\nid = '*'")];
    for (arch, version, expected) in
        [("amd64", "18.04", "a"), ("arm64", "18.04", "b"), ("amd64", "22.04", "b")]
    {
        let distro = format!("[run-image.target.distro]\nname = 'ubuntu'\nversion = '{version}'");
        analyzed(scene, &format!("os = 'linux'\narch = '{arch}'\n{distro}"));
        let what = format!("the group for Ubuntu {version} on {arch}");
        equal(&what, &first_of(scene, &buildpacks)?, &[expected][..])?;
    }
    Ok(())
}

fn a_buildpack_that_does_not_list_the_stack_fails(scene: &Scene<'_>) -> Verdict {
    scene.install(&buildpack(scene, "a", "[[stacks]]\nid = 'another.stack'"));
    scene.install(&buildpack(scene, "b", "[[stacks]]\nid = 'stack.of.tests'"));
    scene.order(&[&["a"], &["b"]]);
    scene.detector().env("CNB_STACK_ID", "stack.of.tests").run()?.succeeds()?;
    equal("the group", &scene.group()?, &["b"][..])
}

fn buildpacks_see_the_target(scene: &Scene<'_>) -> Verdict {
    analyzed(scene, UBUNTU);
    let script = "env | grep ^CNB_TARGET_ | sort > seen";
    scene.install(&scene.new_buildpack("a").detect(script));
    scene.order(&[&["a"]]);
    scene.detect()?;
    let seen = scene.read("/workspace/seen")?;
    equal(
        "what is seen of the target",
        &seen.lines().collect::<Vec<_>>(),
        &[
            "CNB_TARGET_ARCH=arm64",
            "CNB_TARGET_ARCH_VARIANT=v8",
            "CNB_TARGET_DISTRO_NAME=ubuntu",
            "CNB_TARGET_DISTRO_VERSION=22.04",
            "CNB_TARGET_OS=linux",
        ][..],
    )
}
