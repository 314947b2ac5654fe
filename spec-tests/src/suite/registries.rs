//! How phases talk to registries. Spec: platform.md § Registry Authentication.

use std::collections::BTreeSet;

use serde_json::json;
use test_registry::{Fault, FaultProxy};

use crate::scene::{Phase, Scene};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

const REGISTRY: &[Store] = &[Store::Registry];

/// `user:hunter2` and `other:hunter2` as HTTP's scheme Basic has them.
const USER: &str = "dXNlcjpodW50ZXIy";
const OTHER: &str = "b3RoZXI6aHVudGVyMg==";

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_variable_has_the_header_of_the_registries_it_lists).on(REGISTRY),
        test!(docker_s_configuration_has_credentials).on(REGISTRY),
        test!(the_variable_counts_before_docker_s_configuration).on(REGISTRY),
        test!(docker_s_configuration_is_where_docker_looks_for_it).on(REGISTRY),
        test!(helpers_of_docker_s_configuration_are_asked).on(REGISTRY),
        test!(without_a_credential_there_is_no_header).on(REGISTRY),
        test!(a_phase_asks_for_no_rights_that_it_does_not_need).on(REGISTRY),
        test!(names_are_found_without_anything_else).on(REGISTRY),
        test!(image_and_cache_are_the_same_side_by_side).on(REGISTRY),
    ]
}

/// The analyzer for images of a registry that wants credentials, whatever they are.
fn analyzer<'s>(scene: &'s Scene<'_>, proxy: &FaultProxy) -> Phase<'s> {
    let challenge = "Basic realm=\"of these tests\"";
    proxy.on("*", "/v2/", .., Fault::status_with(401, "WWW-Authenticate", challenge));
    let images = ["run", "app"].map(|name| scene.behind(proxy, &scene.reference(name)));
    let [run_image, app] = &images;
    scene.phase("analyzer").args(&["-run-image", run_image, app])
}

/// The credentials that a registry has got.
fn got(proxy: &FaultProxy) -> BTreeSet<String> {
    let requests = proxy.requests();
    let headers = requests.iter().filter_map(|request| request.header("Authorization"));
    headers.map(|header| header.trim_start_matches("Basic ").to_owned()).collect()
}

/// It has to get these credentials and no others.
fn gets(proxy: &FaultProxy, expected: &[&str]) -> Verdict {
    let got = got(proxy);
    equal(
        "the credentials that the registry gets",
        &got.iter().map(String::as_str).collect::<Vec<_>>(),
        &expected.to_vec(),
    )
}

/// Docker's configuration in a directory of the user.
fn configure(scene: &Scene<'_>, directory: &str, configuration: &serde_json::Value) {
    scene.write(&format!("{directory}/config.json"), configuration.to_string());
}

fn auths(proxy: &FaultProxy, credential: &str) -> serde_json::Value {
    json!({ "auths": { proxy.address(): { "auth": credential } } })
}

fn the_variable_has_the_header_of_the_registries_it_lists(scene: &Scene<'_>) -> Verdict {
    for (listed, expected) in [(true, [USER].as_slice()), (false, &[])] {
        let proxy = scene.proxy();
        let registry = if listed { proxy.address() } else { "registry.example".to_owned() };
        let auth = json!({ registry: format!("Basic {USER}") }).to_string();
        analyzer(scene, &proxy).env("CNB_REGISTRY_AUTH", auth).run()?.fails()?;
        gets(&proxy, expected)?;
    }
    Ok(())
}

fn docker_s_configuration_has_credentials(scene: &Scene<'_>) -> Verdict {
    let proxy = scene.proxy();
    configure(scene, "/home/user/.docker", &auths(&proxy, USER));
    analyzer(scene, &proxy).run()?.fails()?;
    gets(&proxy, &[USER])
}

fn the_variable_counts_before_docker_s_configuration(scene: &Scene<'_>) -> Verdict {
    let proxy = scene.proxy();
    configure(scene, "/home/user/.docker", &auths(&proxy, USER));
    let auth = json!({ proxy.address(): format!("Basic {OTHER}") }).to_string();
    analyzer(scene, &proxy).env("CNB_REGISTRY_AUTH", auth).run()?.fails()?;
    gets(&proxy, &[OTHER])
}

