//! What is taken over from the previous image.

use crate::support::Build;

#[test]
fn an_unchanged_build_writes_no_layer() {
    let build = Build::new();
    build.export(&[]).succeeded();
    let first = build.image();
    build.analyze();
    let again = build.export(&[]).succeeded();
    again.says(&[
        "Reusing layer 'acme/web:runtime'",
        "Reusing layer 'buildpacksio/lifecycle:launcher'",
        "Reused 1/1 app layer(s)",
    ]);
    assert!(!again.stdout.contains("Adding layer"), "{again:?}");
    assert_eq!(build.image().identifier, first.identifier);
}

#[test]
fn only_changed_layers_are_written() {
    let build = Build::new();
    build.export(&[]).succeeded();
    build.analyze();
    build.layer("runtime", "launch = true", "runtime 2");
    build.scratch.write("app/server.js", "serve(2)\n");
    build.export(&[]).succeeded().says(&[
        "Adding layer 'acme/web:runtime'",
        "Reusing layer 'acme/web:deps'",
        "Added 1/1 app layer(s)",
    ]);
    build.image();
}

#[test]
fn a_layer_without_contents_comes_from_the_previous_image() {
    let build = Build::new();
    build.export(&[]).succeeded();
    let first = build.metadata();
    build.analyze();
    fs_err::remove_dir_all(build.path("layers/acme_web/runtime")).unwrap();
    build.export(&[]).succeeded().says(&["Reusing layer 'acme/web:runtime'"]);
    assert_eq!(build.metadata().buildpacks, first.buildpacks);
}

#[test]
fn what_the_previous_image_lacks_cannot_be_reused() {
    let build = Build::new();
    fs_err::remove_dir_all(build.path("layers/acme_web/runtime")).unwrap();
    build.export(&[]).failed(62, &["acme/web:runtime", "previous image has no such layer", "-skip-layers"]);
    fs_err::remove_dir_all(build.path("layers/acme_web/deps")).unwrap();
    build.export(&[]).failed(62, &["acme/web:deps", "cache = true"]);
}

#[test]
fn layers_that_vanished_from_the_previous_image_are_written_again() {
    let build = Build::new();
    build.export(&[]).succeeded();
    build.analyze();
    let image = build.image();
    for layer in image.manifest.layers.iter().skip(1) {
        let digest = layer.digest.hex().to_owned();
        fs_err::remove_file(build.path("layout/localhost/team/app/latest/blobs/sha256").join(digest))
            .unwrap();
    }
    let again = build.export(&[]).succeeded();
    again.says(&["Adding layer 'acme/web:runtime'"]);
    assert_eq!(build.image().identifier, image.identifier);
    build.analyze();
    fs_err::remove_dir_all(build.path("layers/acme_web/runtime")).unwrap();
    let gone = build
        .image()
        .layer(&build.metadata().buildpacks[0].layers["runtime"].diff_id().unwrap())
        .unwrap()
        .digest;
    fs_err::remove_file(build.path("layout/localhost/team/app/latest/blobs/sha256").join(gone.hex()))
        .unwrap();
    build.export(&[]).failed(62, &["acme/web:runtime", "is gone or lacks it"]);
}

#[test]
fn a_corrupt_previous_image_is_a_warning() {
    let build = Build::new();
    build.export(&[]).succeeded();
    build.analyze();
    let image = build.image();
    let config = image.manifest.config.digest.hex().to_owned();
    fs_err::write(build.path("layout/localhost/team/app/latest/blobs/sha256").join(config), "{").unwrap();
    let again = build.export(&[]).succeeded();
    assert!(again.stderr.contains("Warning: No layers are reused"), "{again:?}");
    assert_eq!(build.image().identifier, image.identifier);
}
