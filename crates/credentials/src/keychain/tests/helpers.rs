//! What helpers get, and how little they can do wrong.

use super::*;

/// The keychain's answer for a registry whose helper is the script, with the warnings about the registry.
fn ask(registry: &str, script: &str) -> (Option<Found>, Vec<String>) {
    let scratch = Scratch::new().docker_config(r#"{"credsStore": "test"}"#).helper("test", script);
    let keychain = scratch.impatient_keychain();
    let mut found = None;
    let warnings = warnings(registry, || {
        found = keychain.find(registry, "app");
        assert_eq!(keychain.find(registry, "other"), found, "what is known is not asked again");
    });
    assert_eq!(scratch.asked(), format!("test get {registry}\n"));
    (found, warnings)
}

#[test]
fn answers_are_read() {
    let identity = Credential::IdentityToken { user: "<token>".to_owned(), token: Secret::new("t") };
    let table = [
        ("plain", answer("user", "pass:word"), Some(basic("user", "pass:word"))),
        ("token", answer("<token>", "t"), Some(identity)),
        ("no-user", r#"echo '{"Secret": "s"}'"#.to_owned(), Some(basic("", "s"))),
        ("lower-case", r#"echo '{"username": "u", "secret": "s"}'"#.to_owned(), Some(basic("u", "s"))),
        ("empty", answer("", ""), None),
        ("nothing", "echo 'credentials not found in native keychain'; exit 1".to_owned(), None),
        ("forks", format!("sleep 1000 & {}", answer("u", "s")), Some(basic("u", "s"))),
    ];
    for (registry, script, expected) in table {
        let registry = format!("{registry}.answers.example");
        let (found, warnings) = ask(&registry, &script);
        let credential = found.as_ref().map(|found| &found.credential);
        assert!(credential == expected.as_ref(), "{registry}: {credential:?}, or other texts");
        assert_eq!(warnings, <[&str; 0]>::default(), "{registry}");
    }
}

#[test]
fn failures_are_warnings_that_name_helper_and_registry() {
    let table = [
        (
            "hangs",
            "echo hunter2; echo waiting >&2; sleep 1000",
            "it did not end within 0.3 s and was killed; its error output: waiting; going",
        ),
        ("hangs-in-child", "(sleep 1000) ; exit 0", "it did not end within 0.3 s and was killed; going"),
        (
            "fails",
            "echo hunter2; printf 'no\\n\\033[1mway\\n' >&2; exit 3",
            "it failed with exit status: 3; its error output: no [1mway; going",
        ),
        ("dies", "kill -KILL $$", "it failed with signal: 9 (SIGKILL); going"),
        ("garbage", "echo hunter2", "what it printed is not the JSON of a user name and a secret; going"),
        (
            "cut",
            r#"echo '{"Username": "u", "Secret": "hunter2'"#,
            "what it printed is not the JSON of a user name and a secret; going",
        ),
        (
            "wrong-type",
            r#"echo '{"Username": "u", "Secret": ["hunter2"]}'"#,
            "what it printed is not the JSON of a user name and a secret; going",
        ),
        ("silent", "exit 0", "what it printed is not the JSON of a user name and a secret; going"),
        ("endless", "exec cat /dev/zero", "it printed more than 1048576 bytes and was killed; going"),
    ];
    for (registry, script, expected) in table {
        let registry = format!("{registry}.failures.example");
        let (found, warnings) = ask(&registry, script);
        assert_eq!(found, None, "{registry}");
        let expected = format!(
            "WARN: credential helper docker-credential-test gave nothing for '{registry}': {expected} on without it"
        );
        assert_eq!(warnings, [expected]);
    }
}

#[test]
fn helpers_get_the_environment_but_not_the_credentials_of_others() {
    let scratch = Scratch::new()
        .variable("CNB_REGISTRY_AUTH", r#"{"a.example": "Bearer hunter2"}"#)
        .variable("AWS_PROFILE", "team")
        .docker_config(r#"{"credsStore": "test"}"#);
    let seen = scratch.path("seen").display().to_string();
    let scratch = scratch.helper("test", &format!("env > {seen}; {}", answer("u", "s")));
    assert!(scratch.keychain().find("b.example", "app").is_some());
    let seen = fs_err::read_to_string(seen).unwrap();
    assert!(seen.lines().any(|line| line == "AWS_PROFILE=team"), "{seen}");
    assert!(!seen.contains("CNB_REGISTRY_AUTH"), "{seen}");
}

#[test]
fn what_is_no_helper_on_path_is_a_warning() {
    let scratch = Scratch::new()
        .docker_config(
            r#"{"credHelpers": {
                "absent.path.example": "absent", "plain.path.example": "plain", "outside.path.example": "/../../evil",
                "directory.path.example": "directory", "broken.path.example": "broken"
            }}"#,
        )
        .helper("broken", "");
    fs_err::write(scratch.path("bin/docker-credential-plain"), "not executable").unwrap();
    fs_err::create_dir(scratch.path("bin/docker-credential-directory")).unwrap();
    fs_err::create_dir(scratch.path("bin/docker-credential-")).unwrap();
    install(&scratch.path("evil"), "#!/bin/sh\necho '{\"Secret\": \"s\"}'\n");
    install(&scratch.path("bin/docker-credential-broken"), "#!/does/not/exist\n");
    let keychain = scratch.keychain();
    let table = [
        ("absent", "absent", "it is not on PATH"),
        ("plain", "plain", "it is not on PATH"),
        ("directory", "directory", "it is not on PATH"),
        ("outside", "/../../evil", "it is not on PATH"),
        ("broken", "broken", "it could not be started: No such file or directory (os error 2)"),
    ];
    for (registry, helper, expected) in table {
        let registry = format!("{registry}.path.example");
        let warnings = warnings(&registry, || assert_eq!(keychain.find(&registry, "app"), None));
        let expected = format!(
            "WARN: credential helper docker-credential-{helper} gave nothing for '{registry}': {expected}; going on without it"
        );
        assert_eq!(warnings, [expected]);
    }
}

#[test]
fn clones_and_threads_share_one_answer() {
    let scratch = Scratch::new().docker_config(r#"{"credsStore": "test"}"#).helper("test", &answer("u", "s"));
    let keychain = scratch.keychain();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let keychain = keychain.clone();
            scope.spawn(move || assert!(keychain.find("a.example", "app").is_some()));
        }
    });
    assert_eq!(scratch.asked(), "test get a.example\n");
}