fn docker_s_configuration_is_where_docker_looks_for_it(scene: &Scene<'_>) -> Verdict {
    let proxy = scene.proxy();
    configure(scene, "/home/user/.docker", &auths(&proxy, USER));
    configure(scene, "/home/user/elsewhere", &auths(&proxy, OTHER));
    analyzer(scene, &proxy).env("DOCKER_CONFIG", "/home/user/elsewhere").run()?.fails()?;
    gets(&proxy, &[OTHER])
}

fn helpers_of_docker_s_configuration_are_asked(scene: &Scene<'_>) -> Verdict {
    let proxy = scene.proxy();
    scene.write_executable(
        "/home/user/bin/docker-credential-of-tests",
        "cat > /dev/null\necho '{\"Username\":\"other\",\"Secret\":\"hunter2\"}'",
    );
    configure(scene, "/home/user/.docker", &json!({ "credHelpers": { proxy.address(): "of-tests" } }));
    analyzer(scene, &proxy).env("PATH", "/home/user/bin:/usr/bin:/bin").run()?.fails()?;
    gets(&proxy, &[OTHER])
}

fn without_a_credential_there_is_no_header(scene: &Scene<'_>) -> Verdict {
    scene.put("run", &scene.run_image());
    let proxy = scene.proxy();
    let [run_image, app] = ["run", "app"].map(|name| scene.behind(&proxy, &scene.reference(name)));
    scene.phase("analyzer").args(&["-run-image", &run_image, &app]).run()?.succeeds()?;
    gets(&proxy, &[])
}

/// A registry with tokens is asked for one of a scope.
fn a_phase_asks_for_no_rights_that_it_does_not_need(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let proxy = scene.proxy();
    let analyzed = scene.read("/layers/analyzed.toml")?;
    let behind = scene.behind(&proxy, &run_image.reference);
    scene.write("/layers/analyzed.toml", analyzed.replace(&run_image.reference, &behind));
    let challenge = format!("Bearer realm=\"http://{}/token\",service=\"of-tests\"", proxy.address());
    proxy.on("*", "/v2/", .., Fault::status_with(401, "WWW-Authenticate", &challenge));
    scene.phase("exporter").arg(scene.behind(&proxy, &scene.reference("app"))).run()?.fails()?;
    let requests = proxy.requests();
    let of_run_image = |target: &str| {
        target.contains("/token") && (target.contains("/run:") || target.contains("%2Frun%3A"))
    };
    let tokens: Vec<_> =
        requests.iter().map(|request| &request.target).filter(|target| of_run_image(target)).collect();
    ensure("a token for the run image is asked for", !tokens.is_empty(), format!("{requests:?}"))?;
    for token in tokens {
        ensure("the run image is to be read alone", !token.contains("push"), token)?;
    }
    Ok(())
}

fn names_are_found_without_anything_else(scene: &Scene<'_>) -> Verdict {
    scene.put("run", &scene.run_image());
    let address = scene.registry().address().to_owned();
    let analyzer =
        scene.phase("analyzer").args(&["-run-image", &scene.reference("run"), &scene.reference("app")]);
    analyzer.renamed(&address, &address.replace("127.0.0.1", "localhost")).alone().run()?.succeeds()?;
    Ok(())
}

fn image_and_cache_are_the_same_side_by_side(scene: &Scene<'_>) -> Verdict {
    let mut digests = Vec::new();
    for (name, parallel) in [("one", "false"), ("two", "true")] {
        scene.built();
        crate::suite::inputs::cached_layer(scene);
        let cache = scene.reference(&format!("cache-of-{name}"));
        let exporter = scene.phase("exporter").args(&["-cache-image", &cache]);
        exporter.env("CNB_PARALLEL_EXPORT", parallel).arg(scene.reference(name)).run()?.succeeds()?;
        let cache = scene.image(&format!("cache-of-{name}"))?;
        digests.push((scene.image(name)?.digest, cache.diff_ids().join(" ")));
    }
    equal("image and layers of the cache", &digests.first(), &digests.last())
}
