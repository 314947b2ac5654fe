//! How `bin/detect` is run: once each, side by side, in the environment of its Buildpack API.

use test_kit::ScriptedBuildpack;

use crate::support::{Fixture, plan};

#[test]
fn detect_runs_once_for_all_groups_and_trials() {
    let mut fixture = Fixture::new();
    let count = format!("echo run >> {}", fixture.scratch.path("count").display());
    fixture.buildpack("a", &format!("{count}\n{}", plan("+m | +n | ")));
    fixture.buildpack("needs", &plan("-z | -n")).buildpack("no", "exit 100");
    fixture.order(&["a no", "a? no", "a needs"]);
    assert_eq!(fixture.group(), "a needs");
    assert_eq!(fixture.scratch.read("count"), "run\n");
}

#[test]
fn the_members_of_a_group_run_side_by_side() {
    let mut fixture = Fixture::new();
    let fifo = fixture.scratch.path("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    // Each waits for the other at the fifo; one alone would be stopped.
    fixture.buildpack("reads", &format!("timeout 60 cat {}", fifo.display()));
    fixture.buildpack("writes", &format!("timeout 60 sh -c 'echo hello > {}'", fifo.display()));
    assert_eq!(fixture.order(&["reads writes"]).group(), "reads writes");
}

/// `bin/detect` that writes down its environment, arguments and working directory.
fn tell(fixture: &Fixture, id: &str) -> String {
    let seen = fixture.scratch.path(&format!("seen-{id}"));
    format!("{{ env; echo args=$*; echo cwd=$PWD; cat; }} > {}", seen.display())
}

fn lines(fixture: &Fixture, id: &str) -> Vec<String> {
    fixture.scratch.read(&format!("seen-{id}")).lines().map(str::to_owned).collect()
}

#[test]
fn paths_target_and_execution_environment_depend_on_the_buildpack_api() {
    let mut fixture = Fixture::new();
    for (api, present) in [("0.7", 0), ("0.8", 2), ("0.9", 2), ("0.10", 6), ("0.11", 6), ("0.12", 7)] {
        let detect = tell(&fixture, api);
        fixture.install(&ScriptedBuildpack::new("a", api).detect(&detect));
        assert_eq!(fixture.order(&["a"]).group(), "a");
        let lines = lines(&fixture, api);
        let platform = fixture.inputs.platform.display().to_string();
        let variables = [
            format!("CNB_PLATFORM_DIR={platform}"),
            "CNB_BUILD_PLAN_PATH=".to_owned(),
            "CNB_TARGET_OS=linux".to_owned(),
            "CNB_TARGET_ARCH=amd64".to_owned(),
            "CNB_TARGET_DISTRO_NAME=tiny".to_owned(),
            "CNB_TARGET_DISTRO_VERSION=7".to_owned(),
            "CNB_EXEC_ENV=production".to_owned(),
        ];
        let is_there = |variable: &String| lines.iter().any(|line| line.starts_with(variable.as_str()));
        assert_eq!(
            variables.iter().position(|name| !is_there(name)).unwrap_or(7),
            present,
            "{api}: {lines:?}"
        );
        let root = fixture.inputs.buildpacks.join("a/1.0.0");
        assert!(lines.contains(&format!("CNB_BUILDPACK_DIR={}", root.display())), "{api}");
        assert!(lines.contains(&format!("cwd={}", fixture.inputs.app.display())), "{api}");
        assert!(lines.iter().any(|line| line.starts_with(&format!("args={platform} /"))), "{api}");
    }
}

#[test]
fn without_target_data_the_build_images_is_given() {
    let mut fixture = Fixture::new();
    fs_err::remove_file(&fixture.inputs.analyzed).unwrap();
    fixture.scratch.write("os-release", "ID=other\n");
    fixture.buildpack("a", &tell(&fixture, "a")).install(
        &ScriptedBuildpack::new("b", "0.12")
            .tables("[[targets]]\nos = 'linux'\n[[targets.distros]]\nname = 'tiny'"),
    );
    assert_eq!(fixture.order(&["a b", "a"]).group(), "a");
    let lines = lines(&fixture, "a");
    assert!(lines.contains(&"CNB_TARGET_OS=linux".to_owned()));
    assert!(lines.contains(&"CNB_TARGET_DISTRO_NAME=other".to_owned()));
    assert!(!lines.iter().any(|line| line.starts_with("CNB_TARGET_DISTRO_VERSION")));
    assert!(fixture.log_text().contains("analyzed.toml does not exist"));
}

#[test]
fn users_variables_are_kept_from_those_that_ask_for_it() {
    let mut fixture = Fixture::new();
    fixture.inputs.environment.push(("SECRET".into(), "lifecycle".into()));
    fixture.inputs.environment.push(("HOME".into(), "/home/cnb".into()));
    fixture.scratch.write("platform/env/BP_USER", "user");
    fixture.scratch.write("build-config/env/BP_OPERATOR", "operator");
    fixture.buildpack("plain", &tell(&fixture, "plain"));
    let clear = tell(&fixture, "clear");
    fixture.install(&ScriptedBuildpack::new("clear", "0.12").key("clear-env = true").detect(&clear));
    fixture.order(&["plain clear"]).detect().unwrap();
    for (id, user) in [("plain", true), ("clear", false)] {
        let lines = lines(&fixture, id);
        assert_eq!(lines.contains(&"BP_USER=user".to_owned()), user, "{id}");
        assert!(lines.contains(&"BP_OPERATOR=operator".to_owned()), "{id}");
        assert!(lines.contains(&"HOME=/home/cnb".to_owned()), "{id}");
        assert!(!lines.iter().any(|line| line.starts_with("SECRET")), "{id}");
    }
}

#[test]
fn what_detect_leaves_in_the_background_is_not_waited_for() {
    let mut fixture = Fixture::new();
    let pid = fixture.scratch.path("pid");
    // The process keeps both streams open.
    fixture.buildpack("a", &format!("sleep 600 & echo $! > {}; echo done", pid.display()));
    assert_eq!(fixture.order(&["a"]).group(), "a");
    let pid = fixture.scratch.read("pid").trim().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn group_and_plan_are_written_where_asked() {
    let mut fixture = Fixture::new();
    fixture.install(
        &ScriptedBuildpack::new("a/b", "0.10").key("homepage = 'https://a.example'").detect(&plan("+n")),
    );
    fixture.buildpack("needs", &(plan("-n") + "\nprintf '[requires.metadata]\\nat = 1979-05-27\\n' >> $2"));
    fixture.inputs.group = fixture.scratch.path("elsewhere/g.toml");
    fixture.inputs.plan = fixture.scratch.path("elsewhere/p.toml");
    fixture.order(&["a/b needs?"]).detect().unwrap();
    assert_eq!(
        fixture.scratch.read("elsewhere/g.toml"),
        "[[group]]\n  id = \"a/b\"\n  version = \"1.0.0\"\n  api = \"0.10\"\n  homepage = \"https://a.example\"\n\n\
         [[group]]\n  id = \"needs\"\n  version = \"1.0.0\"\n  api = \"0.12\"\n"
    );
    assert_eq!(
        fixture.scratch.read("elsewhere/p.toml"),
        "[[entries]]\n\n  [[entries.providers]]\n    id = \"a/b\"\n    version = \"1.0.0\"\n\n  [[entries.requires]]\n    \
         name = \"n\"\n    [entries.requires.metadata]\n      at = 1979-05-27\n"
    );
    assert_eq!(fixture.files("layers"), ["analyzed.toml"], "no temporary files are left");
}

#[test]
fn a_version_beside_metadata_goes_into_it_where_the_api_is_old() {
    let requires = |keys: &str| {
        let requirement = format!("[[requires]]\nname = 'n'\nversion = '1'\n{keys}");
        format!("cat > \"$2\" <<'END'\n[[provides]]\nname = 'n'\n{requirement}\nEND")
    };
    for (api, keys, expected) in [
        ("0.7", "", None),
        ("0.10", "", None),
        ("0.10", "metadata = { version = '1' }", Some("'n' with two versions")),
        ("0.11", "", Some("'n' with a version key")),
    ] {
        let mut fixture = Fixture::new();
        let buildpack = ScriptedBuildpack::new("a", api).tables("[[stacks]]\nid = '*'");
        fixture.install(&buildpack.detect(&requires(keys))).order(&["a"]);
        if let Some(expected) = expected {
            assert_eq!(fixture.failure().0, 21, "{api} {keys}");
            assert!(fixture.log_text().contains(expected), "{api} {keys}: {}", fixture.log_text());
        } else {
            fixture.detect().unwrap();
            let plan = fixture.file("layers/plan.toml").unwrap();
            assert!(plan.contains("[entries.requires.metadata]\n"), "{plan}");
            assert_eq!(plan.matches("version = \"1\"").count(), 1, "{plan}");
        }
    }
}
