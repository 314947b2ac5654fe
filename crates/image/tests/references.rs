//! What is an image reference, and what its parts are.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use image::{Reference, ensure_one_registry, ensure_tags, name_without_digest};

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn parse(text: &str) -> Reference {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// The expected names were printed by go-containerregistry 0.21.9.
#[test]
fn references_are_qualified() {
    let digest = format!("@sha256:{HEX}");
    for (text, name) in [
        ("ab", "index.docker.io/library/ab:latest"),
        ("ab:1", "index.docker.io/library/ab:1"),
        ("some/ab", "index.docker.io/some/ab:latest"),
        ("docker.io/ab", "index.docker.io/library/ab:latest"),
        ("docker.io/some/ab:-t", "index.docker.io/some/ab:-t"),
        ("index.docker.io/ab", "index.docker.io/library/ab:latest"),
        ("localhost/ab", "localhost/ab:latest"),
        ("localhost:5000/ab", "localhost:5000/ab:latest"),
        ("localhost:5000/ab:T.1_-", "localhost:5000/ab:T.1_-"),
        ("gcr.io/a//b", "gcr.io/a//b:latest"),
        ("a_/b", "index.docker.io/a_/b:latest"),
        ("[::1]:5000/ab", "[::1]:5000/ab:latest"),
        ("Registry.Example/ab", "Registry.Example/ab:latest"),
        (&format!("r.example/ab{digest}"), &format!("r.example/ab{digest}")),
        (&format!("r.example/ab:tag{digest}"), &format!("r.example/ab{digest}")),
    ] {
        assert_eq!(parse(text).to_string(), name, "{text}");
    }
}

/// go-containerregistry 0.21.9 refuses each of these.
#[test]
fn texts_that_are_no_references_are_refused() {
    let long = format!("ab:{}", "t".repeat(129));
    for text in [
        "",
        "a",
        ":",
        "ab:",
        "Foo/bar",
        "ab c",
        "ab:t/",
        "ab@",
        "ab@sha256:00",
        "ab@sha512:00",
        "@sha256:",
        "r.example/",
        "user@r.example/ab",
        "r.exa mple/ab",
        "r.example:port/ab",
        "[::1/ab",
        "ab:täg",
        "ünix",
        "my-bad::latest",
        "-",
        &long,
    ] {
        let error = text.parse::<Reference>().expect_err(text);
        assert!(error.to_string().contains(text), "{error}");
    }
}

/// Stricter than go-containerregistry: no registry takes them, and a layout directory must not.
#[test]
fn references_that_lead_elsewhere_are_refused() {
    for text in ["r.example/../../etc/ab", "r.example/ab/..", "../some/ab", "./some/ab", "r.example/ab:.."] {
        let error = text.parse::<Reference>().expect_err(text);
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn a_reference_maps_to_a_directory() {
    let path = |text: &str| parse(text).layout_path(Path::new("/layout"));
    for (text, expected) in [
        ("ab", "/layout/index.docker.io/library/ab/latest"),
        ("localhost:5000/some/ab:v1", "/layout/localhost:5000/some/ab/v1"),
        ("r.example/a//b", "/layout/r.example/a/b/latest"),
    ] {
        assert_eq!(path(text), Path::new(expected));
    }
    let by_digest = path(&format!("r.example/ab@sha256:{HEX}"));
    assert_eq!(by_digest, Path::new("/layout/r.example/ab/sha256").join(HEX));
}

#[test]
fn names_in_other_registries_are_found() {
    let same = [parse("ab"), parse("docker.io/some/cd:1")];
    assert_eq!(ensure_one_registry(&same), Ok(()));
    let error = ensure_one_registry(&[parse("ab"), parse("r.example/ab")]).unwrap_err();
    assert!(error.to_string().contains("'r.example/ab:latest'"), "{error}");
    assert_eq!(ensure_one_registry(&[]), Ok(()));
}

#[test]
fn names_compare_without_digest() {
    assert_eq!(name_without_digest(&format!("r.example/ab@sha256:{HEX}")), "r.example/ab:latest");
    assert_eq!(name_without_digest(&format!("ab:1@sha256:{HEX}")), "index.docker.io/library/ab:1");
    assert_eq!(name_without_digest("!@#$"), "!@#$");
}

#[test]
fn images_are_written_under_tags_alone() {
    let pinned = format!("r.example/ab@sha256:{}", "0".repeat(64));
    assert_eq!(ensure_tags(&[parse("ab"), parse("r.example/ab:tag")]), Ok(()));
    let error = ensure_tags(&[parse("ab"), parse(&pinned)]).unwrap_err();
    assert!(error.to_string().starts_with(&format!("'{pinned}' names an image by its digest")), "{error}");
}
