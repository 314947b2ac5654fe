//! Credentials that registries themselves take.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use test_kit::ImageFixture;
use test_registry::{Fault, FaultProxy, TestRegistry, TokenServer};

use crate::support::{basic, client, download, plain, pull, push, says, with_docker_config, with_header};

const SECRETS: [&str; 2] = ["sesame", "b3Blbjpz"];

#[test]
fn a_password_is_taken_from_the_environment_and_the_docker_config() {
    let Some(registry) = TestRegistry::basic_auth() else { return };
    let written = registry.push("app:1", &ImageFixture::default());
    let (address, digest) = (registry.address(), Some(written.digest.parse().unwrap()));
    let header = basic(TestRegistry::USER, TestRegistry::PASSWORD);
    let auth = STANDARD.encode(format!("{}:{}", TestRegistry::USER, TestRegistry::PASSWORD));
    let (configured, _dir) = with_docker_config(&address, &json!({ "auth": auth }));
    for client in [with_header(&address, &header), configured] {
        assert_eq!(pull(&client, &address, "app").unwrap(), digest);
        push(&client, &address, "app", b"a blob").unwrap();
        assert_eq!(download(&client, &address, "app", b"a blob").unwrap(), b"a blob");
        let debug = format!("{client:?}");
        assert!(SECRETS.iter().all(|secret| !debug.contains(secret)), "{debug}");
    }
}

#[test]
fn a_password_that_is_wrong_or_missing_is_told_by_kind_and_source() {
    let Some(registry) = TestRegistry::basic_auth() else { return };
    registry.push("team/app:1", &ImageFixture::default());
    let address = registry.address();
    let header = basic(TestRegistry::USER, "open:sesame");
    let auth = STANDARD.encode(format!("{}:open:sesame", TestRegistry::USER));
    let (configured, dir) = with_docker_config(&address, &json!({ "auth": auth }));
    let config = dir.path().to_str().unwrap();
    for (client, words) in [
        (with_header(&address, &header), ["user name and password", "CNB_REGISTRY_AUTH"]),
        (configured, ["user name and password", config]),
        (plain(), ["without credentials", "CNB_REGISTRY_AUTH"]),
        (with_header("other.example", &header), ["without credentials", "docker config"]),
    ] {
        for error in [
            pull(&client, &address, "team/app").unwrap_err(),
            push(&client, &address, "team/app", b"x").unwrap_err(),
        ] {
            says(&error, &[&address, "team/app", "401"], &SECRETS);
            says(&error, &words, &[]);
            assert!(error.is_denied() && !error.is_passing());
        }
    }
}

#[test]
fn a_registry_that_does_not_ask_is_shown_nothing() {
    let Some(registry) = TestRegistry::plain() else { return };
    registry.push("app:1", &ImageFixture::default());
    let proxy = FaultProxy::before(&registry);
    let client = with_header(&proxy.address(), &basic("user", "sesame"));
    assert!(pull(&client, &proxy.address(), "app").unwrap().is_some());
    assert!(proxy.requests().iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn a_token_for_the_registry_is_shown_as_it_is() {
    let server = TokenServer::start();
    let Some(registry) = TestRegistry::token_auth(&server) else { return };
    registry.push("app:1", &ImageFixture::default());
    server.grant("ann", "app", "pull,push");
    let token = server.token("ann", &["repository:app:pull,push"]);
    let client = with_header(&registry.address(), &format!("Bearer {token}"));
    assert!(pull(&client, &registry.address(), "app").unwrap().is_some());
    push(&client, &registry.address(), "app", b"a blob").unwrap();
    assert!(server.requests().is_empty());

    let client = with_header(&registry.address(), "Bearer sesame");
    let error = pull(&client, &registry.address(), "app").unwrap_err();
    says(&error, &["401", "registry token from CNB_REGISTRY_AUTH"], &SECRETS);
}

#[test]
fn a_header_of_any_scheme_is_shown_whatever_the_registry_says() {
    let Some(registry) = TestRegistry::plain() else { return };
    registry.push("app:1", &ImageFixture::default());
    for challenge in [None, Some("Acme realm=\"x\""), Some("Basic realm=\"x\"")] {
        let proxy = FaultProxy::before(&registry);
        let fault = challenge
            .map_or_else(|| Fault::status(401), |text| Fault::status_with(401, "WWW-Authenticate", text));
        proxy.on_requests(|request| request.header("authorization") != Some("Acme sesame"), .., fault);
        let address = proxy.address();
        let client = with_header(&address, "Acme sesame");
        assert!(pull(&client, &address, "app").unwrap().is_some(), "{challenge:?}");
        push(&client, &address, "app", b"a blob").unwrap();
        let error = pull(&with_header(&address, "Acme closed"), &address, "app").unwrap_err();
        says(&error, &["401", "Authorization header from CNB_REGISTRY_AUTH"], &["closed"]);
        let error = pull(&plain(), &address, "app").unwrap_err();
        says(&error, &["401", "without credentials"], &[]);
    }
}

#[test]
fn a_refusal_by_status_403_names_the_credential_too() {
    let Some(registry) = TestRegistry::plain() else { return };
    let proxy = FaultProxy::before(&registry);
    proxy.on("*", "", .., Fault::error(403, "DENIED"));
    let client =
        client(&[("CNB_REGISTRY_AUTH", &json!({ proxy.address(): basic("u", "sesame") }).to_string())], &[]);
    let error = push(&client, &proxy.address(), "app", b"x").unwrap_err();
    says(&error, &["403", "DENIED", "/app", "user name and password from CNB_REGISTRY_AUTH"], &SECRETS);
}
