//! Results of earlier builds.

use std::time::Duration;

use crate::support::{Fixture, is_root};

/// Extends a fresh copy of the base's file system with the cache of an earlier build.
fn again(earlier: &Fixture, extensions: &[(&str, &str)]) -> Fixture {
    let mut fixture = first(extensions);
    fixture.inputs.kaniko = earlier.path("kaniko");
    fixture
}

fn first(extensions: &[(&str, &str)]) -> Fixture {
    let mut fixture = Fixture::run_image();
    for (id, instructions) in extensions {
        fixture.extension(id, instructions);
    }
    fixture
}

const STEPS: [(&str, &str); 2] = [
    ("one", "RUN echo ran >> /opt/log; chmod 4755 /opt/old\nRUN true"),
    ("two", "ARG build_id=0\nRUN rm /opt/tree/leaf\nCOPY file /opt/file"),
];

#[test]
fn a_second_build_runs_nothing_and_yields_the_same_image() {
    if !is_root() {
        return;
    }
    let first = first(&STEPS);
    first.extend();
    let second = again(&first, &STEPS);
    second.extend();
    assert!(!second.in_root("opt/log").exists(), "for a run image, nothing is even unpacked");
    assert_eq!(first.image().1.manifest_document, second.image().1.manifest_document);
    // What follows a changed step runs again, on what the steps in front of it had made.
    let changed = [STEPS[0], ("two", "RUN cat /opt/log > /opt/other")];
    let third = again(&first, &changed);
    third.extend();
    assert_eq!((third.text("opt/log"), third.text("opt/other")), ("ran\n".to_owned(), "ran\n".to_owned()));
    assert_eq!(third.layers()[1..], [["opt/other"]]);
    assert_eq!(third.image().1.layers().nth(1), first.image().1.layers().nth(1));
}

#[test]
fn a_step_that_asks_for_the_build_id_runs_in_each_build() {
    if !is_root() {
        return;
    }
    let steps =
        [("x", "RUN echo a > /opt/a\nARG build_id=0\nRUN echo $build_id > /opt/id\nRUN echo b > /opt/b")];
    let first = first(&steps);
    first.extend();
    let second = again(&first, &steps);
    second.extend();
    assert_ne!(first.text("opt/id"), second.text("opt/id"));
    let (one, two) = (first.image().1, second.image().1);
    let diff_ids = [&one, &two].map(|image| image.layers().map(|layer| layer.diff_id).collect::<Vec<_>>());
    assert_eq!(diff_ids[0][..2], diff_ids[1][..2]);
    assert_ne!(diff_ids[0][2], diff_ids[1][2]);
}

#[test]
fn files_of_the_context_count_with_their_contents() {
    if !is_root() {
        return;
    }
    let first = first(&STEPS);
    first.extend();
    let second = again(&first, &STEPS);
    fs_err::write(second.inputs.app.join("file"), "changed").unwrap();
    second.extend();
    assert_eq!(second.text("opt/file"), "changed");
}

#[test]
fn another_base_and_old_results_count_for_nothing() {
    if !is_root() {
        return;
    }
    let first = first(&STEPS);
    first.extend();
    let mut old = again(&first, &STEPS);
    old.inputs.cache_ttl = Duration::ZERO;
    old.extend();
    assert!(old.in_root("opt/log").exists());
}

#[test]
fn damaged_results_are_made_again() {
    if !is_root() {
        return;
    }
    let first = first(&STEPS);
    first.extend();
    for entry in fs_err::read_dir(first.path("kaniko/cache/layers")).unwrap() {
        fs_err::write(entry.unwrap().path(), "damage").unwrap();
    }
    let second = again(&first, &STEPS);
    second.extend();
    assert_eq!(second.text("opt/log"), "ran\n");
    assert_eq!(second.layers().len(), first.layers().len());
}
