//! The proxy that clients know of.

use std::process::Command;

use test_kit::has_program;
use test_registry::{Authority, ForwardProxy, TestRegistry};

/// What `curl` gets from an invented host by way of the proxy.
fn curl(proxy: &ForwardProxy, arguments: &[&str]) -> Option<String> {
    if !has_program("curl") {
        return None;
    }
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--noproxy", "", "--proxy", &proxy.url()]).args(arguments);
    let output = curl.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn requests_without_tls_are_passed_on() {
    let Some(registry) = TestRegistry::plain() else { return };
    let proxy = ForwardProxy::to(&registry);
    let url = "http://registry.example:5000/v2/app/blobs/uploads/";
    let Some(head) = curl(&proxy, &["--request", "POST", "--include", url]) else { return };
    assert!(head.contains("202 Accepted"), "{head}");
    assert!(head.contains("http://registry.example:5000/v2/app/blobs/uploads/"), "{head}");
    assert_eq!((proxy.requests()[0].method.as_str(), proxy.requests()[0].target.as_str()), ("POST", url));
}

#[test]
fn tls_goes_through_a_tunnel() {
    let authority = Authority::new();
    let registry = TestRegistry::configure().tls_as(&authority, &["registry.example"]).start();
    let Some(registry) = registry else { return };
    let proxy = ForwardProxy::to(&registry);
    let authority = authority.pem_file();
    let arguments = ["--cacert", authority.to_str().unwrap(), "https://registry.example/v2/"];
    let Some(body) = curl(&proxy, &arguments) else { return };
    assert_eq!(body, "{}");
    assert!(proxy.requests()[0].is("CONNECT", "registry.example:443"));
}
