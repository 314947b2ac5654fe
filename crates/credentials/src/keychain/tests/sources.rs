//! Which source counts.

use super::*;

#[test]
fn the_default_and_an_empty_environment_are_anonymous() {
    for keychain in [Keychain::default(), Keychain::read(&[]).unwrap()] {
        for registry in ["gcr.io", "index.docker.io", "localhost:5000", ""] {
            assert_eq!(keychain.find(registry, "library/app"), None, "{registry}");
        }
    }
}

#[test]
fn the_variable_comes_before_the_docker_config_per_registry() {
    let scratch = Scratch::new()
        .variable("CNB_REGISTRY_AUTH", r#"{"https://a.example/v1/": "Bearer a", "docker.io": "Bearer hub"}"#)
        .docker_config(r#"{"auths": {"a.example": {"auth": "dTox"}, "b.example": {"auth": "dToy"}}}"#);
    let keychain = scratch.keychain();
    let token = |text: &str| Credential::Bearer(Secret::new(text));
    let docker_config = format!("docker config '{}'", scratch.path(".docker/config.json").display());
    assert_found(keychain.find("a.example", "app").as_ref(), &token("a"), "CNB_REGISTRY_AUTH");
    assert_found(
        keychain.find("index.docker.io", "library/app").as_ref(),
        &token("hub"),
        "CNB_REGISTRY_AUTH",
    );
    assert_found(keychain.find("b.example", "app").as_ref(), &basic("u", "2"), &docker_config);
    assert_eq!(keychain.find("a.example:5000", "app"), None);
    assert_eq!(keychain.find("sub.a.example", "app"), None);
}

#[test]
fn a_configured_helper_comes_before_the_files_own_credential() {
    let config = r#"{"credHelpers": {"a.example": "one", "b.example": ""}, "credsStore": "all",
        "auths": {"a.example": {"auth": "dTox"}, "b.example": {"auth": "dToy"}, "c.example": {"auth": "dToz"}}}"#;
    let scratch = Scratch::new()
        .docker_config(config)
        .helper("one", &answer("one", "s"))
        .helper("all", "echo 'credentials not found in native keychain'; exit 1");
    let keychain = scratch.keychain();
    let docker_config = format!("docker config '{}'", scratch.path(".docker/config.json").display());
    let one = "credential helper docker-credential-one";
    assert_found(keychain.find("a.example", "app").as_ref(), &basic("one", "s"), one);
    assert_found(keychain.find("b.example", "app").as_ref(), &basic("u", "2"), &docker_config);
    assert_found(keychain.find("c.example", "app").as_ref(), &basic("u", "3"), &docker_config);
    assert_eq!(keychain.find("index.docker.io", "library/app"), None);
    assert_eq!(
        scratch.asked(),
        "one get a.example\nall get c.example\nall get https://index.docker.io/v1/\n"
    );
}

#[test]
fn a_clouds_helper_is_asked_if_nothing_is_configured() {
    let scratch = Scratch::new()
        .variable("CNB_REGISTRY_AUTH", r#"{"eu.gcr.io": "Bearer e"}"#)
        .docker_config(r#"{"auths": {"us.gcr.io": {"auth": "dTpw"}}}"#)
        .helper("gcloud", &answer("gcloud", "s"))
        .helper("ecr-login", &answer("AWS", "s"))
        .helper("acr-env", &answer("<token>", "s"));
    let keychain = scratch.keychain();
    let kind = |registry: &str| keychain.find(registry, "app").map(|found| found.to_string());
    let identity = "identity token from credential helper docker-credential-acr-env";
    let expected = |program| Some(format!("user name and password from credential helper {program}"));
    assert_eq!(kind("gcr.io"), expected("docker-credential-gcloud"));
    assert_eq!(kind("1.dkr.ecr.eu-west-1.amazonaws.com"), expected("docker-credential-ecr-login"));
    assert_eq!(kind("team.azurecr.io").as_deref(), Some(identity));
    assert_eq!(kind("eu.gcr.io").as_deref(), Some("registry token from CNB_REGISTRY_AUTH"));
    assert!(kind("us.gcr.io").is_some_and(|kind| kind.contains("docker config")));
    assert_eq!(kind("other.example"), None);
    assert_eq!(scratch.asked().lines().count(), 3, "{}", scratch.asked());
}

#[test]
fn a_clouds_helper_that_is_not_there_is_no_warning() {
    let scratch = Scratch::new();
    let keychain = scratch.keychain();
    let warnings = warnings("absent.pkg.dev", || assert_eq!(keychain.find("absent.pkg.dev", "app"), None));
    assert_eq!(warnings, <[&str; 0]>::default());
}

#[test]
fn malformed_sources_are_errors_that_name_them() {
    let read = |scratch: &Scratch| Keychain::read(&scratch.variables).unwrap_err().to_string();
    let variable = read(&Scratch::new().variable("CNB_REGISTRY_AUTH", "{"));
    assert!(variable.starts_with("CNB_REGISTRY_AUTH is not JSON, line 1, column 1"), "{variable}");
    let scratch = Scratch::new().docker_config("{\n\"auths\": hunter2}");
    let file = read(&scratch);
    let path = scratch.path(".docker/config.json");
    assert!(
        file.starts_with(&format!("docker config '{}' is not JSON, line 2, column 10", path.display())),
        "{file}"
    );
    assert!(!file.contains("hunter2"), "{file}");
}

#[test]
fn a_docker_config_that_cannot_be_read_is_a_warning() {
    // A process's memory cannot be read from its beginning, not even by root.
    let scratch = Scratch::new().variable("REGISTRY_AUTH_FILE", "/proc/self/mem");
    let warnings =
        warnings("/proc/self/mem", || assert_eq!(scratch.keychain().find("a.example", "app"), None));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("WARN: "), "{warnings:?}");
}

#[test]
fn debug_shows_no_secret() {
    let scratch = Scratch::new()
        .variable("CNB_REGISTRY_AUTH", r#"{"a.example": "Bearer hunter2"}"#)
        .variable("AWS_SECRET_ACCESS_KEY", "hunter2")
        .docker_config(r#"{"auths": {"b.example": {"username": "hunter2", "password": "hunter2"}}}"#);
    let keychain = scratch.keychain();
    let found = [keychain.find("a.example", "app"), keychain.find("b.example", "app")];
    assert!(found.iter().all(Option::is_some));
    let printed = format!("{keychain:?} {keychain:#?} {found:?} {found:#?}");
    assert!(!printed.contains("hunter2"), "{printed}");
}
