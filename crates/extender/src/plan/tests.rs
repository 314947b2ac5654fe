use std::path::{Path, PathBuf};

use buildpack::dockerfile::{Dockerfile, DockerfileKind};
use image::ContainerConfig;
use tempfile::TempDir;

use super::{Action, Item, Plan, make};
use crate::ExtendError;
use crate::generated::Application;

/// Dockerfiles for one context.
struct Fixture {
    directory: TempDir,
    applications: Vec<Application>,
    config: ContainerConfig,
}

impl Fixture {
    fn new(instructions: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let context = directory.path().join("context");
        fs_err::create_dir_all(context.join("dir")).unwrap();
        fs_err::write(context.join("file"), "text").unwrap();
        fs_err::write(context.join("dir/inner"), "text").unwrap();
        let applications = instructions.iter().zip(1..).map(|(instructions, number)| {
            let path = directory.path().join(format!("{number}.Dockerfile"));
            fs_err::write(&path, format!("ARG base_image\nFROM ${{base_image}}\n{instructions}\n")).unwrap();
            let dockerfile = Dockerfile::read(DockerfileKind::Run, &path).unwrap().unwrap();
            let args = vec![("GIVEN".to_owned(), "given".to_owned()), ("HTTP_PROXY".into(), "proxy".into())];
            Application { extension: format!("ext-{number}"), dockerfile, args, context: context.clone() }
        });
        let applications = applications.collect();
        let env = vec!["PATH=/bin".to_owned(), "A=image".to_owned()];
        let config = ContainerConfig { env, user: "1000:1001".into(), ..ContainerConfig::default() };
        Self { directory, applications, config }
    }

    fn plan(&self) -> Result<Plan, ExtendError> {
        make(&self.config, "reg.example/base@sha256:0", &self.applications)
    }
}

#[track_caller]
fn plan(instructions: &str) -> Plan {
    Fixture::new(&[instructions]).plan().unwrap()
}

