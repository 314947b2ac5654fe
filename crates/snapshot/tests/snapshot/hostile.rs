//! Layers that try to reach what is outside of the root, or to do damage otherwise.

use std::path::Path;

use layer::{ExtractError, Refusal};
use snapshot::{SnapshotError, apply};
use tar::{EntryType, Header};

use crate::support::{tree, write};

/// An entry with any name.
pub(crate) fn entry(kind: EntryType, name: &str, target: &str, contents: &str) -> Vec<u8> {
    let mut header = Header::new_ustar();
    let bytes = header.as_mut_bytes();
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes[157..157 + target.len()].copy_from_slice(target.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(if kind.is_dir() { 0o755 } else { 0o644 });
    header.set_uid(rustix::process::geteuid().as_raw().into());
    header.set_gid(rustix::process::getegid().as_raw().into());
    header.set_mtime(1_000);
    header.set_size(contents.len() as u64);
    header.set_cksum();
    let mut entry = [header.as_bytes(), contents.as_bytes()].concat();
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

fn file(name: &str) -> Vec<u8> {
    entry(EntryType::Regular, name, "", "new")
}

fn link(name: &str, target: &str) -> Vec<u8> {
    entry(EntryType::Symlink, name, target, "")
}

fn hard_link(name: &str, target: &str) -> Vec<u8> {
    entry(EntryType::Link, name, target, "")
}

/// Applies entries to the directory `root`, next to which there is `outside/file`; that must not change.
fn apply_beside(
    make: impl FnOnce(&Path),
    entries: &[Vec<u8>],
) -> (tempfile::TempDir, Result<(), SnapshotError>) {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("outside/file"), "precious");
    let root = directory.path().join("root");
    fs_err::create_dir(&root).unwrap();
    make(&root);
    let before = tree(&directory.path().join("outside"));
    let applied = apply(&[entries.concat(), vec![0; 1024]].concat()[..], &root);
    assert_eq!(tree(&directory.path().join("outside")), before);
    (directory, applied)
}

fn refusal(applied: Result<(), SnapshotError>) -> Refusal {
    match applied {
        Err(SnapshotError::Apply { source: ExtractError::Refused { reason, .. }, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_with_parents() {
    for entry in [
        file("../outside/file"),
        file("a/../../outside/file"),
        file("../.wh.outside"),
        file(".wh..."),
        file("a/.wh..."),
        hard_link("a", "../outside/file"),
        entry(EntryType::Directory, "..", "", ""),
    ] {
        let (_directory, applied) = apply_beside(|_| {}, &[entry]);
        assert_eq!(refusal(applied), Refusal::ParentDirectory);
    }
}

#[test]
fn whiteouts_of_nothing() {
    for name in [".wh.", "a/.wh..", ".wh.."] {
        let (_directory, applied) = apply_beside(|_| {}, &[file(name)]);
        assert_eq!(refusal(applied), Refusal::Whiteout);
    }
}

#[test]
fn absolute_names_are_in_the_root() {
    let (directory, applied) =
        apply_beside(|_| {}, &[file("/etc/x"), hard_link("/y", "/etc/x"), file("/.wh.z")]);
    applied.unwrap();
    assert_eq!(fs_err::read_to_string(directory.path().join("root/y")).unwrap(), "new");
}

#[test]
fn links_are_followed_within_the_root() {
    for target in
        ["../outside", "../../../../../../outside", "/outside", "x/../../outside", "./..//outside/."]
    {
        let (directory, applied) =
            apply_beside(|_| {}, &[link("way", target), file("way/file"), file("way/.wh.other")]);
        applied.unwrap();
        assert_eq!(
            fs_err::read_to_string(directory.path().join("root/outside/file")).unwrap(),
            "new",
            "{target}"
        );
    }
    let (directory, applied) = apply_beside(
        |root| {
            fs_err::create_dir_all(root.join("usr/lib")).unwrap();
            fs_err::os::unix::fs::symlink("usr/lib", root.join("lib")).unwrap();
            fs_err::os::unix::fs::symlink("../lib", root.join("usr/libs")).unwrap();
        },
        &[file("lib/a"), file("usr/libs/b"), hard_link("c", "lib/a")],
    );
    applied.unwrap();
    let root = directory.path().join("root");
    assert!(root.join("usr/lib/a").is_file() && root.join("usr/lib/b").is_file() && root.join("c").is_file());
    assert!(root.join("lib").is_symlink());
}

#[test]
fn whiteouts_through_links_stay_in_the_root() {
    for entry in [file("way/.wh.file"), file("way/.wh..wh..opq"), file(".wh.way")] {
        let (directory, applied) = apply_beside(
            |root| {
                fs_err::os::unix::fs::symlink("../outside", root.join("way")).unwrap();
            },
            &[entry],
        );
        applied.unwrap();
        assert!(directory.path().join("outside/file").exists());
    }
}

#[test]
fn hard_links_to_links_do_not_follow_them() {
    let entries = [link("way", "../outside/file"), hard_link("other", "way"), file("other")];
    let (directory, applied) = apply_beside(|_| {}, &entries);
    applied.unwrap();
    assert_eq!(fs_err::read_to_string(directory.path().join("root/other")).unwrap(), "new");
    // A link to be written through, by its second name.
    let entries = [link("way", "../outside"), hard_link("other", "way"), file("other/file")];
    apply_beside(|_| {}, &entries).1.unwrap();
}

#[test]
fn links_in_a_circle() {
    let (_directory, applied) = apply_beside(|_| {}, &[link("a", "b"), link("b", "a"), file("a/x")]);
    assert!(matches!(applied, Err(SnapshotError::Apply { source: ExtractError::Unwritable { .. }, .. })));
}

#[test]
fn files_in_place_of_links_do_not_follow_them() {
    for entry in
        [file("way"), hard_link("way", "x"), entry(EntryType::Directory, "way", "", ""), link("way", "y")]
    {
        let (directory, applied) = apply_beside(
            |root| {
                write(&root.join("x"), "");
                fs_err::os::unix::fs::symlink("../outside/file", root.join("way")).unwrap();
            },
            &[entry],
        );
        applied.unwrap();
        assert!(directory.path().join("outside/file").is_file());
    }
}

#[test]
fn a_way_through_a_file() {
    let (_directory, applied) = apply_beside(|root| write(&root.join("x"), ""), &[file("x/y")]);
    assert!(matches!(refusal(applied), Refusal::NotADirectory(_)));
}

#[test]
fn hard_links_to_themselves_and_to_nothing() {
    for (name, target) in [("x", "x"), ("x", "/./x"), ("y", "absent"), ("y", "d")] {
        let (directory, applied) = apply_beside(
            |root| {
                write(&root.join("x"), "kept");
                fs_err::create_dir(root.join("d")).unwrap();
            },
            &[hard_link(name, target)],
        );
        assert!(matches!(applied, Err(SnapshotError::Apply { source: ExtractError::Unwritable { .. }, .. })));
        assert_eq!(fs_err::read_to_string(directory.path().join("root/x")).unwrap(), "kept");
    }
}

#[test]
fn whiteouts_spare_what_their_layer_made() {
    let make = |root: &Path| {
        for file in ["d/old", "d/e/old", "f", "g/old"] {
            write(&root.join(file), "old");
        }
    };
    let entries = [
        file("d/e/new"),
        file("d/new"),
        file("d/.wh..wh..opq"),
        file("f"),
        file(".wh.f"),
        file("g/new"),
        file(".wh.g"),
    ];
    let (directory, applied) = apply_beside(make, &entries);
    applied.unwrap();
    let paths: Vec<_> = tree(&directory.path().join("root")).into_keys().collect();
    assert_eq!(paths, ["d", "d/e", "d/e/new", "d/new", "f", "g", "g/new"].map(Path::new));
}

#[test]
fn notes_of_old_storage_drivers_are_passed_over() {
    let entries =
        [file(".wh..wh.aufs"), entry(EntryType::Directory, ".wh..wh.plnk", "", ""), file(".wh..wh.plnk/1.2")];
    let (directory, applied) = apply_beside(|_| {}, &entries);
    applied.unwrap();
    assert!(tree(&directory.path().join("root")).is_empty());
}

#[test]
fn very_deep_trees() {
    // Deeper than a name may be long: made with a header for long names.
    let name = "d/".repeat(3_000);
    let mut long = entry(EntryType::GNULongName, "././@LongLink", "", &name);
    long.extend(file("x"));
    let (_directory, applied) = apply_beside(|_| {}, &[long]);
    assert!(matches!(applied, Err(SnapshotError::Apply { source: ExtractError::Unwritable { .. }, .. })));
    // Deeper than files may be open; and gone again.
    let name = format!("{}x", "d/".repeat(1_100));
    let mut long = entry(EntryType::GNULongName, "././@LongLink", "", &name);
    long.extend(file("x"));
    let (directory, applied) = apply_beside(|_| {}, &[long]);
    applied.unwrap();
    apply(&[file(".wh.d"), vec![0; 1024]].concat()[..], &directory.path().join("root")).unwrap();
    assert!(tree(&directory.path().join("root")).is_empty());
}

#[test]
fn damaged_layers() {
    let whole = [entry(EntryType::Regular, "file", "", &"x".repeat(700)), vec![0; 1024]].concat();
    for length in [0, 100, 512, 1_000, 1_536] {
        let (_directory, applied) = apply_beside(|_| {}, &[]);
        applied.unwrap();
        let root = tempfile::tempdir().unwrap();
        assert!(apply(&whole[..length], root.path()).is_err(), "{length}");
    }
}
