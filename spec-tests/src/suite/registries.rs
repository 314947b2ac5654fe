//! How phases talk to registries. Spec: platform.md § Registry Authentication.

use test_registry::{Fault, FaultProxy};

use crate::scene::{Phase, Scene};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

const REGISTRY: &[Store] = &[Store::Registry];

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_variable_has_the_header_for_a_registry).on(REGISTRY),
        test!(a_configuration_has_credentials_for_a_registry).on(REGISTRY),
        test!(a_configuration_is_read_as_docker_does).on(REGISTRY),
        test!(without_credentials_a_registry_is_asked_without).on(REGISTRY),
        test!(an_insecure_registry_needs_no_tls).on(REGISTRY),
        test!(names_are_resolved_by_the_hosts_file).on(REGISTRY),
        test!(rights_are_those_that_are_needed).on(REGISTRY),
        test!(image_and_cache_are_the_same_written_at_once).on(REGISTRY),
    ]
}

/// `user:secret` as HTTP's scheme Basic has it.
const USER_AND_PASSWORD: &str = "dXNlcjpzZWNyZXQ=";
const HEADER: &str = "Basic dXNlcjpzZWNyZXQ=";

/// A proxy that lets nobody in without the header.
fn guarded(scene: &Scene<'_>) -> FaultProxy {
    let proxy = scene.proxy();
    let challenge = Fault::status_with(401, "WWW-Authenticate", "Basic realm=\"of tests\"");
    proxy.on_requests(|request| request.header("Authorization") != Some(HEADER), .., challenge);
    proxy
}

/// The analyzer for images behind a proxy.
fn analyzer<'s>(scene: &'s Scene<'_>, proxy: &FaultProxy) -> Phase<'s> {
    let run_image = scene.put("run", &scene.run_image());
    let analyzer = scene.phase("analyzer").args(&["-run-image", &scene.behind(proxy, &run_image.name)]);
    analyzer.arg(scene.behind(proxy, &scene.reference("app")))
}

fn a_variable_has_the_header_for_a_registry(scene: &Scene<'_>) -> Verdict {
    let proxy = guarded(scene);
    let with = |registry: &str| {
        let auth = serde_json::json!({ registry: HEADER }).to_string();
        analyzer(scene, &proxy).env("CNB_REGISTRY_AUTH", auth).run()
    };
    with("other.example")?.fails()?;
    with(&proxy.address())?.succeeds()?;
    Ok(())
}

fn configuration(registry: &str, entry: &serde_json::Value) -> String {
    serde_json::json!({ "auths": { registry: entry } }).to_string()
}

fn a_configuration_has_credentials_for_a_registry(scene: &Scene<'_>) -> Verdict {
    let proxy = guarded(scene);
    let entry = serde_json::json!({ "auth": USER_AND_PASSWORD });
    for (registry, succeeds) in [("other.example", false), (proxy.address().as_str(), true)] {
        scene.write("/home/user/.docker/config.json", configuration(registry, &entry));
        let run = analyzer(scene, &proxy).run()?;
        run.succeeds_if(succeeds)?;
    }
    Ok(())
}

/// It may be in another directory, have user and password, or name a program that has them.
fn a_configuration_is_read_as_docker_does(scene: &Scene<'_>) -> Verdict {
    let proxy = guarded(scene);
    let entry = serde_json::json!({ "auth": USER_AND_PASSWORD });
    scene.write("/home/user/other/config.json", configuration(&proxy.address(), &entry));
    analyzer(scene, &proxy).run()?.fails()?;
    analyzer(scene, &proxy).env("DOCKER_CONFIG", "/home/user/other").run()?.succeeds()?;
    let helper = r#"echo '{"ServerURL": "of tests", "Username": "user", "Secret": "secret"}'"#;
    scene.write_executable("/home/user/programs/docker-credential-tests", helper);
    let named = serde_json::json!({ "credHelpers": { proxy.address(): "tests" } });
    scene.write("/home/user/.docker/config.json", named.to_string());
    analyzer(scene, &proxy).env("PATH", "/home/user/programs:/usr/bin:/bin").run()?.succeeds()?;
    Ok(())
}

