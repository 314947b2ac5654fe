//! Archives that want to be elsewhere, or to do harm where they are.

use std::io::{Read, repeat};
use std::path::Path;

use layer::{Destination, ExtractError, Refusal, extract, extract_verified};

use crate::handmade::{directory, entry, extract_to, file, hard_link, link};

/// Extracts entries below `layers` in a root that also holds a file. The last entry must be refused, for the
/// reason returned for the directory `layers`, and nothing else in the root may change.
fn refused(entries: &[Vec<u8>], name: &str, reason: impl Fn(&Path) -> Refusal) {
    let root = tempfile::tempdir().unwrap();
    let outside = root.path().join("outside");
    fs_err::write(&outside, "untouched").unwrap();
    let error = extract_to(root.path(), entries).unwrap_err();
    let ExtractError::Refused { entry, reason: found } = error else { panic!("{name}: {error:?}") };
    assert_eq!((entry.as_path(), found), (Path::new(name), reason(&root.path().join("layers"))));
    let mut names: Vec<_> =
        fs_err::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["layers", "outside"], "{name}");
    assert_eq!(fs_err::read_to_string(outside).unwrap(), "untouched", "{name}");
}

#[test]
fn names_with_parents() {
    for name in ["/layers/../evil", "/layers/a/../evil", "../evil", "layers/.."] {
        refused(&[file(name, "")], name, |_| Refusal::ParentDirectory);
    }
    refused(&[directory("..", 0o777)], "..", |_| Refusal::ParentDirectory);
}

#[test]
fn names_of_other_places() {
    for name in ["/evil", "evil", "/layers-evil", "/outside", "/layers", "layers/", "/"] {
        refused(&[file(name, "")], name, |_| Refusal::Outside("/layers".into()));
    }
    refused(&[directory("/layers-evil", 0o777)], "/layers-evil", |_| Refusal::Outside("/layers".into()));
    refused(&[link("/layers", "outside")], "/layers", |_| Refusal::Outside("/layers".into()));
}

#[test]
fn ways_through_links() {
    for target in ["/tmp", "..", ".", "../outside", "/layers", "none"] {
        let entries = [link("/layers/l", target), file("/layers/l/evil", "")];
        refused(&entries, "/layers/l/evil", |layers| Refusal::NotADirectory(layers.join("l")));
        let entries = [link("/layers/l", target), directory("/layers/l", 0o777)];
        refused(&entries, "/layers/l", |layers| Refusal::NotADirectory(layers.join("l")));
    }
    let deeper =
        [file("/layers/a/b/f", ""), link("/layers/a/b/l", "../../.."), file("/layers/a/b/l/evil", "")];
    refused(&deeper, "/layers/a/b/l/evil", |layers| Refusal::NotADirectory(layers.join("a/b/l")));
    let twice = [link("/layers/l", "m"), link("/layers/m", ".."), file("/layers/l/evil", "")];
    refused(&twice, "/layers/l/evil", |layers| Refusal::NotADirectory(layers.join("l")));
}

#[test]
fn ways_through_files() {
    let entries = [file("/layers/f", ""), file("/layers/f/evil", "")];
    refused(&entries, "/layers/f/evil", |layers| Refusal::NotADirectory(layers.join("f")));
}

#[test]
fn links_that_were_there_before() {
    let root = tempfile::tempdir().unwrap();
    fs_err::create_dir(root.path().join("layers")).unwrap();
    fs_err::os::unix::fs::symlink("..", root.path().join("layers/l")).unwrap();
    let error = extract_to(root.path(), &[file("/layers/l/evil", "")]).unwrap_err();
    assert!(matches!(error, ExtractError::Refused { reason: Refusal::NotADirectory(_), .. }));
    assert!(!root.path().join("evil").exists());
}

#[test]
fn hard_links_to_other_places() {
    let parent =
        |target| refused(&[hard_link("/layers/h", target)], "/layers/h", |_| Refusal::ParentDirectory);
    parent("/layers/../outside");
    parent("../outside");
    for target in ["/outside", "outside", "/layers", ""] {
        refused(&[hard_link("/layers/h", target)], "/layers/h", |_| Refusal::Outside("/layers".into()));
    }
    let entries = [link("/layers/l", ".."), hard_link("/layers/h", "/layers/l/outside")];
    refused(&entries, "/layers/h", |layers| Refusal::NotADirectory(layers.join("l")));
}

#[test]
fn kinds_that_layers_do_not_have() {
    for (kind, reason) in [
        (b'3', "devices"),
        (b'4', "devices"),
        (b'6', "fifos"),
        (b'S', "sparse files"),
        (b'Z', "entries of an unknown type"),
    ] {
        refused(&[entry(kind, "/layers/k", "", 0o666, b"")], "/layers/k", |_| Refusal::Kind(reason));
    }
}

#[test]
fn special_files_are_left_out_where_that_is_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let destination = Destination::in_root(root.path(), "/").without_special_files();
    let extracted = |kind| {
        let archive = [entry(kind, "dev/k", "", 0o666, b""), file("dev/f", ""), vec![0; 1024]].concat();
        extract(archive.as_slice(), &destination)
    };
    for kind in [b'3', b'4', b'6'] {
        extracted(kind).unwrap();
        let names =
            fs_err::read_dir(root.path().join("dev")).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["f"]);
    }
    for kind in [b'S', b'Z'] {
        assert!(matches!(extracted(kind), Err(ExtractError::Refused { reason: Refusal::Kind(_), .. })));
    }
}

#[test]
fn a_refusal_names_entry_and_reason() {
    let root = tempfile::tempdir().unwrap();
    let error = extract_to(root.path(), &[file("/etc/passwd", "")]).unwrap_err();
    assert_eq!(error.to_string(), "refused the archive's entry '/etc/passwd': it is outside of '/layers'");
}

#[test]
fn what_is_refused_is_not_read_to_its_end() {
    let root = tempfile::tempdir().unwrap();
    let evil = file("/evil", "");
    let endless = evil.as_slice().chain(repeat(0));
    let expected = spec_model::DiffId::from_sha256([0; 32]);
    let error =
        extract_verified(endless, &expected, &Destination::in_root(root.path(), "/layers")).unwrap_err();
    assert!(matches!(error, ExtractError::Refused { .. }));
}
