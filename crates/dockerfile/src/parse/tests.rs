use super::{Problem, parse};
use crate::instruction::{ArgDeclaration, Command, Instruction};

fn only(text: &str) -> Instruction {
    let mut steps = parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).steps;
    assert_eq!(steps.len(), 1, "{text}");
    steps.remove(0).instruction
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn instructions_are_told_apart() {
    use Instruction as I;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    for (text, expected) in [
        ("arg a b=\"c d\"", I::Arg(vec![declaration("a", None), declaration("b", Some("\"c d\""))])),
        ("CMD", I::Cmd(Command::Shell(String::new()))),
        ("CMD [\"a\"]", I::Cmd(Command::Exec(texts(&["a"])))),
        ("ENTRYPOINT a b", I::Entrypoint(Command::Shell("a b".into()))),
        ("ENV a=b c=d", I::Env(vec![pair("a", "b"), pair("c", "d")])),
        ("LABEL a b c", I::Label(vec![pair("a", "b c")])),
        ("EXPOSE 80 443/tcp", I::Expose(texts(&["80", "443/tcp"]))),
        ("FROM --platform=x a AS b", I::From { image: "a".into(), name: Some("b".into()) }),
        ("HEALTHCHECK NONE", I::Healthcheck("NONE".into())),
        ("MAINTAINER a b", I::Maintainer("a b".into())),
        ("ONBUILD RUN x", I::OnBuild("RUN x".into())),
        ("SHELL [\"/bin/bash\", \"-c\"]", I::Shell(texts(&["/bin/bash", "-c"]))),
        ("STOPSIGNAL $S", I::StopSignal("$S".into())),
        ("USER a:b", I::User("a:b".into())),
        ("VOLUME [\"/a b\"]", I::Volume(texts(&["/a b"]))),
        ("WORKDIR /a b", I::Workdir("/a b".into())),
    ] {
        assert_eq!(only(text), expected, "{text}");
    }
}

fn declaration(name: &str, default: Option<&str>) -> ArgDeclaration {
    ArgDeclaration { name: name.to_owned(), default: default.map(str::to_owned) }
}

#[test]
fn commands_come_in_three_forms() {
    for (text, command) in [
        ("RUN a \\\n  && b", Command::Shell("a   && b".into())),
        ("RUN [\"a\", \"b c\"]", Command::Exec(texts(&["a", "b c"]))),
        ("RUN [ -f x ] || y", Command::Shell("[ -f x ] || y".into())),
        ("RUN <<E\nx\nE", Command::Shell("<<E".into())),
    ] {
        let Instruction::Run(run) = only(text) else { panic!("{text}") };
        assert_eq!((run.command, run.flags.len()), (command, 0), "{text}");
    }
    let Instruction::Run(run) = only("RUN --mount=type=cache,target=/x --network=none make") else {
        panic!()
    };
    assert_eq!(run.flags.len(), 2);
    assert_eq!(run.command, Command::Shell("make".into()));
}

#[test]
fn files_are_copied_from_the_context_or_the_dockerfile() {
    let Instruction::Copy(copy) = only("COPY --chown=1:2 a b/ <<x /c d*/\ntext\nx") else { panic!() };
    assert_eq!(copy.sources, texts(&["a", "b/", "/c"]));
    assert_eq!((copy.destination.as_str(), copy.heredocs.len(), copy.flags.len()), ("d*/", 1, 1));
    let Instruction::Add(add) = only("ADD [\"a b\", \"c\"]") else { panic!() };
    assert_eq!((add.sources, add.destination), (texts(&["a b"]), "c".to_owned()));
    let Instruction::Copy(copy) = only("COPY <<x /c\nx") else { panic!() };
    assert_eq!((copy.sources.len(), copy.heredocs.len()), (0, 1));
}

#[test]
fn what_cannot_be_understood_is_told_with_its_line() {
    for (text, line, part) in [
        ("FROM a\n\nFETCH b", 3, "no instruction FETCH"),
        ("FROM", 1, "takes one image"),
        ("FROM a b", 1, "takes one image"),
        ("RUN", 1, "lacks its arguments"),
        ("RUN --x", 1, "lacks its arguments"),
        ("RUN <<E", 1, "'E' has no end"),
        ("ENV", 1, "lacks its arguments"),
        ("ENV a", 1, "'a' has no value"),
        ("LABEL =a", 1, "has no name"),
        ("ARG", 1, "lacks its arguments"),
        ("ARG =a", 1, "has no name"),
        ("COPY a", 1, "one source at least"),
        ("ADD", 1, "ADD takes one source"),
        ("USER a b", 1, "exactly one"),
        ("SHELL /bin/sh", 1, "JSON list"),
        ("SHELL []", 1, "JSON list"),
        ("VOLUME []", 1, "lacks its arguments"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text}");
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
    assert_eq!(parse("X").unwrap_err().problem, Problem::UnknownInstruction("X".into()));
}

#[test]
fn texts_are_kept_for_the_history() {
    let dockerfile = parse("# escape=`\nfrom a\nrun one `\n two").unwrap();
    assert_eq!(dockerfile.escape, '`');
    let texts: Vec<_> = dockerfile.steps.iter().map(|step| (step.line, step.text.as_str())).collect();
    assert_eq!(texts, [(2, "FROM a"), (3, "RUN one  two")]);
}

#[test]
fn no_text_makes_it_panic() {
    let pieces = ["RUN", " ", "<<", "E", "\n", "\\", "[\"", "--", "=", "$", "{", "'", "\u{e9}", "COPY", "#"];
    // Every text of up to four pieces, each of which has a meaning somewhere.
    for number in 0..pieces.len().pow(4) {
        let mut number = number;
        let mut text = String::new();
        while number > 0 {
            text.push_str(pieces[number % pieces.len()]);
            number /= pieces.len();
        }
        let _ = parse(&text);
    }
}
