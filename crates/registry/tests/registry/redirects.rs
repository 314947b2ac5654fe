//! Blobs that are kept elsewhere.

use test_kit::ImageFixture;
use test_registry::{Fault, FaultProxy, TestRegistry, TokenServer};

use crate::support::{basic, download, pull, with_header};

/// A registry that wants a password and sends whoever wants a blob to another.
struct Elsewhere {
    here: FaultProxy,
    there: FaultProxy,
    _registries: [TestRegistry; 2],
}

impl Elsewhere {
    fn new() -> Option<Self> {
        let registries = [TestRegistry::basic_auth()?, TestRegistry::plain()?];
        registries[0].push("app:1", &ImageFixture::default());
        registries[1].push_blob("app", b"a blob");
        let [here, there] = [&registries[0], &registries[1]].map(FaultProxy::before);
        here.on_requests(
            |request| request.is("GET", "/blobs/") && request.header("authorization").is_some(),
            ..,
            Fault::Redirect(format!("http://{}", there.address())),
        );
        Some(Self { here, there, _registries: registries })
    }

    fn read(&self) -> std::io::Result<Vec<u8>> {
        let address = self.here.address();
        let client = with_header(&address, &basic(TestRegistry::USER, TestRegistry::PASSWORD));
        pull(&client, &address, "app").unwrap();
        download(&client, &address, "app", b"a blob")
    }
}

#[test]
fn who_keeps_the_blobs_is_shown_no_credential() {
    let Some(elsewhere) = Elsewhere::new() else { return };
    assert_eq!(elsewhere.read().unwrap(), b"a blob");
    assert_eq!(elsewhere.there.count("GET", "/blobs/"), 1);
    assert!(elsewhere.there.requests().iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn who_keeps_the_blobs_may_not_ask_for_a_credential() {
    let Some(elsewhere) = Elsewhere::new() else { return };
    let thief = TokenServer::start();
    let challenge = format!("Bearer realm=\"{}\",service=\"x\"", thief.realm());
    elsewhere.there.on("*", "", .., Fault::status_with(401, "WWW-Authenticate", &challenge));
    let error = elsewhere.read().unwrap_err().to_string();
    assert!(error.contains("401"), "{error}");
    assert!(thief.requests().is_empty());
    assert!(elsewhere.there.requests().iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn redirects_end() {
    let Some(registry) = TestRegistry::plain() else { return };
    let proxy = FaultProxy::before(&registry);
    proxy.on("GET", "/v2/app", .., Fault::Redirect(format!("http://{}", proxy.address())));
    let error = pull(&crate::support::plain(), &proxy.address(), "app").unwrap_err().to_string();
    assert!(error.contains("too many redirects") && error.contains(&proxy.address()), "{error}");
    assert!(proxy.count("GET", "/v2/app") < 10);
}
