use std::path::Path;

use fs_err::os::unix::fs::symlink;

use super::{SliceError, split};
use crate::header::Owner;

const OWNER: Owner = Owner { uid: 1000, gid: 1000 };

/// The app directory of the cases below.
fn app() -> tempfile::TempDir {
    let app = tempfile::tempdir().unwrap();
    for directory in ["some", "other/deep", "empty"] {
        fs_err::create_dir_all(app.path().join(directory)).unwrap();
    }
    for file in ["a.txt", "b.md", "some/c.txt", "some/d.md", "other/e.txt", "other/deep/f.txt"] {
        fs_err::write(app.path().join(file), file).unwrap();
    }
    symlink("other", app.path().join("link")).unwrap();
    app
}

/// The paths of each layer, relative to the app directory, which is `.`.
fn divided(app: &Path, slices: &[&[&str]]) -> Vec<Vec<String>> {
    let slices: Vec<Vec<String>> = slices
        .iter()
        .map(|patterns| patterns.iter().map(|pattern| (*pattern).to_owned()).collect())
        .collect();
    let layers = split(app, &slices, OWNER).unwrap();
    layers
        .iter()
        .map(|layer| {
            let mut archive = Vec::new();
            layer.write_uncompressed(&mut archive).unwrap();
            paths(&archive, app)
        })
        .collect()
}

fn paths(archive: &[u8], app: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let path = Path::new("/").join(entry.unwrap().path().unwrap());
        match path.strip_prefix(app) {
            Ok(below) if below.as_os_str().is_empty() => paths.push(".".to_owned()),
            Ok(below) => paths.push(below.to_str().unwrap().to_owned()),
            // What leads to the app directory.
            Err(_) => assert!(app.starts_with(path)),
        }
    }
    paths
}

#[test]
fn no_slices_make_one_layer() {
    let app = app();
    let all = [
        ".",
        "a.txt",
        "b.md",
        "empty",
        "link",
        "other",
        "other/deep",
        "other/deep/f.txt",
        "other/e.txt",
        "some",
        "some/c.txt",
        "some/d.md",
    ];
    assert_eq!(divided(app.path(), &[]), [all]);
    // One slice that gets nothing differs only in the empty layer.
    assert_eq!(divided(app.path(), &[&["nothing"]]), [vec![], all.to_vec()]);
}

#[test]
fn matched_paths_come_with_their_parents_and_the_rest_is_last() {
    let app = app();
    let layers = divided(app.path(), &[&["*.txt", "**/*.txt"], &["other"]]);
    assert_eq!(layers[0], [".", "a.txt", "other", "other/e.txt", "some", "some/c.txt"]);
    assert_eq!(layers[1], [".", "other", "other/deep", "other/deep/f.txt"]);
    assert_eq!(layers[2], [".", "b.md", "empty", "link", "some", "some/d.md"]);
    assert_eq!(layers.len(), 3);
}

#[test]
fn the_first_slice_that_matches_gets_a_path() {
    let app = app();
    let layers = divided(app.path(), &[&["other/deep"], &["other"], &["other"]]);
    assert_eq!(layers[0], [".", "other", "other/deep", "other/deep/f.txt"]);
    assert_eq!(layers[1], [".", "other", "other/e.txt"]);
    assert!(layers[2].is_empty());
}

#[test]
fn directories_whose_contents_are_taken_are_not_in_the_rest() {
    let app = app();
    let layers = divided(app.path(), &[&["some/*"], &["other/e.txt"], &["other/deep/*"]]);
    assert_eq!(layers[3], [".", "a.txt", "b.md", "empty", "link"]);
}

#[test]
fn a_slice_may_take_everything() {
    let app = app();
    let layers = divided(app.path(), &[&["*"]]);
    assert_eq!(layers[0].len(), 12);
    assert!(layers[1].is_empty());
}

#[test]
fn patterns_are_cleaned_and_stay_within_the_app() {
    let app = app();
    for pattern in ["some/", "./some", "some//", "other/../some"] {
        assert_eq!(
            divided(app.path(), &[&[pattern]])[0],
            [".", "some", "some/c.txt", "some/d.md"],
            "{pattern}"
        );
    }
    for pattern in ["../**/a.txt", "/a.txt", "", ".", "link/*", "**/f.txt"] {
        assert!(divided(app.path(), &[&[pattern]])[0].is_empty(), "{pattern}");
    }
}

#[test]
fn the_app_directory_is_no_pattern() {
    let parent = tempfile::tempdir().unwrap();
    let app = parent.path().join("di[r]");
    fs_err::create_dir(&app).unwrap();
    fs_err::write(app.join("file"), "").unwrap();
    assert_eq!(divided(&app, &[&["*"]])[0], [".", "file"]);
}

#[test]
fn a_layer_that_gets_nothing_is_an_empty_archive() {
    let app = app();
    let layers = split(app.path(), &[vec!["nothing".to_owned()]], OWNER).unwrap();
    let mut archive = Vec::new();
    layers[0].write_uncompressed(&mut archive).unwrap();
    assert_eq!(archive, [0; 1024]);
}

#[test]
fn a_bad_pattern_is_named() {
    let app = app();
    let slices = [vec!["a.txt".to_owned()], vec!["[".to_owned()]];
    let error = split(app.path(), &slices, OWNER).unwrap_err();
    assert_eq!(error.to_string(), "slice 2 in launch.toml has the malformed pattern '['");
}

#[test]
fn a_missing_app_directory_is_named() {
    let error = split(Path::new("/no/such/app"), &[vec!["*".to_owned()]], OWNER).unwrap_err();
    let SliceError::Unlisted(error) = error else { panic!("{error}") };
    assert_eq!(error.reason.to_string(), "cannot read '/no/such/app'");
}
