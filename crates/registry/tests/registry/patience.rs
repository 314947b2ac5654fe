//! How long is waited, and for whom.

use std::time::{Duration, Instant};

use registry::{Access, Reason};
use test_kit::ImageFixture;
use test_registry::{Fault, FaultProxy, TestRegistry};

use crate::support::{ACCEPT, PATIENCE, plain, pull, push, repository, says};

fn start() -> Option<(TestRegistry, FaultProxy)> {
    let registry = TestRegistry::plain()?;
    registry.push("app:1", &ImageFixture::default());
    let proxy = FaultProxy::before(&registry);
    Some((registry, proxy))
}

#[test]
fn nobody_at_an_address_is_told_at_once() {
    let address = FaultProxy::closed_address();
    let start = Instant::now();
    let error = pull(&plain(), &address, "team/app").unwrap_err();
    says(&error, &[&address, "team/app", "cannot be reached", "refused"], &[]);
    assert!(matches!(error.reason, Reason::Unreachable { .. }) && error.is_passing());
    assert!(start.elapsed() < PATIENCE.connect);
    let error = pull(&plain(), "no-such-host.invalid", "team/app").unwrap_err();
    says(&error, &["no-such-host.invalid", "team/app", "cannot be reached"], &[]);
}

#[test]
fn what_a_registry_asks_for_is_waited() {
    let Some((_registry, proxy)) = start() else { return };
    proxy.on("GET", "/manifests/", 1..=1, Fault::status_with(429, "Retry-After", "1"));
    let start = Instant::now();
    assert!(pull(&plain(), &proxy.address(), "app").unwrap().is_some());
    assert!(start.elapsed() >= Duration::from_secs(1));

    proxy.on("PATCH", "", 1..=1, Fault::status_with(429, "Retry-After", "1"));
    let start = Instant::now();
    push(&plain(), &proxy.address(), "app", b"a blob").unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    proxy.on("PATCH", "", .., Fault::status_with(429, "Retry-After", "4"));
    let error = push(&plain(), &proxy.address(), "app", b"another").unwrap_err();
    says(&error, &["429", "/app"], &[]);
}

#[test]
fn who_asks_for_too_much_is_given_up() {
    let Some((_registry, proxy)) = start() else { return };
    for (asked, requests) in [("2", 2), ("4", 1), ("Tue, 31 Dec 2999 23:59:59 GMT", 1)] {
        proxy.forget();
        proxy.on("GET", "/manifests/", .., Fault::status_with(429, "Retry-After", asked));
        let error = pull(&plain(), &proxy.address(), "app").unwrap_err();
        says(&error, &["429", "/app", &proxy.address()], &[]);
        assert_eq!(proxy.count("GET", "/manifests/"), requests, "{asked}");
        proxy.heal();
    }
}

#[test]
fn statuses_that_pass_are_tried_again_and_others_are_not() {
    let Some((_registry, proxy)) = start() else { return };
    for (status, requests) in [(400, 1), (401, 1), (403, 1), (408, 4), (429, 4), (500, 4), (501, 1), (503, 4)]
    {
        proxy.forget();
        proxy.on("GET", "/manifests/", .., Fault::error(status, "SO_IT_IS"));
        let error = pull(&plain(), &proxy.address(), "app").unwrap_err();
        says(&error, &[&status.to_string(), "SO_IT_IS", "app:1"], &[]);
        assert_eq!(proxy.count("GET", "/manifests/"), requests, "{status}");
        proxy.heal();
    }
}

#[test]
fn silence_is_not_waited_for_long() {
    let Some((_registry, proxy)) = start() else { return };
    proxy.on("GET", "/manifests/", .., Fault::StallResponseAfter(0));
    let start = Instant::now();
    let error = pull(&plain(), &proxy.address(), "app").unwrap_err();
    says(&error, &["fell silent", "app:1"], &[]);
    assert!(start.elapsed() < PATIENCE.silence * 3, "{:?}", start.elapsed());

    proxy.on("HEAD", "/manifests/", .., Fault::Delay(Duration::from_mins(1)));
    let start = Instant::now();
    let app = repository(&plain(), &proxy.address(), "app", Access::Pull);
    let error = app.has_manifest("1", ACCEPT).unwrap_err();
    says(&error, &["fell silent", "app:1"], &[]);
    assert!(start.elapsed() < PATIENCE.silence * 3, "{:?}", start.elapsed());
}

#[test]
fn requests_without_a_body_say_so() {
    let Some((_registry, proxy)) = start() else { return };
    drop(repository(&plain(), &proxy.address(), "app", Access::Push).upload().unwrap());
    let requests = proxy.requests();
    let post = requests.iter().find(|request| request.method == "POST").unwrap();
    assert_eq!(post.header("content-length"), Some("0"));
    assert!(post.header("user-agent").unwrap().starts_with("cnb-lifecycle/"));
    assert_eq!(proxy.count("DELETE", "/blobs/uploads/"), 1);
}
