//! `-insecure-registry`, in every phase alike. The registry is behind a proxy and has a name of its own, as
//! registries on the machine itself are treated with more leniency.

use test_registry::{Authority, ForwardProxy, TestRegistry};

use crate::phase::Phase;
use crate::platform::{Platform, run_image};

const REGISTRY: &str = "registry.example";
const IMAGE: &str = "registry.example/app:v1";
const RUN_IMAGE: &str = "registry.example/run:base";
const CACHE_IMAGE: &str = "registry.example/cache:v1";

/// A registry with a certificate that nobody vouches for.
struct Distrusted {
    platform: Platform,
    registry: TestRegistry,
    proxy: ForwardProxy,
}

impl Distrusted {
    fn new() -> Option<Self> {
        let platform = Platform::new()?;
        let registry = TestRegistry::configure().tls_as(&Authority::new(), &[REGISTRY]).start()?;
        registry.push("run:base", &run_image("first"));
        let proxy = ForwardProxy::to(&registry);
        Some(Self { platform, registry, proxy })
    }

    /// A phase with the names of its images that takes a registry for insecure.
    fn phase(&self, name: &'static str, insecure: &str) -> Phase {
        let images: &[&str] = match name {
            "analyzer" | "creator" => &["-run-image", RUN_IMAGE, "-cache-image", CACHE_IMAGE, IMAGE],
            "restorer" => &["-cache-image", CACHE_IMAGE],
            "exporter" => &["-cache-image", CACHE_IMAGE, IMAGE],
            "rebaser" => &["-force", "-run-image", RUN_IMAGE, IMAGE],
            _ => &[],
        };
        let phase = self.platform.phase(name).variable("HTTPS_PROXY", self.proxy.url());
        phase.args(&["-insecure-registry", insecure]).args(images)
    }

    fn run(&self, name: &'static str) -> String {
        self.phase(name, REGISTRY).run().succeeds()
    }

    #[track_caller]
    fn refuses(&self, name: &'static str, code: i32) {
        let outcome = self.phase(name, "other.example").run();
        outcome.fails(code, &[&format!("no trusted connection to '{REGISTRY}'"), "-insecure-registry"]);
    }
}

#[test]
fn every_phase_takes_the_named_registry_as_it_is_and_no_other() {
    let Some(distrusted) = Distrusted::new() else { return };
    let platform = &distrusted.platform;
    distrusted.refuses("creator", 32);
    distrusted.refuses("analyzer", 32);
    distrusted.run("analyzer");
    platform.phase("detector").run().succeeds();
    distrusted.run("restorer");
    platform.phase("builder").run().succeeds();
    distrusted.refuses("exporter", 1);
    assert_eq!(distrusted.registry.tagged("app", "v1"), None);
    distrusted.run("exporter");
    assert!(distrusted.registry.tagged("cache", "v1").is_some());

    // A cache that cannot be read is no reason to fail.
    let said = distrusted.phase("restorer", "other.example").run().succeeds();
    assert!(said.contains(&format!("no trusted connection to '{REGISTRY}'")), "{said}");
    let said = distrusted.run("restorer");
    assert!(!said.contains("no trusted connection"), "{said}");

    distrusted.refuses("rebaser", 72);
    distrusted.run("rebaser");
    platform.renew();
    distrusted.run("creator");
    let requests = distrusted.proxy.requests();
    assert!(requests.iter().all(|request| request.target == "registry.example:443"), "{requests:?}");
}

#[test]
fn the_variable_names_registries_too() {
    let Some(distrusted) = Distrusted::new() else { return };
    let phase = distrusted.platform.phase("analyzer").variable("HTTPS_PROXY", distrusted.proxy.url());
    let phase = phase.variable("CNB_INSECURE_REGISTRIES", format!("other.example,{REGISTRY}"));
    phase.args(&["-run-image", RUN_IMAGE, IMAGE]).run().succeeds();
}
