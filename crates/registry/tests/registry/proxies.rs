//! Proxies that the environment names, and registries without TLS that are not on this machine.

use registry::Reason;
use test_kit::ImageFixture;
use test_registry::{Authority, ForwardProxy, TestRegistry};

use crate::support::{client, pull, push, says};

/// A name that nobody resolves but the proxy.
const REGISTRY: &str = "registry.example";

#[test]
fn tls_goes_through_the_proxy_for_it() {
    let authority = Authority::new();
    let Some(registry) = TestRegistry::configure().tls_as(&authority, &[REGISTRY]).start() else { return };
    registry.push("app:1", &ImageFixture::default());
    let proxy = ForwardProxy::to(&registry);
    let (url, roots) = (proxy.url(), authority.pem_file());
    let roots = ("SSL_CERT_FILE", roots.to_str().unwrap());
    let through = client(&[("HTTPS_PROXY", &url), roots], &[]);
    assert!(pull(&through, REGISTRY, "app").unwrap().is_some());
    push(&through, REGISTRY, "app", b"a blob").unwrap();
    assert!(proxy.requests().iter().all(|request| request.is("CONNECT", "registry.example:443")));

    let seen = proxy.requests().len();
    for environment in
        [&[("HTTPS_PROXY", url.as_str()), ("NO_PROXY", REGISTRY), roots][..], &[("HTTP_PROXY", &url), roots]]
    {
        let error = pull(&client(environment, &[]), REGISTRY, "app").unwrap_err();
        says(&error, &["cannot be reached", REGISTRY], &[]);
    }
    assert_eq!(proxy.requests().len(), seen);
}

#[test]
fn an_insecure_registry_may_go_without_tls_under_any_name() {
    let Some(registry) = TestRegistry::plain() else { return };
    registry.push("app:1", &ImageFixture::default());
    let proxy = ForwardProxy::to(&registry);
    let url = proxy.url();
    let address = "registry.example:5000";
    for environment in [&[("HTTP_PROXY", url.as_str()), ("HTTPS_PROXY", &url)][..], &[("HTTP_PROXY", &url)]] {
        let insecure = client(environment, &[address]);
        assert!(pull(&insecure, address, "app").unwrap().is_some(), "{environment:?}");
        push(&insecure, address, "app", b"a blob").unwrap();
    }
    let seen = proxy.requests().len();
    for others in [&[][..], &[REGISTRY], &["registry.example:5001"], &["example:5000"]] {
        let client = client(&[("HTTP_PROXY", &url), ("HTTPS_PROXY", &url)], others);
        let error = pull(&client, address, "app").unwrap_err();
        assert!(matches!(error.reason, Reason::Tls { .. }), "{error}");
        says(&error, &["no trusted connection", address, "-insecure-registry"], &[]);
    }
    let later = &proxy.requests()[seen..];
    assert!(later.iter().all(|request| request.method == "CONNECT"), "{later:?}");
}

#[test]
fn a_proxy_that_is_not_there_is_told_without_its_password() {
    let proxy = format!("http://ann:sesame@{}", test_registry::FaultProxy::closed_address());
    let client = client(&[("HTTPS_PROXY", &proxy)], &[]);
    let error = pull(&client, REGISTRY, "app").unwrap_err();
    says(&error, &["cannot be reached", REGISTRY], &["sesame"]);
    assert!(!format!("{client:?}").contains("sesame"));
}
