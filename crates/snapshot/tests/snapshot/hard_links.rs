//! Files with several names.

use std::path::Path;

use tar::EntryType;

use crate::support::{Roots, entries, write};

fn link(root: &Path, target: &str, name: &str) {
    fs_err::hard_link(root.join(target), root.join(name)).unwrap();
}

/// Names, and what they link to.
fn links(layer: &[u8]) -> Vec<(String, String)> {
    let entries = entries(layer).into_iter().filter(|entry| entry.kind != EntryType::Directory);
    entries.map(|entry| (entry.path.display().to_string(), entry.target.display().to_string())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, target)| ((*name).to_owned(), (*target).to_owned())).collect()
}

#[test]
fn names_link_to_the_first() {
    let mut roots = Roots::new(|_| {});
    let layer = roots.step(|root| {
        write(&root.join("b/file"), "contents");
        fs_err::create_dir(root.join("a")).unwrap();
        link(root, "b/file", "c");
        link(root, "b/file", "a/z");
    });
    assert_eq!(links(&layer), pairs(&[("a/z", ""), ("b/file", "a/z"), ("c", "a/z")]));
}

#[test]
fn another_name_of_an_old_file() {
    let mut roots = Roots::new(|root| write(&root.join("x"), "contents"));
    let layer = roots.step(|root| link(root, "x", "a"));
    assert_eq!(links(&layer), pairs(&[("a", ""), ("x", "a")]));
    let layer = roots.step(|root| fs_err::remove_file(root.join("a")).unwrap());
    assert_eq!(links(&layer), pairs(&[(".wh.a", ""), ("x", "")]));
}

#[test]
fn a_name_that_came_with_its_directory() {
    // Renaming a directory changes nothing of the files in it.
    let mut roots = Roots::new(|root| {
        write(&root.join("old/file"), "contents");
        link(root, "old/file", "z");
    });
    let layer = roots.step(|root| fs_err::rename(root.join("old"), root.join("new")).unwrap());
    assert_eq!(links(&layer), pairs(&[("new/file", ""), (".wh.old", ""), ("z", "new/file")]));
}

#[test]
fn links_and_pipes_have_names_too() {
    let mut roots = Roots::new(|_| {});
    let layer = roots.step(|root| {
        fs_err::os::unix::fs::symlink("nowhere", root.join("one")).unwrap();
        link(root, "one", "two");
    });
    assert_eq!(links(&layer), pairs(&[("one", "nowhere"), ("two", "one")]));
}

#[test]
fn names_elsewhere_do_not_count() {
    let outside = tempfile::tempdir().unwrap();
    let mut roots = Roots::new(|root| write(&root.join("x"), "contents"));
    let layer = roots.step(|root| fs_err::hard_link(root.join("x"), outside.path().join("y")).unwrap());
    assert_eq!(links(&layer), pairs(&[("x", "")]));
}
