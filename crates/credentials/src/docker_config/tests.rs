use super::*;

fn parse(contents: &str) -> Result<DockerConfig, DockerConfigError> {
    DockerConfig::parse("/etc/docker/config.json".into(), contents.as_bytes())
}

fn basic(user: &str, password: &str) -> Credential {
    Credential::Basic { user: user.to_owned(), password: Secret::new(password) }
}

fn identity(user: &str, token: &str) -> Credential {
    Credential::IdentityToken { user: user.to_owned(), token: Secret::new(token) }
}

#[test]
fn an_entry_holds_a_credential_in_one_of_many_ways() {
    let bearer = Credential::Bearer(Secret::new("r"));
    // dTpw is `u:p`, dTo= is `u:`, dTpwAAA= is `u:p` with two zero bytes after it.
    let table = [
        (r#"{"auth": "dTpw"}"#, Some(basic("u", "p"))),
        (r#"{"auth": "dTpwAAA="}"#, Some(basic("u", "p"))),
        (r#"{"auth": "dTo"}"#, Some(basic("u", ""))),
        (r#"{"auth": "dTpw", "username": "x", "password": "y", "email": "e"}"#, Some(basic("u", "p"))),
        (r#"{"username": "u", "password": "p"}"#, Some(basic("u", "p"))),
        (r#"{"auth": "", "username": "u", "password": "p"}"#, Some(basic("u", "p"))),
        (r#"{"auth": "dTo=", "identitytoken": "i"}"#, Some(identity("u", "i"))),
        (r#"{"identitytoken": "i"}"#, Some(identity("", "i"))),
        (r#"{"identitytoken": "i", "registrytoken": "r", "auth": "dTpw"}"#, Some(bearer)),
        ("{}", None),
        ("null", None),
        (r#"{"auth": null, "identitytoken": "", "registrytoken": ""}"#, None),
        (r#"{"auth": "no base64"}"#, None),
        (r#"{"auth": "dQ=="}"#, None),
        (r#"{"registrytoken": "r\nr", "auth": "dTpw"}"#, None),
    ];
    for (entry, expected) in table {
        let config = parse(&format!(r#"{{"auths": {{"r.example": {entry}}}}}"#)).unwrap();
        let found = config.credential(&["r.example".to_owned()]);
        assert!(found == expected.as_ref(), "{entry}: {found:?}, not {expected:?}, or other texts");
    }
}

#[test]
fn a_malformed_entry_leaves_the_others_alone() {
    let config = parse(r#"{"auths": {"a.example": {"auth": "!"}, "b.example": {"auth": "dTpw"}}}"#).unwrap();
    assert!(config.credential(&["a.example".to_owned()]).is_none());
    assert!(config.credential(&["b.example".to_owned()]) == Some(&basic("u", "p")));
}

#[test]
fn the_most_specific_key_counts() {
    let config = parse(
        r#"{"auths": {
            "https://r.example/v1/": {"auth": "dTox"},
            "r.example/team": {"auth": "dToy"},
            "r.example/team/app": {"auth": "dToz"},
            "https://index.docker.io/v1/": {"auth": "dTo0"}
        }}"#,
    )
    .unwrap();
    let table = [
        ("r.example", "other", Some("1")),
        ("r.example", "team-mate/app", Some("1")),
        ("r.example", "team/other", Some("2")),
        ("r.example", "team/app", Some("3")),
        ("r.example", "team/app/part", Some("3")),
        ("r.example:443", "team/app", None),
        ("index.docker.io", "library/busybox", Some("4")),
    ];
    for (registry, repository, expected) in table {
        let found = config.credential(&registry_key::scopes(registry, repository));
        let expected = expected.map(|password| basic("u", password));
        assert!(found == expected.as_ref(), "{registry}/{repository}: {found:?}");
    }
}

#[test]
fn a_registry_has_its_helper_or_that_of_all() {
    let config = parse(
        r#"{"credsStore": "desktop",
            "credHelpers": {"gcr.io": "gcloud", "docker.io": "hub", "r.example": "", "gcr.io/team": "team"}}"#,
    )
    .unwrap();
    let table = [
        ("gcr.io", "app", Some("gcloud")),
        ("gcr.io", "team/app", Some("team")),
        ("index.docker.io", "library/busybox", Some("hub")),
        ("r.example", "app", None),
        ("other.example", "app", Some("desktop")),
    ];
    for (registry, repository, expected) in table {
        assert_eq!(config.helper(&registry_key::scopes(registry, repository)), expected, "{registry}");
    }
    assert_eq!(parse(r#"{"credsStore": ""}"#).unwrap().helper(&["r.example".to_owned()]), None);
}

#[test]
fn what_else_is_in_the_file_does_not_matter() {
    for contents in ["", " \n", "{}", r#"{"auths": null, "credHelpers": null, "psFormat": [1]}"#] {
        let config = parse(contents).unwrap();
        assert!(config.credential(&["r.example".to_owned()]).is_none(), "{contents}");
        assert_eq!(config.helper(&["r.example".to_owned()]), None, "{contents}");
    }
}

#[test]
fn errors_name_the_place_but_no_contents() {
    let table = [
        ("hunter2", "is not JSON, line 1, column 1;"),
        ("{\"auths\":\n {\"r\": {\"auth\": \"hunter2\"", "is not JSON, line 2, column 25;"),
        ("{\"auths\":\n \"hunter2\"}", "has a value of a wrong type, line 2, column 10;"),
        ("{\"auths\": {\"r\": \"hunter2\"}}", "has a value of a wrong type, line 1, column 25;"),
        ("{\"auths\": {\"r\": {\"auth\": [\"hunter2\"]}}}", "has a value of a wrong type, line 1, column "),
        ("{\"credsStore\": {\"a\": \"hunter2\"}}", "has a value of a wrong type, line 1, column "),
    ];
    for (contents, expected) in table {
        let error = parse(contents).err().unwrap();
        let expected = format!("docker config '/etc/docker/config.json' {expected}");
        assert!(error.to_string().starts_with(&expected), "{contents}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{contents}: {error:?}");
    }
}
