//! Registries that fail, cut connections or answer nonsense.

use test_registry::{Fault, FaultProxy};

use super::{in_order, noise, refuses, within};
use crate::scene::{Image, Phase, Put, Scene};
use crate::store::Store;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

const REGISTRY: &[Store] = &[Store::Registry];
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_registry_that_fails_is_told).on(REGISTRY),
        test!(a_registry_that_nobody_answers_for_is_told).on(REGISTRY),
        test!(a_request_that_fails_once_is_repeated).on(REGISTRY),
        test!(a_cut_manifest_is_refused).on(REGISTRY),
        test!(a_changed_config_is_refused).on(REGISTRY),
        test!(a_manifest_that_is_no_json_is_refused).on(REGISTRY),
        test!(a_manifest_of_other_types_is_refused).on(REGISTRY),
        test!(a_huge_manifest_is_refused).on(REGISTRY),
        test!(redirects_in_circles_end).on(REGISTRY),
        test!(odd_challenges_are_survived).on(REGISTRY),
        test!(a_registry_that_asks_for_patience_does_not_get_all_of_it).on(REGISTRY),
        test!(an_upload_that_fails_leaves_the_old_image).on(REGISTRY),
        test!(a_manifest_that_is_refused_leaves_the_old_image).on(REGISTRY),
        test!(an_upload_that_is_cut_is_repeated_or_fails).on(REGISTRY),
        test!(a_cache_image_that_cannot_be_read_is_a_miss).on(REGISTRY),
        test!(a_rebase_that_fails_leaves_all_images).on(REGISTRY),
    ]
}

/// The analyzer for images behind a proxy.
fn analyzer<'s>(scene: &'s Scene<'_>, proxy: &FaultProxy, run_image: &Put) -> Phase<'s> {
    let run_image = scene.behind(proxy, &run_image.name);
    scene
        .phase("analyzer")
        .args(&["-run-image", &run_image])
        .arg(scene.behind(proxy, &scene.reference("app")))
}

fn a_registry_that_fails_is_told(scene: &Scene<'_>) -> Verdict {
    let (run_image, proxy) = (scene.built(), scene.proxy());
    analyzer(scene, &proxy, &run_image).run()?.succeeds()?;
    for fault in [
        Fault::status(500),
        Fault::status(418),
        Fault::error(403, "DENIED"),
        Fault::Refuse,
        Fault::LoseResponse,
    ] {
        proxy.on("*", "/run/manifests/", .., fault);
        refuses(&within(analyzer(scene, &proxy, &run_image), 50)?, "analyzer")?;
        proxy.heal();
    }
    Ok(())
}

fn a_registry_that_nobody_answers_for_is_told(scene: &Scene<'_>) -> Verdict {
    let closed = FaultProxy::closed_address();
    let run_image = format!("{closed}/run");
    let analyzer = scene.phase("analyzer").args(&["-run-image", &run_image]).arg(format!("{closed}/app"));
    refuses(&within(analyzer, 50)?, "analyzer")?.says(&closed)?;
    Ok(())
}

fn a_request_that_fails_once_is_repeated(scene: &Scene<'_>) -> Verdict {
    let (run_image, proxy) = (scene.built(), scene.proxy());
    for fault in [Fault::status(503), Fault::Refuse, Fault::CutResponseAfter(10)] {
        proxy.on("GET", "/run/manifests/", 1..=1, fault);
        within(analyzer(scene, &proxy, &run_image), 50)?.succeeds()?;
        proxy.heal();
    }
    Ok(())
}

fn a_cut_manifest_is_refused(scene: &Scene<'_>) -> Verdict {
    let (run_image, proxy) = (scene.built(), scene.proxy());
    for fault in [Fault::TruncateBody(100), Fault::TruncateBody(0)] {
        proxy.on("GET", "/run/manifests/", .., fault);
        refuses(&within(analyzer(scene, &proxy, &run_image), 50)?, "analyzer")?;
        proxy.heal();
    }
    Ok(())
}

