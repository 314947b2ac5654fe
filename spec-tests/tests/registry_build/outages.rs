//! Registries that are down or overloaded end a phase within seconds; those that stumble do not.

use std::time::Duration;

use test_registry::{Fault, FaultProxy, TestRegistry};

use crate::phase::{Outcome, Phase};
use crate::platform::{Platform, run_image};

/// A registry behind a proxy, and all that an export of the first build needs.
struct Shaky {
    platform: Platform,
    registry: TestRegistry,
    proxy: FaultProxy,
}

impl Shaky {
    fn new() -> Option<Self> {
        let (platform, registry) = (Platform::new()?, TestRegistry::plain()?);
        registry.push("run:base", &run_image("first"));
        let proxy = FaultProxy::before(&registry);
        Some(Self { platform, registry, proxy })
    }

    /// A phase with the names of its images in a registry.
    fn phase(&self, name: &'static str, registry: &str) -> Phase {
        let [image, run_image, cache] =
            ["app:v1", "run:base", "cache:v1"].map(|image| format!("{registry}/{image}"));
        let phase = self.platform.phase(name);
        match name {
            "analyzer" | "creator" => phase.args(&["-run-image", &run_image, "-cache-image", &cache, &image]),
            "restorer" => phase.args(&["-cache-image", &cache]),
            "exporter" => phase.args(&["-cache-image", &cache, &image]),
            "rebaser" => phase.args(&["-run-image", &run_image, &image]),
            _ => phase,
        }
    }

    fn build_until_export(&self) {
        for phase in ["analyzer", "detector", "restorer", "builder"] {
            self.phase(phase, &self.proxy.address()).run().succeeds();
        }
        // What was begun to learn whether it may be done was given up.
        assert_eq!([self.registry.open_uploads("app"), self.registry.open_uploads("cache")], [0, 0]);
    }

    /// Each phase on a registry: how it ends, and what it tells.
    #[track_caller]
    fn all_fail(&self, address: &str, told: &str) {
        self.build_until_export();
        let analyzed = self.platform.read("layers/analyzed.toml");
        let analyzed = analyzed.replace(&self.proxy.address(), address);
        fs_err::write(self.platform.path("layers/analyzed.toml"), analyzed).unwrap();
        if address == self.proxy.address() {
            self.proxy.on("*", "", .., Fault::status(503));
        }
        let told = format!("'{address}' {told}");
        let outcome = |phase| -> Outcome { self.phase(phase, address).run() };
        let restored = outcome("restorer");
        assert!(restored.text.contains(&told), "{}", restored.text);
        restored.succeeds();
        outcome("exporter").fails(1, &[&told]);
        outcome("rebaser").fails(72, &[&told]);
        assert!(!self.platform.has("reports/report.toml"));
        self.platform.renew();
        outcome("analyzer").fails(32, &[&told]);
        outcome("creator").fails(32, &[&told]);
        assert!(!self.platform.has("layers/analyzed.toml"));
        assert_eq!(self.registry.tagged("app", "v1"), None);
    }
}

#[test]
fn a_registry_that_is_down_is_told_soon() {
    let Some(shaky) = Shaky::new() else { return };
    shaky.all_fail(&FaultProxy::closed_address(), "cannot be reached");
}

#[test]
fn a_registry_that_is_overloaded_is_told_soon() {
    let Some(shaky) = Shaky::new() else { return };
    shaky.all_fail(&shaky.proxy.address(), "answered 503 Service Unavailable");
}

#[test]
fn a_registry_that_stumbles_gets_the_same_image() {
    let Some(shaky) = Shaky::new() else { return };
    let address = shaky.proxy.address();
    let digests = || ["app", "cache"].map(|repository| shaky.registry.tagged(repository, "v1").unwrap());
    shaky.phase("creator", &address).run().succeeds();
    let expected = digests();
    for repository in ["app", "cache"] {
        let repositories = shaky.registry.data_dir().join("docker/registry/v2/repositories");
        fs_err::remove_dir_all(repositories.join(repository)).unwrap();
    }
    shaky.platform.renew();
    let on = |method: &str, target: &str, turn: usize, fault: Fault| {
        shaky.proxy.on(method, target, turn..=turn, fault);
    };
    on("GET", "/manifests/base", 1, Fault::status_with(429, "Retry-After", "1"));
    on("GET", "/manifests/base", 2, Fault::Refuse);
    on("GET", "/v2/run/blobs/", 1, Fault::CutResponseAfter(10));
    on("POST", "/v2/app/blobs/uploads/", 2, Fault::status(502));
    on("PATCH", "/v2/app/blobs/uploads/", 1, Fault::CutRequestAfter(50));
    on("PUT", "/v2/app/blobs/uploads/", 2, Fault::LoseResponse);
    on("PUT", "/v2/app/manifests/v1", 1, Fault::LoseResponse);
    on("PUT", "/v2/app/manifests/v1", 2, Fault::status(500));
    on("PUT", "/v2/cache/manifests/v1", 1, Fault::Delay(Duration::from_secs(1)));
    shaky.phase("creator", &address).run().succeeds();
    assert_eq!(digests(), expected);
}
