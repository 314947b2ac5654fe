//! What is kept for the next build.

use spec_model::lifecycle_metadata::CacheMetadata;

use crate::support::{Build, IMAGE, outcome};

fn with_cache(build: &Build) -> [String; 2] {
    let cache = build.path("cache");
    fs_err::create_dir_all(&cache).unwrap();
    ["-cache-dir".to_owned(), cache.display().to_string()]
}

fn cached(build: &Build) -> CacheMetadata {
    CacheMetadata::from_label(&build.scratch.read("cache/committed/io.buildpacks.lifecycle.cache.metadata"))
        .unwrap()
}

fn flags(flags: &[String]) -> Vec<&str> {
    flags.iter().map(String::as_str).collect()
}

#[test]
fn cached_layers_are_kept_whether_launched_or_not() {
    for more in [&[][..], &["-parallel"]] {
        let build = Build::new();
        build.scratch.write("layers/sbom/cache/acme_web/downloads/sbom.cdx.json", "{}");
        let cache = with_cache(&build);
        let flags = [&flags(&cache)[..], more].concat();
        build.export(&flags).succeeded().says(&[
            "Adding cache layer 'acme/web:deps'",
            "Adding cache layer 'acme/web:downloads'",
            "Adding cache layer 'buildpacksio/lifecycle:cache.sbom'",
        ]);
        let metadata = cached(&build);
        let layers = &metadata.buildpacks[0].layers;
        assert_eq!(layers.keys().collect::<Vec<_>>(), ["deps", "downloads"]);
        assert_eq!(layers["deps"].sha, build.metadata().buildpacks[0].layers["deps"].sha);
        for sha in [&layers["deps"].sha, &layers["downloads"].sha, &metadata.sbom.sha] {
            let archive = fs_err::read(build.path(&format!("cache/committed/{sha}.tar"))).unwrap();
            assert_eq!(test_kit::sha256(&archive), *sha);
        }
    }
}

#[test]
fn unchanged_layers_stay_in_the_cache() {
    let build = Build::new();
    let cache = with_cache(&build);
    build.export(&flags(&cache)).succeeded();
    let first = cached(&build);
    build.analyze();
    build
        .export(&flags(&cache))
        .succeeded()
        .says(&["Reusing cache layer 'acme/web:deps'", "Reusing cache layer 'acme/web:downloads'"]);
    assert_eq!(cached(&build), first);
}

#[test]
fn what_is_no_longer_cached_leaves_the_cache() {
    let build = Build::new();
    let cache = with_cache(&build);
    build.export(&flags(&cache)).succeeded();
    let gone = cached(&build).buildpacks[0].layers["downloads"].sha.clone();
    build.layer("downloads", "build = true", "downloads 1");
    build.export(&flags(&cache)).succeeded();
    assert!(!cached(&build).buildpacks[0].layers.contains_key("downloads"));
    assert!(!build.scratch.has(&format!("cache/committed/{gone}.tar")));
}

#[test]
fn a_cache_that_cannot_be_written_costs_the_image_nothing() {
    let build = Build::new();
    let cache = with_cache(&build);
    build.export(&flags(&cache)).succeeded();
    let (image, before) = (build.image(), cached(&build));
    build.layer("downloads", "cache = true", "downloads 2");
    // A file where the next state is staged.
    fs_err::write(build.path("cache/staging"), "").ok();
    let command = &mut build.command(&flags(&cache));
    fs_err::set_permissions(build.path("cache"), std::os::unix::fs::PermissionsExt::from_mode(0o555))
        .unwrap();
    let again = outcome(command.arg(IMAGE)).succeeded();
    assert!(again.stderr.contains("Warning: Failed to write the cache"), "{again:?}");
    assert_eq!(build.image().identifier, image.identifier);
    assert_eq!(cached(&build), before);
}