/// Its bytes are not those that its digest tells.
fn a_changed_config_is_refused(scene: &Scene<'_>) -> Verdict {
    let (run_image, proxy) = (scene.built(), scene.proxy());
    proxy.on("GET", "/run/blobs/", .., Fault::FlipByte(40));
    refuses(&within(exporter(scene, &proxy, &run_image), 50)?, "exporter")?;
    ensure("there is no image", scene.image("app").is_err(), "there is one")
}

/// The exporter for images behind a proxy.
fn exporter<'s>(scene: &'s Scene<'_>, proxy: &FaultProxy, run_image: &Put) -> Phase<'s> {
    let behind = |text: &str| scene.behind(proxy, text);
    scene.analyzed(&Put {
        name: behind(&run_image.name),
        reference: behind(&run_image.reference),
        ..run_image.clone()
    });
    scene.phase("exporter").arg(behind(&scene.reference("app")))
}

/// Answers of a registry to whoever wants the run image's manifest.
fn answers_are_refused(scene: &Scene<'_>, bodies: &[String]) -> Verdict {
    let (run_image, proxy) = (scene.built(), scene.proxy());
    for body in bodies {
        let headers = vec![("Content-Type".to_owned(), MANIFEST.to_owned())];
        proxy.on("GET", "/run/manifests/", .., Fault::Status { code: 200, headers, body: body.clone() });
        refuses(&within(analyzer(scene, &proxy, &run_image), 50)?, "analyzer")?;
        proxy.heal();
    }
    Ok(())
}

fn a_manifest_that_is_no_json_is_refused(scene: &Scene<'_>) -> Verdict {
    answers_are_refused(
        scene,
        &["no JSON".to_owned(), String::new(), "{".to_owned(), "[".repeat(100_000), "\0".to_owned()],
    )
}

