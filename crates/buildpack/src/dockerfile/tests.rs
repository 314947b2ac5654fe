use super::{Dockerfile, DockerfileKind, DockerfileProblem, check};

#[test]
fn a_run_dockerfile_switches_extends_or_both() {
    for (text, new_base, extends) in [
        ("FROM reg.example/a:1", Some("reg.example/a:1"), false),
        ("ARG base_image\nFROM ${base_image}", None, false),
        ("ARG base_image=x\nARG y\nFROM --platform=linux/amd64 ${base_image} AS z\nRUN true", None, true),
        ("from reg.example/a:1\nlabel a=b", Some("reg.example/a:1"), true),
    ] {
        let dockerfile = check(DockerfileKind::Run, text).unwrap();
        assert_eq!((dockerfile.new_base.as_deref(), dockerfile.extends), (new_base, extends), "{text}");
    }
}

#[test]
fn a_build_dockerfile_begins_with_the_base_image() {
    for text in ["ARG base_image\nFROM ${base_image}\nRUN true", "# c\narg base_image=a\nfrom ${base_image}"]
    {
        assert_eq!(check(DockerfileKind::Build, text).unwrap().new_base, None, "{text}");
    }
    for (text, line) in [
        ("FROM ${base_image}", 1),
        ("ARG other\nFROM ${base_image}", 1),
        ("ARG base_image\nARG other\nFROM ${base_image}", 2),
        ("ARG base_image\nFROM other", 2),
        ("ARG base_image\nFROM $base_image", 2),
    ] {
        let problem = check(DockerfileKind::Build, text).unwrap_err();
        assert_eq!(problem, (Some(line), DockerfileProblem::WrongPreamble), "{text}");
    }
}

#[test]
fn what_is_not_allowed_is_told_with_its_line() {
    for (text, line, part) in [
        ("", None, "no FROM"),
        ("# only\n", None, "no FROM"),
        ("ARG a", None, "no FROM"),
        ("FROM a\nRUN true\nFROM b", Some(3), "second FROM"),
        ("RUN true\nFROM a", Some(1), "RUN must stand behind FROM"),
        ("FROM", Some(1), "takes one image"),
        ("FROM a b", Some(1), "takes one image"),
        ("FROM a\nFETCH b", Some(2), "no instruction FETCH"),
        ("ARG v\nFROM a:${v}", Some(2), "'a:${v}' cannot be told"),
        ("FROM $base_image", Some(1), "cannot be told"),
        ("FROM a\nRUN <<E", Some(2), "'E' has no end"),
    ] {
        let (actual, problem) = check(DockerfileKind::Run, text).unwrap_err();
        assert_eq!(actual, line, "{text}");
        assert!(problem.to_string().contains(part), "{text}: {problem}");
    }
}

#[test]
fn instructions_beyond_the_recommended_ones_are_noted() {
    let text = "FROM a\nRUN true\nVOLUME /x\nENTRYPOINT y";
    let discouraged = check(DockerfileKind::Run, text).unwrap().discouraged;
    assert_eq!(discouraged, [(3, "VOLUME".into()), (4, "ENTRYPOINT".into())]);
}

#[test]
fn errors_name_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.Dockerfile");
    assert_eq!(Dockerfile::read(DockerfileKind::Run, &path), Ok(None));
    fs_err::write(&path, "FROM a\nFROM b").unwrap();
    let message = Dockerfile::read(DockerfileKind::Run, &path).unwrap_err().to_string();
    assert!(message.contains("/run.Dockerfile: line 2: a second FROM"), "{message}");
    fs_err::write(&path, b"\xff").unwrap();
    assert!(Dockerfile::read(DockerfileKind::Run, &path).is_err());
    fs_err::remove_file(&path).unwrap();
    fs_err::create_dir(&path).unwrap();
    let message = Dockerfile::read(DockerfileKind::Run, &path).unwrap_err().to_string();
    assert!(message.contains("not a regular file"), "{message}");
}