#[track_caller]
fn execution(instructions: &str) -> super::Execution {
    match plan(instructions).steps.pop().unwrap().action {
        Action::Run(execution) => execution,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn env(instructions: &str, name: &str) -> Option<String> {
    let execution = execution(instructions);
    execution.env.into_iter().find(|(other, _)| other == name).map(|(_, value)| value)
}

#[test]
fn instructions_change_the_config() {
    let plan = plan(
        "ENV B=1 C=\"$A 2\"\nENV A=own D=$B$C\nLABEL l=\"a b\" $A=x\nUSER tools:50\nWORKDIR /a\nWORKDIR b/../c\n\
         EXPOSE 80 53/UDP 8000-8001\nVOLUME /v [\"x\"]\nSTOPSIGNAL 9\nMAINTAINER me\nSHELL [\"/bin/bash\", \"-c\"]\n\
         CMD a b\nENTRYPOINT [\"e\"]",
    );
    let config = plan.config;
    assert_eq!(config.env, ["PATH=/bin", "A=own", "B=1", "C=image 2", "D=1image 2"]);
    assert_eq!((config.labels["l"].as_str(), config.labels["own"].as_str()), ("a b", "x"));
    assert_eq!((config.user.as_str(), config.working_dir.as_str()), ("tools:50", "/a/c"));
    let ports: Vec<_> = config.exposed_ports.keys().map(String::as_str).collect();
    assert_eq!(ports, ["53/udp", "80/tcp", "8000/tcp", "8001/tcp"]);
    assert_eq!(config.volumes.keys().next().unwrap(), "/v");
    assert_eq!((config.stop_signal.as_str(), plan.author.as_deref()), ("9", Some("me")));
    assert_eq!(
        (config.cmd, config.entrypoint),
        (vec!["/bin/bash".into(), "-c".into(), "a b".into()], vec!["e".to_owned()])
    );
    assert_eq!(plan.steps.len(), 2, "the two directories");
}

#[test]
fn an_entry_point_drops_an_inherited_command() {
    let mut fixture = Fixture::new(&["ENTRYPOINT [\"e\"]"]);
    fixture.config.cmd = vec!["inherited".to_owned()];
    assert!(fixture.plan().unwrap().config.cmd.is_empty());
}

#[test]
fn arguments_are_seen_once_declared() {
    for (instructions, name, expected) in [
        ("RUN x", "GIVEN", None),
        ("ARG GIVEN\nRUN x", "GIVEN", Some("given")),
        ("ARG GIVEN=default\nRUN x", "GIVEN", Some("given")),
        ("ARG other=default\nRUN x", "other", Some("default")),
        ("ARG other=${GIVEN:-unset}\nRUN x", "other", Some("unset")),
        ("ARG GIVEN\nARG other=${GIVEN}2\nRUN x", "other", Some("given2")),
        ("ARG none\nRUN x", "none", None),
        ("ARG A=arg\nRUN x", "A", Some("image")),
        ("ARG user_id\nRUN x", "user_id", Some("1000")),
        ("ARG group_id\nRUN x", "group_id", Some("1001")),
        ("ARG base_image\nRUN x", "base_image", Some("reg.example/base@sha256:0")),
        ("RUN x", "HTTP_PROXY", Some("proxy")),
        ("RUN x", "PATH", Some("/bin")),
        ("RUN x", "CNB_PLATFORM_API", None),
    ] {
        assert_eq!(env(instructions, name).as_deref(), expected, "{instructions}");
    }
    assert_eq!(env("ARG build_id=0\nRUN x", "build_id").unwrap().len(), 36);
}

#[test]
fn each_dockerfile_starts_from_what_the_one_before_made() {
    let fixture = Fixture::new(&["ARG own=1\nUSER root\nENV E=1", "ARG user_id\nARG own\nRUN x"]);
    let plan = fixture.plan().unwrap();
    let Action::Run(execution) = &plan.steps[0].action else { panic!() };
    let env =
        |name: &str| execution.env.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    assert_eq!((env("user_id"), env("own"), env("E")), (Some("root"), None, Some("1")));
    assert_eq!((plan.steps[0].extension.as_str(), execution.user.as_str()), ("ext-2", "root"));
}

#[test]
fn commands_run_in_a_shell_or_without_one() {
    for (instructions, arguments, script) in [
        ("RUN a && $b", &["/bin/sh", "-c", "a && $b"][..], None),
        ("RUN [\"a\", \"$b\"]", &["a", "$b"], None),
        ("SHELL [\"sh\", \"-x\"]\nRUN a", &["sh", "-x", "a"], None),
        ("RUN <<E\na\nb\nE", &["/bin/sh", "-c", "a\nb\n"], None),
        ("RUN cat <<E > f\na\nE", &["/bin/sh", "-c", "cat <<E > f\na\nE"], None),
        ("RUN <<E\n#!/bin/x\na\nE", &["/bin/sh", "-c", "#!/bin/x\na\n"], Some("#!/bin/x\na\n")),
    ] {
        let execution = execution(instructions);
        assert_eq!(execution.arguments, arguments, "{instructions}");
        assert_eq!(execution.script.as_deref(), script, "{instructions}");
    }
    let execution = execution("WORKDIR /w\nRUN x");
    assert_eq!((execution.working_dir.as_path(), execution.user.as_str()), (Path::new("/w"), "1000:1001"));
}

#[test]
fn files_are_looked_up_before_anything_runs() {
    let copy = |instructions: &str| match plan(instructions).steps.pop().unwrap().action {
        Action::Copy(copy) => copy,
        other => panic!("{other:?}"),
    };
    for (instructions, destination, into_directory, items) in [
        ("COPY file /x", "/x", false, 1),
        ("COPY file /x/", "/x", true, 1),
        ("COPY file dir /x", "/x", true, 2),
        ("COPY file .", "/", true, 1),
        ("WORKDIR /w\nCOPY f* y", "/w/y", false, 1),
        ("ARG GIVEN\nCOPY dir /$GIVEN", "/given", false, 1),
        ("ADD file /x", "/x", false, 1),
    ] {
        let copy = copy(instructions);
        assert_eq!((copy.destination, copy.into_directory), (PathBuf::from(destination), into_directory));
        assert_eq!(copy.items.len(), items, "{instructions}");
    }
    let with_flags = copy("ARG user_id\nCOPY --chown=$user_id:5 --chmod=4755 file /x");
    assert_eq!((with_flags.owner.as_deref(), with_flags.mode), (Some("1000:5"), Some(0o4755)));
    for (quotes, expected) in [("", "given\n"), ("'", "$GIVEN\n")] {
        let copy = copy(&format!("ARG GIVEN\nCOPY <<{quotes}E{quotes} /x\n$GIVEN\nE"));
        let [Item::Text { content, .. }] = copy.items.as_slice() else { panic!() };
        assert_eq!(content, expected);
    }
}

#[test]
fn what_is_not_supported_is_refused_with_file_and_line() {
    for (instructions, parts) in [
        ("RUN x\nRUN --mount=type=cache,target=/x y", &["1.Dockerfile: line 4", "RUN --mount"][..]),
        ("RUN --network=none y", &["line 3", "RUN --network"]),
        ("COPY --from=other file /x", &["line 3", "COPY --from"]),
        ("COPY --link file /x", &["COPY --link"]),
        ("COPY --chmod=u+x file /x", &["'u+x' is no file mode"]),
        ("COPY --chown file /x", &["COPY --chown"]),
        ("ADD https://x.example/y /x", &["https://x.example/y", "fetch it in RUN"]),
        ("ADD git@x.example:y.git /x", &["git@x.example"]),
        ("HEALTHCHECK NONE", &["HEALTHCHECK is not supported"]),
        ("ONBUILD RUN x", &["ONBUILD is not supported"]),
        ("EXPOSE x", &["'x' is no port"]),
        ("EXPOSE 2-1", &["'2-1' is no port"]),
        ("USER $none", &["the user is empty"]),
        ("WORKDIR $none", &["the path is empty"]),
        ("RUN []", &["no command"]),
        ("ENV A=${A", &["'${A' is not understood"]),
        ("ENV A=\"${none:?set it}\"", &["none is not set: set it"]),
        ("RUN x\nCOPY none /x", &["line 4", "no 'none' in the build context"]),
        ("COPY ../../etc/passwd /x", &["no '../../etc/passwd'"]),
    ] {
        let message = Fixture::new(&[instructions]).plan().unwrap_err().to_string();
        for part in parts {
            assert!(message.contains(part), "{instructions}: {message}");
        }
    }
}

#[test]
fn archives_that_cannot_be_unpacked_are_refused() {
    let fixture = Fixture::new(&["ADD odd /x"]);
    fs_err::write(fixture.directory.path().join("context/odd"), b"\xfd7zXZ\0rest").unwrap();
    let message = fixture.plan().unwrap_err().to_string();
    assert!(message.contains("'odd' is compressed with xz"), "{message}");
}

#[test]
fn rebasing_is_safe_if_each_dockerfile_says_so() {
    let label = "io.buildpacks.rebasable";
    for (instructions, expected) in [
        (&["LABEL io.buildpacks.rebasable=true\nRUN x"][..], "true"),
        (&["LABEL io.buildpacks.rebasable=1"], "true"),
        (&["RUN x"], "false"),
        (&["LABEL io.buildpacks.rebasable=maybe"], "false"),
        (&["LABEL io.buildpacks.rebasable=true", "RUN x"], "false"),
        (&["RUN x", "LABEL io.buildpacks.rebasable=true"], "false"),
        (&["LABEL io.buildpacks.rebasable=true", "LABEL io.buildpacks.rebasable=true"], "true"),
    ] {
        let mut fixture = Fixture::new(instructions);
        fixture.config.labels.insert(label.into(), "true".into());
        assert_eq!(fixture.plan().unwrap().config.labels[label], expected, "{instructions:?}");
    }
    assert_eq!(Fixture::new(&[]).plan().unwrap().config.labels.get(label), None);
}

#[test]
fn fingerprints_cover_what_a_step_depends_on() {
    let fingerprint = |instructions: &str| plan(instructions).steps.pop().unwrap().fingerprint;
    let same = |one: &str, other: &str| fingerprint(one) == fingerprint(other);
    assert!(same("RUN x", "RUN  x"));
    assert!(same("ARG build_id=0\nRUN x", "ARG build_id=0\nRUN x"), "the id is not made use of");
    assert!(!same("ARG build_id=0\nRUN x $build_id", "ARG build_id=0\nRUN x $build_id"));
    assert!(!same("ARG build_id=0\nRUN <<E\n$build_id\nE", "ARG build_id=0\nRUN <<E\n$build_id\nE"));
    for other in
        ["RUN y", "ENV B=1\nRUN x", "ARG GIVEN\nRUN x", "USER 5\nRUN x", "WORKDIR /w\nRUN x", "RUN [\"x\"]"]
    {
        assert!(!same("RUN x", other), "{other}");
    }
    assert!(same("COPY file /x", "COPY ./file /x"));
    for other in [
        "COPY file /y",
        "COPY file /x/",
        "COPY --chown=5 file /x",
        "COPY --chmod=700 file /x",
        "ADD file /x",
        "COPY dir /x",
    ] {
        assert!(!same("COPY file /x", other), "{other}");
    }
}
