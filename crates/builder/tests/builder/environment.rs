//! What `bin/build` is given: directory, arguments, variables, plan.

use crate::support::{build, buildpack, detected, inputs};
use spec_model::PlatformApi;
use spec_model::target::{Distro, TargetData};
use test_kit::Scratch;

/// The variables that a buildpack saw, without those of the shell.
fn seen(scratch: &Scratch) -> Vec<String> {
    let of_shell =
        |line: &&str| !["PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|name| line.starts_with(name));
    let mut lines: Vec<String> =
        scratch.read("app/env").lines().filter(of_shell).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn build_runs_in_the_app_directory_with_three_arguments() {
    let script = "{ pwd; echo $#; echo \"$1\"; echo \"$2\"; basename \"$3\"; [ -d \"$1\" ] && echo made; } > seen; cat > stdin";
    let scratch = detected(&[buildpack("a/b.c", "0.7", script)]);
    build(&scratch).unwrap();
    let expected = format!(
        "{}\n3\n{}\n{}\nplan.toml\nmade\n",
        scratch.path("app").canonicalize().unwrap().display(),
        scratch.path("layers/a_b.c").display(),
        scratch.path("platform").display()
    );
    assert_eq!(scratch.read("app/seen"), expected);
    assert_eq!(scratch.read("app/stdin"), "");
}

#[test]
fn variables_depend_on_the_buildpack_api() {
    let script = "env > env; sed -i \"s#=$3\\$#=<plan>#\" env";
    for (api, paths, target, exec_env) in [
        ("0.7", false, false, false),
        ("0.8", true, false, false),
        ("0.9", true, false, false),
        ("0.10", true, true, false),
        ("0.11", true, true, false),
        ("0.12", true, true, true),
    ] {
        let scratch = detected(&[buildpack("a", api, script)]);
        let mut inputs = inputs(&scratch);
        inputs.environment.push(("HOME".into(), "/h".into()));
        inputs.environment.push(("CNB_REGISTRY_AUTH".into(), "secret".into()));
        inputs.target = TargetData {
            os: "linux".into(),
            arch: "arm".into(),
            arch_variant: "v7".into(),
            distro: Some(Distro { name: "tiny".into(), version: "7".into() }),
            ..TargetData::default()
        };
        builder::build(&inputs).unwrap();

        let root = scratch.path("buildpacks/a/1.0.0").display().to_string();
        let mut expected = vec![
            format!("CNB_BUILDPACK_DIR={root}"),
            "HOME=/h".to_owned(),
            "PATH=/usr/local/bin:/usr/bin:/bin".to_owned(),
        ];
        if paths {
            expected.extend([
                "CNB_BP_PLAN_PATH=<plan>".to_owned(),
                format!("CNB_LAYERS_DIR={}", scratch.path("layers/a").display()),
                format!("CNB_PLATFORM_DIR={}", scratch.path("platform").display()),
            ]);
        }
        if target {
            let lines = ["OS=linux", "ARCH=arm", "ARCH_VARIANT=v7", "DISTRO_NAME=tiny", "DISTRO_VERSION=7"];
            expected.extend(lines.map(|line| format!("CNB_TARGET_{line}")));
        }
        if exec_env {
            expected.push("CNB_EXEC_ENV=production".to_owned());
        }
        expected.sort();
        assert_eq!(seen(&scratch), expected, "{api}");
    }
}

#[test]
fn build_layers_alone_reach_the_buildpacks_behind() {
    let script = r#"
for layer in built launched bare; do mkdir -p "$1/$layer/bin" "$1/$layer/env"; printf x > "$1/$layer/env/FROM_$layer"; done
mkdir "$1/built/env.build" "$1/built/env.launch"
printf y > "$1/built/env.build/FROM_build"; printf y > "$1/built/env.launch/FROM_launch"
printf '[types]\nbuild = true\n' > "$1/built.toml"
printf '[types]\nlaunch = true\ncache = true\n' > "$1/launched.toml"
env > env-before"#;
    let scratch = detected(&[buildpack("a", "0.12", script), buildpack("b", "0.7", "env > env")]);
    build(&scratch).unwrap();
    let seen = seen(&scratch);
    let layer_variables: Vec<_> = seen.iter().filter(|line| line.starts_with("FROM_")).collect();
    assert_eq!(layer_variables, ["FROM_build=y", "FROM_built=x"]);
    let path = format!("PATH={}:/usr/local/bin:/usr/bin:/bin", scratch.path("layers/a/built/bin").display());
    assert!(seen.contains(&path), "{seen:?}");
    assert!(!scratch.read("app/env-before").contains("FROM_"));
}

#[test]
fn users_and_operators_come_last_unless_the_buildpack_or_the_platform_says_no() {
    let layer =
        r#"mkdir -p "$1/l/env"; printf layer > "$1/l/env/V"; printf '[types]\nbuild = true\n' > "$1/l.toml""#;
    let cases = [
        ("clear-env = false", PlatformApi::V0_11, "V=user+operator"),
        ("clear-env = true", PlatformApi::V0_11, "V=layer+operator"),
        ("clear-env = false", PlatformApi::V0_10, "V=user"),
    ];
    for (key, api, expected) in cases {
        let scratch = detected(&[buildpack("a", "0.8", layer), buildpack("b", "0.8", "env > env").key(key)]);
        scratch.write("platform/env/V", "user");
        scratch.write("build-config/env/V.append", "operator");
        scratch.write("build-config/env/V.delim", "+");
        builder::build(&builder::BuilderInputs { platform_api: api, ..inputs(&scratch) }).unwrap();
        assert!(seen(&scratch).contains(&expected.to_owned()), "{key} {api}: {:?}", seen(&scratch));
    }
}

const PLAN: &str = "
[[entries]]
providers = [{ id = 'a', version = '1.0.0' }, { id = 'b', version = '1.0.0' }]
requires = [{ name = 'db', metadata = { when = 1979-05-27, deep = { k = [1] } } }]
[[entries]]
providers = [{ id = 'a', version = '1.0.0' }, { id = 'b', version = '1.0.0' }]
requires = [{ name = 'rt' }, { name = 'rt', metadata = { v = '1' } }]
";

#[test]
fn unmet_entries_go_to_the_next_provider() {
    let first = "cp \"$3\" plan-a; printf '[[unmet]]\\nname = \"db\"\\n' > \"$1/build.toml\"";
    let scratch = detected(&[
        buildpack("a", "0.12", first),
        buildpack("b", "0.12", "cp \"$CNB_BP_PLAN_PATH\" plan-b"),
        buildpack("c", "0.12", "cp \"$3\" plan-c"),
    ]);
    scratch.write("layers/plan.toml", PLAN);
    build(&scratch).unwrap();
    let db = "[[entries]]\n  name = \"db\"\n  [entries.metadata]\n    when = 1979-05-27\n    [entries.metadata.deep]\n      k = [1]\n";
    let rt = "\n[[entries]]\n  name = \"rt\"\n\n[[entries]]\n  name = \"rt\"\n  [entries.metadata]\n    v = \"1\"\n";
    assert_eq!(scratch.read("app/plan-a"), format!("{db}{rt}"));
    assert_eq!(scratch.read("app/plan-b"), db);
    assert_eq!(scratch.read("app/plan-c"), "");
}
