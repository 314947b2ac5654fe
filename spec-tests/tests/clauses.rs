//! The table of clauses is whole, and names tests that exist.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use spec_tests::{table, test_names};

/// All files below a directory of this crate with an ending, relative to it and without that.
fn files(directory: &str, ending: &str) -> Vec<PathBuf> {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs_err::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let root = root(directory);
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.retain(|file| file.extension().is_some_and(|found| found == ending));
    found.iter().map(|file| file.strip_prefix(&root).unwrap().with_extension("")).collect()
}

fn root(directory: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)
}

#[test]
fn every_file_is_part_of_the_table() {
    let listed = fs_err::read_to_string(root("src/clauses/embedded.rs")).unwrap();
    for file in files("clauses", "toml") {
        let name = file.display().to_string();
        assert!(listed.contains(&format!("clauses/{name}.toml")), "{name} is not in embedded.rs");
    }
    assert!(!table().unwrap().clauses().is_empty());
}

#[test]
fn named_tests_exist() {
    let (table, existing) = (table().unwrap(), test_names());
    let unknown: Vec<_> = table
        .unknown_tests(&existing)
        .into_iter()
        .map(|(clause, test)| format!("{}: {test}", clause.id))
        .collect();
    assert!(unknown.is_empty(), "tests that don't exist:\n{}", unknown.join("\n"));
}

#[test]
fn tests_pin_clauses() {
    let table = table().unwrap();
    let named: BTreeSet<_> = table.clauses().iter().flat_map(|clause| &clause.tests).cloned().collect();
    let idle: Vec<_> = test_names().difference(&named).cloned().collect();
    assert!(idle.is_empty(), "tests that no clause names:\n{}", idle.join("\n"));
}

#[test]
fn clauses_have_tests_or_reasons() {
    let table = table().unwrap();
    let open: Vec<_> = table.uncovered().into_iter().map(|clause| clause.id.as_str()).collect();
    assert!(open.is_empty(), "{} of {} are open:\n{}", open.len(), table.clauses().len(), open.join("\n"));
}