fn a_manifest_of_other_types_is_refused(scene: &Scene<'_>) -> Verdict {
    let config =
        r#"{"schemaVersion": 2, "config": {"digest": "../../etc/passwd", "size": -1}, "layers": "none"}"#;
    let bodies = ["7", "[]", "null", r#"{"schemaVersion": "two"}"#, r#"{"layers": {}, "config": 7}"#, config];
    answers_are_refused(scene, &bodies.map(str::to_owned))
}

fn a_huge_manifest_is_refused(scene: &Scene<'_>) -> Verdict {
    answers_are_refused(scene, &[format!(r#"{{"schemaVersion": 2, "x": "{}"}}"#, "x".repeat(50_000_000))])
}

fn redirects_in_circles_end(scene: &Scene<'_>) -> Verdict {
    let (run_image, proxy) = (scene.built(), scene.proxy());
    proxy.on("*", "/run/manifests/", .., Fault::Redirect(format!("http://{}", proxy.address())));
    refuses(&within(analyzer(scene, &proxy, &run_image), 50)?, "analyzer")?;
    ensure(
        "it follows them for a while only",
        proxy.count("*", "/run/manifests/") < 200,
        proxy.requests().len(),
    )
}

fn odd_challenges_are_survived(scene: &Scene<'_>) -> Verdict {
    let (run_image, proxy) = (scene.built(), scene.proxy());
    for challenge in [
        "",
        "Bearer",
        "Bearer realm=\"file:///etc/passwd\"",
        "Bearer realm=\"http://127.0.0.1:9/token\",service=\"\"",
        "Bearer realm=\"no address\"",
        "Nonsense \"\"\"",
        "Basic realm=\"",
    ] {
        proxy.on("*", "/v2/", .., Fault::status_with(401, "WWW-Authenticate", challenge));
        refuses(&within(analyzer(scene, &proxy, &run_image), 50)?, "analyzer")?;
        proxy.heal();
    }
    Ok(())
}

fn a_registry_that_asks_for_patience_does_not_get_all_of_it(scene: &Scene<'_>) -> Verdict {
    let (run_image, proxy) = (scene.built(), scene.proxy());
    proxy.on("*", "/run/manifests/", .., Fault::status_with(429, "Retry-After", "999999999"));
    refuses(&within(analyzer(scene, &proxy, &run_image), 50)?, "analyzer")?;
    Ok(())
}

/// An app image, and its next version that is not written because of a fault.
fn export_fails(scene: &Scene<'_>, method: &str, target: &str, fault: Fault) -> Verdict {
    let (run_image, proxy) = (scene.built(), scene.proxy());
    let old = scene.export()?;
    scene.write("/workspace/page", "of the next version");
    proxy.on(method, target, .., fault);
    refuses(&within(exporter(scene, &proxy, &run_image), 50)?, "exporter")?;
    equal("the image", &scene.image("app")?.digest, &old.digest)
}

fn an_upload_that_fails_leaves_the_old_image(scene: &Scene<'_>) -> Verdict {
    export_fails(scene, "POST", "/blobs/uploads", Fault::status(500))?;
    export_fails(scene, "POST", "/blobs/uploads", Fault::error(403, "DENIED"))
}

fn a_manifest_that_is_refused_leaves_the_old_image(scene: &Scene<'_>) -> Verdict {
    export_fails(scene, "PUT", "/manifests/", Fault::error(400, "MANIFEST_INVALID"))?;
    export_fails(scene, "PUT", "/manifests/", Fault::Refuse)
}

fn an_upload_that_is_cut_is_repeated_or_fails(scene: &Scene<'_>) -> Verdict {
    let (run_image, proxy) = (scene.built(), scene.proxy());
    scene.write("/workspace/page", noise(1, 200_000));
    for method in ["PUT", "PATCH"] {
        proxy.on(method, "/blobs/uploads", 1..=1, Fault::CutRequestAfter(50_000));
    }
    let run = within(exporter(scene, &proxy, &run_image), 50)?;
    in_order(&run)?;
    if run.code() != Some(0) {
        refuses(&run, "exporter")?;
        return ensure("there is no image", scene.image("app").is_err(), "there is one");
    }
    whole(&scene.image("app")?)
}

fn whole(image: &Image) -> Verdict {
    image.diff_ids().into_iter().skip(2).try_for_each(|diff_id| image.layer(diff_id).map(drop))
}

fn a_cache_image_that_cannot_be_read_is_a_miss(scene: &Scene<'_>) -> Verdict {
    super::built_with_cache(scene, "content");
    let proxy = scene.proxy();
    let cache = scene.behind(&proxy, &scene.reference("cache"));
    scene.phase("exporter").args(&["-cache-image", &cache]).arg(scene.reference("app")).run()?.succeeds()?;
    let restorer = || scene.phase("restorer").args(&["-cache-image", &cache]);
    for fault in [Fault::TruncateBody(0), Fault::FlipByte(60), Fault::status(404), Fault::status(500)] {
        scene.remove("/layers/of_tests");
        proxy.on_requests(|request| request.is("GET", "/cache/blobs/"), 2.., fault);
        in_order(&within(restorer(), 50)?)?.succeeds()?;
        scene.lacks("/layers/of_tests/deps/file")?;
        scene.make_directory("/layers/of_tests");
        proxy.heal();
    }
    restorer().run()?.succeeds()?;
    scene.has("/layers/of_tests/deps/file")
}

/// The first image is written only if all of them can be.
fn a_rebase_that_fails_leaves_all_images(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let old = scene.export()?;
    let proxy = scene.proxy();
    let run_image = scene.put("run", &scene.run_image().label("io.buildpacks.base.version", "next"));
    let run_image = scene.behind(&proxy, &run_image.name);
    proxy.on("PUT", "/manifests/", .., Fault::error(403, "DENIED"));
    let app = scene.behind(&proxy, &scene.reference("app"));
    let rebaser = scene.phase("rebaser").args(&["-force", "-run-image", &run_image, &app]);
    refuses(&within(rebaser, 50)?, "rebaser")?;
    equal("the image", &scene.image("app")?.digest, &old.digest)
}
