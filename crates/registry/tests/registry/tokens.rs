//! Registries that want tokens of a server.

use registry::{Access, Mount};
use serde_json::json;
use test_kit::{ImageFixture, sha256};
use test_registry::{Authority, Credential, Fault, FaultProxy, TestRegistry, TokenServer};

use crate::support::{basic, client, plain, pull, push, repository, says, with_docker_config, with_header};

const SECRET: &str = "p+q&r/sesame";

fn scopes(server: &TokenServer) -> Vec<Vec<String>> {
    server.requests().into_iter().map(|request| request.scopes).collect()
}

/// A registry with an image in `app` and one in `base`, the one for ann alone, the other for everybody.
fn start(server: &TokenServer) -> Option<TestRegistry> {
    let registry = TestRegistry::token_auth(server)?;
    registry.push("app:1", &ImageFixture::default());
    registry.push("base:1", &ImageFixture::default());
    server.user("ann", SECRET);
    server.identity_token("ann", "refresh/sesame");
    server.grant("ann", "app", "pull,push");
    server.grant_anonymous("base");
    Some(registry)
}

#[test]
fn no_more_is_asked_for_than_is_needed() {
    let server = TokenServer::start();
    let Some(registry) = start(&server) else { return };
    let address = registry.address();
    let client = with_header(&address, &basic("ann", SECRET));
    assert!(pull(&client, &address, "app").unwrap().is_some());
    assert!(pull(&client, &address, "app").unwrap().is_some());
    assert_eq!(scopes(&server), [["repository:app:pull"]]);
    server.forget();
    push(&client, &address, "app", b"one").unwrap();
    push(&client, &address, "app", b"two").unwrap();
    assert_eq!(scopes(&server), [["repository:app:pull,push"]]);
    server.forget();
    let blob = sha256(b"three");
    registry.push_blob("base", b"three");
    let app = repository(&client, &address, "app", Access::Push);
    assert!(matches!(app.mount(&blob.parse().unwrap(), "base").unwrap(), Mount::Done));
    assert_eq!(scopes(&server), [["repository:app:pull,push", "repository:base:pull"]]);
    assert_eq!(server.requests()[0].service.as_deref(), Some(TokenServer::SERVICE));
    let ann = Credential::Basic { user: "ann".to_owned(), password: SECRET.to_owned() };
    assert_eq!(server.requests()[0].credential, ann);
    let debug = format!("{client:?}");
    assert!(!debug.contains("sesame") && !debug.contains("eyJ"), "{debug}");
}

#[test]
fn what_may_not_be_read_is_not_mounted_but_uploaded() {
    let server = TokenServer::start();
    let Some(registry) = start(&server) else { return };
    let address = registry.address();
    registry.push_blob("secret", b"three");
    let client = with_header(&address, &basic("ann", SECRET));
    let app = repository(&client, &address, "app", Access::Push);
    let blob = sha256(b"three").parse().unwrap();
    let Mount::Upload(mut upload) = app.mount(&blob, "secret").unwrap() else { unreachable!("mounted") };
    upload.put(&blob, b"three").unwrap();
    assert!(app.has_blob(&blob).unwrap());
}

#[test]
fn everybody_may_get_tokens_for_what_everybody_may_read() {
    let server = TokenServer::start();
    let Some(registry) = start(&server) else { return };
    let address = registry.address();
    assert!(pull(&plain(), &address, "base").unwrap().is_some());
    assert_eq!(server.requests()[0].credential, Credential::None);
    let error = pull(&plain(), &address, "app").unwrap_err();
    says(&error, &["401", "/app", "without credentials"], &[]);
}

#[test]
fn an_identity_token_is_posted() {
    let server = TokenServer::start();
    let Some(registry) = start(&server) else { return };
    let address = registry.address();
    let (client, _dir) = with_docker_config(&address, &json!({ "identitytoken": "refresh/sesame" }));
    push(&client, &address, "app", b"one").unwrap();
    let request = &server.requests()[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.credential, Credential::IdentityToken("refresh/sesame".to_owned()));
    assert_eq!(request.scopes, ["repository:app:pull,push"]);
    assert_eq!(request.service.as_deref(), Some(TokenServer::SERVICE));
    let (client, _dir) = with_docker_config(&address, &json!({ "identitytoken": "refresh/sesames" }));
    let error = push(&client, &address, "app", b"one").unwrap_err();
    says(&error, &["get a token", "/app", "401", "identity token from docker config"], &["sesames"]);
}

