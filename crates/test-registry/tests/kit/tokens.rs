//! A registry that asks for tokens, and the server that gives them.

use serde_json::Value;
use test_kit::ImageFixture;
use test_registry::{Credential, Request, Skopeo, TestRegistry, TokenServer};

/// Asks for a token by `GET` and tells the status and the answer.
fn ask(server: &TokenServer, query: &str) -> (u16, Value) {
    let url = format!("{}?service={}&{query}", server.realm(), TokenServer::SERVICE);
    let response = Request::new("GET", &url).send().unwrap();
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

/// Asks for a token by `POST` and tells the status and the answer.
fn post(server: &TokenServer, form: &str) -> (u16, Value) {
    let form = format!("service={}&client_id=kit&{form}", TokenServer::SERVICE);
    let request = Request::new("POST", &server.realm()).body(form.as_bytes(), form.len() as u64);
    let response = request.send().unwrap();
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

/// The status of a request to the registry with a token.
fn status(registry: &TestRegistry, method: &str, path: &str, token: &str) -> u16 {
    let url = format!("http://{}/v2/{path}", registry.address());
    Request::new(method, &url).header("Authorization", &format!("Bearer {token}")).send().unwrap().status
}

#[test]
fn the_registry_tells_where_to_ask() {
    let server = TokenServer::start();
    let Some(registry) = TestRegistry::token_auth(&server) else { return };
    let url = format!("http://{}/v2/app/blobs/uploads/", registry.address());
    let asked = Request::new("POST", &url).send().unwrap();
    assert_eq!(asked.status, 401);
    let challenge = asked.header("WWW-Authenticate").unwrap();
    let (realm, service) = (server.realm(), TokenServer::SERVICE);
    let expected = format!("Bearer realm=\"{realm}\",service=\"{service}\",scope=\"repository:app:");
    assert!(challenge.starts_with(&expected), "{challenge}");
}

#[test]
fn skopeo_gets_by_with_what_is_granted() {
    let server = TokenServer::start();
    let Some(registry) = TestRegistry::token_auth(&server) else { return };
    registry.push("app:1", &ImageFixture::default());
    registry.push("base:1", &ImageFixture::default());
    server.user("ann", "a:b");
    server.grant("ann", "app", "pull");
    server.grant_anonymous("base");
    let (app, base) = (format!("{}/app:1", registry.address()), format!("{}/base:1", registry.address()));

    let Some(config) = Skopeo::default().config(&base) else { return };
    assert_eq!(config["os"], "linux");
    assert_eq!(server.requests()[0].credential, Credential::None);
    assert_eq!(server.requests()[0].scopes, ["repository:base:pull"]);
    assert!(Skopeo::default().complaint(&app).unwrap().contains("denied"));

    server.forget();
    assert!(Skopeo::default().credentials("ann", "a:b").config(&app).is_some());
    let basic = Credential::Basic { user: "ann".to_owned(), password: "a:b".to_owned() };
    assert!(server.requests().iter().all(|request| request.credential == basic));
    assert!(Skopeo::default().credentials("ann", "b").complaint(&app).unwrap().contains("auth"));
}

#[test]
fn a_token_is_good_for_what_was_granted_of_what_was_asked() {
    let server = TokenServer::start();
    let Some(registry) = TestRegistry::token_auth(&server) else { return };
    server.user("ann", "secret");
    server.grant("ann", "app", "pull,push");
    server.grant_anonymous("base");
    let tries = |token: &str| {
        let push = status(&registry, "POST", "app/blobs/uploads/", token);
        let pull = status(&registry, "GET", "base/tags/list", token);
        (push, pull)
    };
    // 404: allowed, but there is no such repository.
    let both = ["repository:app:pull,push", "repository:base:pull"];
    assert_eq!(tries(&server.token("ann", &both)), (202, 404));
    assert_eq!(tries(&server.token("ann", &["repository:app:pull"])), (401, 401));
    assert_eq!(tries(&server.token("bob", &both)), (401, 404));
    assert_eq!(tries("nonsense"), (401, 401));
    assert_eq!(tries(&TokenServer::start().token("ann", &both)), (401, 401));
}

#[test]
fn identity_tokens_and_passwords_are_posted() {
    let server = TokenServer::start();
    let Some(registry) = TestRegistry::token_auth(&server) else { return };
    server.user("ann", "p+q&r");
    server.identity_token("ann", "refresh/me");
    server.grant("ann", "app", "push,pull");
    let scope = "scope=repository%3Aapp%3Apull%2Cpush";
    let forms = [
        format!("grant_type=refresh_token&refresh_token=refresh%2Fme&{scope}"),
        format!("grant_type=password&username=ann&password=p%2Bq%26r&{scope}"),
    ];
    for form in &forms {
        let (answered, body) = post(&server, form);
        assert_eq!(answered, 200);
        let token = body["access_token"].as_str().unwrap();
        assert_eq!(status(&registry, "POST", "app/blobs/uploads/", token), 202);
    }
    let requests = server.requests();
    assert_eq!(requests[0].credential, Credential::IdentityToken("refresh/me".to_owned()));
    assert_eq!(requests[1].scopes, ["repository:app:pull,push"]);
    assert_eq!(post(&server, &forms[0].replace("Fme", "Fyou")).0, 401);
    server.without_posts();
    assert_eq!(post(&server, &forms[0]).0, 404);
}

#[test]
fn tokens_end_and_servers_fail() {
    let server = TokenServer::start();
    let Some(registry) = TestRegistry::token_auth(&server) else { return };
    server.grant_anonymous("base");
    let query = "scope=repository:base:pull+repository:app:pull&scope=repository:other:pull";
    server.stale(1);
    server.expires_in(Some(7));
    let (_, stale) = ask(&server, query);
    assert_eq!(stale["expires_in"], 7);
    assert_eq!(status(&registry, "GET", "base/tags/list", stale["token"].as_str().unwrap()), 401);
    server.expires_in(None);
    let (_, fresh) = ask(&server, query);
    assert_eq!(fresh.get("expires_in"), None);
    assert_eq!(status(&registry, "GET", "base/tags/list", fresh["token"].as_str().unwrap()), 404);
    let scopes = ["repository:base:pull", "repository:app:pull", "repository:other:pull"];
    assert_eq!(server.requests()[0].scopes, scopes);

    server.fail(2, 503);
    assert_eq!([ask(&server, query).0, ask(&server, query).0, ask(&server, query).0], [503, 503, 200]);
    assert_eq!(server.requests().len(), 5);
}
