//! Credentials reach registries, and nobody else.

use super::{in_order, refuses};
use crate::scene::Scene;
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, lacks};
use test_registry::Fault;

/// `user:hunter2` as HTTP's scheme Basic has it.
const HEADER: &str = "Basic dXNlcjpodW50ZXIy";
const SECRETS: [&str; 2] = ["dXNlcjpodW50ZXIy", "hunter2"];
const REGISTRY: &[Store] = &[Store::Registry];

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(credentials_are_not_told).on(REGISTRY),
        test!(credentials_that_are_refused_are_not_told).on(REGISTRY),
        test!(malformed_credentials_are_not_told).on(REGISTRY),
        test!(credentials_of_a_configuration_are_not_told).on(REGISTRY),
        test!(credentials_of_a_proxy_are_not_told).on(REGISTRY),
        test!(buildpacks_do_not_get_credentials),
        test!(buildpacks_of_a_creation_do_not_get_credentials).with_images(),
        test!(images_and_files_have_no_credentials).on(REGISTRY),
    ]
}

fn untold(what: &str, text: &str) -> Verdict {
    SECRETS.iter().try_for_each(|secret| lacks(what, text, secret))
}

fn auth(registry: &str) -> String {
    serde_json::json!({ registry: HEADER }).to_string()
}

fn credentials_are_not_told(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let auth = auth(scene.registry().address());
    for (name, arguments) in [("analyzer", vec!["-run-image", &run_image.name]), ("exporter", Vec::new())] {
        let phase = scene.phase(name).args(&["-log-level", "debug"]).args(&arguments);
        let run = phase.env("CNB_REGISTRY_AUTH", &auth).arg(scene.reference("app")).run()?;
        in_order(&run)?.succeeds()?;
        untold(name, &run.output())?;
        scene.built();
    }
    Ok(())
}

fn credentials_that_are_refused_are_not_told(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let proxy = scene.proxy();
    for status in [401, 403] {
        let challenge = "Basic realm=\"of these tests\"";
        proxy.on("*", "/manifests/", .., Fault::status_with(status, "WWW-Authenticate", challenge));
        let analyzer = scene.phase("analyzer").args(&["-log-level", "debug", "-run-image", &run_image.name]);
        let analyzer = analyzer.env("CNB_REGISTRY_AUTH", auth(&proxy.address()));
        let run = analyzer.arg(scene.behind(&proxy, &scene.reference("app"))).run()?;
        refuses(&run, "analyzer")?;
        untold("analyzer", &run.output())?;
        let sent = proxy.requests().iter().any(|request| request.header("Authorization") == Some(HEADER));
        ensure("the registry got the credentials", sent, format!("{:?}", proxy.requests()))?;
        proxy.heal();
    }
    Ok(())
}

fn malformed_credentials_are_not_told(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    for auth in
        [format!("{{\"registry.example\": \"{HEADER}\""), HEADER.to_owned(), format!("[\"{HEADER}\"]")]
    {
        let analyzer = scene.phase("analyzer").args(&["-log-level", "debug", "-run-image", &run_image.name]);
        let run = analyzer.env("CNB_REGISTRY_AUTH", auth).arg(scene.reference("app")).run()?;
        in_order(&run)?;
        untold("analyzer", &run.output())?;
    }
    Ok(())
}

fn credentials_of_a_configuration_are_not_told(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    let address = scene.registry().address();
    let good = serde_json::json!({ "auths": { address: { "auth": "dXNlcjpodW50ZXIy" } } }).to_string();
    for (text, works) in [(good.clone(), true), (good.trim_end_matches('}').to_owned(), false)] {
        scene.write("/home/user/.docker/config.json", text);
        let analyzer = scene.phase("analyzer").args(&["-log-level", "debug", "-run-image", &run_image.name]);
        let run = analyzer.arg(scene.reference("app")).run()?;
        in_order(&run)?;
        ensure("the registry is read if the file is right", !works || run.code() == Some(0), &run)?;
        untold("analyzer", &run.output())?;
    }
    Ok(())
}

fn credentials_of_a_proxy_are_not_told(scene: &Scene<'_>) -> Verdict {
    let proxy = "http://user:hunter2@127.0.0.1:9";
    let analyzer =
        scene.phase("analyzer").args(&["-log-level", "debug", "-run-image", "registry.example/run"]);
    let analyzer = ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy"]
        .iter()
        .fold(analyzer, |phase, name| phase.env(name, proxy));
    let run = analyzer.arg("registry.example/app").run()?;
    refuses(&run, "analyzer")?;
    untold("analyzer", &run.output())
}

/// It prints its environment, in which there is what the user wants.
const PRINTS: &str = "env";

fn buildpacks_do_not_get_credentials(scene: &Scene<'_>) -> Verdict {
    scene.write("/platform/env/OF_USER", "given");
    let buildpack = scene.new_buildpack("of/tests").detect(PRINTS).build(PRINTS);
    scene.detected(&[buildpack]);
    scene.order(&[&["of/tests"]]);
    for name in ["detector", "builder"] {
        let phase = scene
            .phase(name)
            .args(&["-log-level", "debug"])
            .env("CNB_REGISTRY_AUTH", auth("registry.example"));
        let run = phase.run()?;
        in_order(&run)?.succeeds()?.says("OF_USER=given")?;
        untold(name, &run.output())?;
    }
    Ok(())
}

fn buildpacks_of_a_creation_do_not_get_credentials(scene: &Scene<'_>) -> Verdict {
    let run_image = scene.built();
    scene.write("/platform/env/OF_USER", "given");
    scene.install(&scene.new_buildpack("of/tests").detect(PRINTS).build(PRINTS));
    scene.order(&[&["of/tests"]]);
    let creator = scene.phase("creator").args(&["-log-level", "debug", "-run-image", &run_image.name]);
    let run = creator.env("CNB_REGISTRY_AUTH", auth("registry.example")).arg(scene.reference("app")).run()?;
    in_order(&run)?.succeeds()?.says("OF_USER=given")?;
    untold("creator", &run.output())
}

fn images_and_files_have_no_credentials(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let exporter = scene.phase("exporter").args(&["-cache-dir", "/cache"]);
    let exporter = exporter.env("CNB_REGISTRY_AUTH", auth(scene.registry().address()));
    exporter.arg(scene.reference("app")).run()?.succeeds()?;
    untold("the image's config", &scene.image("app")?.config_text)?;
    untold("the report", &scene.read("/layers/report.toml")?)
}