#[test]
fn a_token_that_is_too_old_is_renewed() {
    let server = TokenServer::start();
    let Some(registry) = start(&server) else { return };
    let address = registry.address();
    let client = with_header(&address, &basic("ann", SECRET));
    server.stale(1);
    assert!(pull(&client, &address, "app").unwrap().is_some());
    assert_eq!(server.requests().len(), 2);
    server.stale(3);
    let error = push(&client, &address, "app", b"x").unwrap_err();
    says(&error, &["401", "user name and password"], &[SECRET]);
    assert_eq!(server.requests().len(), 5, "the same credential is not tried on and on");
}

#[test]
fn a_token_may_end_during_an_upload() {
    let server = TokenServer::start();
    let Some(registry) = start(&server) else { return };
    let proxy = FaultProxy::before(&registry);
    let address = proxy.address();
    let client = with_header(&address, &basic("ann", SECRET));
    let challenge = format!("Bearer realm=\"{}\",service=\"{}\"", server.realm(), TokenServer::SERVICE);
    for method in ["PATCH", "PUT"] {
        server.forget();
        proxy.on(method, "", 1..=1, Fault::status_with(401, "WWW-Authenticate", &challenge));
        push(&client, &address, "app", &vec![1; 1_000_000]).unwrap();
        assert!(!server.requests().is_empty());
        proxy.heal();
    }
    proxy.on("PATCH", "", .., Fault::status_with(401, "WWW-Authenticate", &challenge));
    let error = push(&client, &address, "app", &vec![2; 1_000_000]).unwrap_err();
    says(&error, &["401", "/app"], &[SECRET]);
}

#[test]
fn the_lifetime_of_a_token_is_as_told() {
    let server = TokenServer::start();
    let Some(registry) = start(&server) else { return };
    let address = registry.address();
    for (seconds, requests) in [(Some(0), 2), (None, 1), (Some(300), 1), (Some(u64::MAX), 1)] {
        server.expires_in(seconds);
        server.forget();
        let client = with_header(&address, &basic("ann", SECRET));
        pull(&client, &address, "app").unwrap();
        pull(&client, &address, "app").unwrap();
        assert_eq!(server.requests().len(), requests, "{seconds:?}");
    }
}

#[test]
fn a_token_server_that_fails_is_named() {
    let server = TokenServer::start();
    let Some(registry) = start(&server) else { return };
    let address = registry.address();
    let token_server = server.realm();
    let token_server = token_server.trim_start_matches("http://").trim_end_matches("/token").to_owned();
    let client = || with_header(&address, &basic("ann", SECRET));
    server.fail(1, 503);
    assert!(pull(&client(), &address, "app").unwrap().is_some());
    server.fail(100, 500);
    let error = pull(&client(), &address, "app").unwrap_err();
    says(&error, &["get a token", &address, "/app", &token_server, "500"], &["sesame", "eyJ"]);
    server.fail(0, 0);
    let error = pull(&with_header(&address, &basic("ann", "sesame")), &address, "app").unwrap_err();
    says(&error, &["get a token", &token_server, "401", "user name and password"], &["sesame"]);

    drop(server);
    let error = pull(&client(), &address, "app").unwrap_err();
    says(&error, &["get a token", &token_server, "cannot be reached"], &["sesame"]);
}

#[test]
fn a_realm_that_is_none_is_told() {
    let Some(registry) = TestRegistry::plain() else { return };
    for realm in ["nowhere", "ftp://x/y", "http://ann:sesame@127.0.0.1/token"] {
        let proxy = FaultProxy::before(&registry);
        let challenge = format!("Bearer realm=\"{realm}\"");
        proxy.on("*", "", .., Fault::status_with(401, "WWW-Authenticate", &challenge));
        let error = pull(&plain(), &proxy.address(), "app").unwrap_err();
        says(&error, &["get a token", "token server", &proxy.address()], &["sesame"]);
    }
}

#[test]
fn a_password_does_not_leave_tls_for_a_token() {
    let (server, authority) = (TokenServer::start(), Authority::new());
    let registry = TestRegistry::configure().tls(&authority).token_auth(&server).start();
    let Some(registry) = registry else { return };
    registry.push("base:1", &ImageFixture::default());
    server.user("ann", SECRET);
    server.grant_anonymous("base");
    let (address, roots) = (registry.address(), authority.pem_file());
    let roots = ("SSL_CERT_FILE", roots.to_str().unwrap());
    let auth = json!({ &address: basic("ann", SECRET) }).to_string();
    let with_password = client(&[roots, ("CNB_REGISTRY_AUTH", &auth)], &[]);
    let error = pull(&with_password, &address, "base").unwrap_err();
    says(&error, &["without TLS", &address], &["sesame"]);
    assert!(server.requests().is_empty());
    assert!(pull(&client(&[roots], &[]), &address, "base").unwrap().is_some());
}
