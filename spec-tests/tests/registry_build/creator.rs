//! The creator makes what the five phases make.

use crate::five_phases::{build, build_until_export, exporter, image_names};
use crate::phase::Phase;
use crate::platform::Platform;
use crate::secured::Secured;

/// The creator with the names of all images.
fn creator(secured: &Secured, platform: &Platform, parallel: &str) -> Phase {
    let [name, run_image, cache, also, elsewhere] = image_names(secured);
    let phase = secured.phase(platform, "creator").arg(parallel);
    let phase = phase.args(&["-run-image", &run_image, "-cache-image", &cache]);
    phase.args(&["-tag", &also, "-tag", &elsewhere, &name])
}

/// The digests of app image and cache image.
fn digests(secured: &Secured) -> [String; 2] {
    ["app", "cache"].map(|repository| secured.registry.tagged(repository, "v1").unwrap())
}

#[test]
fn the_creator_makes_the_images_of_the_five_phases() {
    let (Some(platform), Some(secured)) = (Platform::new(), Secured::new()) else { return };
    build(&platform, &secured);
    let by_phases = digests(&secured);

    for parallel in ["-parallel=false", "-parallel=true"] {
        secured.remove_images();
        platform.renew();
        let said = creator(&secured, &platform, parallel).run().succeeds();
        assert_eq!(said.matches("===> ").count(), 5, "{said}");
        assert_eq!(digests(&secured), by_phases, "{parallel}");
        assert_eq!(platform.reported("digest"), by_phases[0]);
        for (repository, tag) in [("app", "also"), ("shop/app", "v1")] {
            assert_eq!(secured.registry.tagged(repository, tag).unwrap(), by_phases[0], "{repository}:{tag}");
        }
    }
}

#[test]
fn work_side_by_side_makes_the_same_images() {
    let (Some(platform), Some(secured)) = (Platform::new(), Secured::new()) else { return };
    let mut expected: Vec<[String; 2]> = Vec::new();
    for parallel in ["-parallel=false", "-parallel=true"] {
        // Without earlier images and with them.
        for turn in 0..2 {
            platform.renew();
            build_until_export(&platform, &secured);
            let phase = secured.phase(&platform, "exporter").arg(parallel);
            exporter(&secured, phase).run().succeeds();
            match expected.get(turn) {
                Some(expected) => assert_eq!(digests(&secured), *expected, "turn {turn}"),
                None => expected.push(digests(&secured)),
            }
        }
        secured.remove_images();
    }
}