fn without_credentials_a_registry_is_asked_without(scene: &Scene<'_>) -> Verdict {
    let proxy = scene.proxy();
    let auth = serde_json::json!({ "other.example": HEADER }).to_string();
    analyzer(scene, &proxy).env("CNB_REGISTRY_AUTH", auth).run()?.succeeds()?;
    let sent = proxy.requests().iter().any(|request| request.header("Authorization").is_some());
    ensure("no credentials are sent", !sent && !proxy.requests().is_empty(), sent)
}

/// The analyzer for images of a registry by a name of the hosts file, which is none of the machine itself.
fn by_name<'s>(scene: &'s Scene<'_>, name: &str) -> Phase<'s> {
    scene.write("/etc/hosts", "127.0.0.1 localhost\n127.0.0.1 registry.tests.example\n");
    let run_image = scene.put("run", &scene.run_image());
    let host = |reference: &str| reference.replace("127.0.0.1", name).replace("localhost", name);
    let analyzer = scene.phase("analyzer").args(&["-run-image", &host(&run_image.name)]);
    analyzer.arg(host(&scene.reference("app")))
}

fn an_insecure_registry_needs_no_tls(scene: &Scene<'_>) -> Verdict {
    let port = scene.registry().address().rsplit(':').next().unwrap_or_default().to_owned();
    let registry = format!("registry.tests.example:{port}");
    let named = |registry: &str| {
        by_name(scene, "registry.tests.example").env("CNB_INSECURE_REGISTRIES", registry).run()
    };
    named("other.example")?.fails()?;
    named(&registry)?.succeeds()?;
    Ok(())
}

fn names_are_resolved_by_the_hosts_file(scene: &Scene<'_>) -> Verdict {
    scene.lacks("/etc/nsswitch.conf")?;
    scene.lacks("/etc/resolv.conf")?;
    by_name(scene, "localhost").run()?.succeeds()?;
    Ok(())
}

/// A proxy that wants a token, and gives one to everybody.
fn with_tokens(scene: &Scene<'_>) -> FaultProxy {
    let proxy = scene.proxy();
    let body = r#"{"token": "of-tests"}"#.to_owned();
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    proxy.on("*", "/token", .., Fault::Status { code: 200, headers, body });
    let challenge = format!("Bearer realm=\"http://{}/token\",service=\"tests\"", proxy.address());
    let challenge = Fault::status_with(401, "WWW-Authenticate", &challenge);
    proxy.on_requests(|request| request.header("Authorization").is_none(), .., challenge);
    proxy
}

/// The rights to a repository that tokens were asked for: requests with `push`, and all.
fn asked(proxy: &FaultProxy, repository: &str) -> (usize, usize) {
    let of = |rights: &str| {
        let wanted = |target: &str| target.contains(repository) && target.contains(rights);
        proxy.requests().iter().filter(|request| request.is("*", "/token") && wanted(&request.target)).count()
    };
    (of("push"), of("pull"))
}

fn rights_are_those_that_are_needed(scene: &Scene<'_>) -> Verdict {
    let proxy = with_tokens(scene);
    analyzer(scene, &proxy).run()?.succeeds()?;
    let ((pushes, pulls), (of_app, _)) = (asked(&proxy, "run"), asked(&proxy, "app"));
    equal("the run image may be written", &pushes, &0)?;
    ensure("the run image may be read", pulls > 0, pulls)?;
    ensure("the image may be written", of_app > 0, of_app)
}

fn image_and_cache_are_the_same_written_at_once(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.write("/layers/of_tests/deps.toml", "[types]\nlaunch = true\ncache = true\n");
    scene.write("/layers/of_tests/deps/file", "of deps");
    let export = |name: &str, parallel: &[&str]| {
        let cache = scene.reference(&format!("cache-of-{name}"));
        let exporter = scene.phase("exporter").args(&["-cache-image", &cache]).args(parallel);
        exporter.arg(scene.reference(name)).run()?.succeeds()?;
        Ok([scene.image(name)?.digest, scene.image(&format!("cache-of-{name}"))?.digest])
    };
    equal("the digests", &export("at-once", &["-parallel"])?, &export("in-turn", &[])?)
}
