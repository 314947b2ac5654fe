use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use super::lay;

/// Makes files: a path that ends in `/` is a directory, a content that begins with `link:` makes a link.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            fs_err::create_dir_all(path).unwrap();
        } else if let Some(target) = content.strip_prefix("link:") {
            fs_err::os::unix::fs::symlink(target, path).unwrap();
        } else {
            fs_err::write(path, content).unwrap();
        }
    }
    root
}

/// All paths below a root with their contents, as [`tree`] takes them.
fn listed(root: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs_err::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_symlink() {
                let target = fs_err::read_link(&path).unwrap();
                found.push((name, format!("link:{}", target.display())));
            } else if path.is_dir() {
                found.push((name + "/", String::new()));
                open.push(path);
            } else {
                found.push((name, fs_err::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn laid(below: &[(&str, &str)], layer: &[(&str, &str)]) -> Vec<(String, String)> {
    let (below, layer) = (tree(below), tree(layer));
    lay(layer.path(), below.path()).unwrap();
    listed(below.path())
}

fn expected(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())).collect()
}

#[test]
fn files_are_added_and_replaced() {
    let below = [("a/kept", "1"), ("a/changed", "1"), ("file", "1"), ("link", "link:a")];
    let layer = [("a/changed", "2"), ("a/new", "2"), ("b/c/d", "2"), ("file", "link:a"), ("link", "2")];
    let all = [
        ("a/", ""),
        ("a/changed", "2"),
        ("a/kept", "1"),
        ("a/new", "2"),
        ("b/", ""),
        ("b/c/", ""),
        ("b/c/d", "2"),
        ("file", "link:a"),
        ("link", "2"),
    ];
    assert_eq!(laid(&below, &layer), expected(&all));
}

#[test]
fn files_and_directories_take_each_others_place() {
    let below = [("directory/a/b", "1"), ("file", "1")];
    let layer = [("directory", "2"), ("file/a", "2")];
    assert_eq!(laid(&below, &layer), expected(&[("directory", "2"), ("file/", ""), ("file/a", "2")]));
}

#[test]
fn whiteouts_remove_what_is_below() {
    let below =
        [("a/file", "1"), ("a/directory/x", "1"), ("a/link", "link:kept"), ("a/kept", "1"), ("b", "1")];
    let layer =
        [("a/.wh.file", ""), ("a/.wh.directory", ""), ("a/.wh.link", ""), (".wh.b", ""), (".wh.absent", "")];
    assert_eq!(laid(&below, &layer), expected(&[("a/", ""), ("a/kept", "1")]));
}

#[test]
fn whiteouts_spare_their_own_layer() {
    let below = [("a/old", "1"), ("a/again", "1"), ("b/old", "1")];
    let layer = [("a/.wh..wh..opq", ""), ("a/new", "2"), ("b/.wh.old", ""), ("b/old", "2")];
    assert_eq!(laid(&below, &layer), expected(&[("a/", ""), ("a/new", "2"), ("b/", ""), ("b/old", "2")]));
}

#[test]
fn whiteouts_never_show_up_nor_lead_out() {
    let outside = tree(&[("kept", "1"), ("root/file", "1")]);
    let layer = tree(&[
        (".wh...", ""),
        (".wh..", ""),
        (".wh.", ""),
        (".wh..wh.plnk", ""),
        (".wh..wh.aufs", ""),
        ("new/.wh.absent", ""),
        ("new/.wh..wh..opq", ""),
    ]);
    lay(layer.path(), &outside.path().join("root")).unwrap();
    let all = [("kept", "1"), ("root/", ""), ("root/file", "1"), ("root/new/", "")];
    assert_eq!(listed(outside.path()), expected(&all));
}

#[test]
fn links_are_replaced_rather_than_followed() {
    let outside = tree(&[("file", "1")]);
    let below = tree(&[]);
    fs_err::os::unix::fs::symlink(outside.path(), below.path().join("link")).unwrap();
    let layer = tree(&[("link/file", "2"), ("link/.wh.file", "")]);
    lay(layer.path(), below.path()).unwrap();
    assert_eq!(listed(outside.path()), expected(&[("file", "1")]));
    assert_eq!(listed(below.path()), expected(&[("link/", ""), ("link/file", "2")]));
}

#[test]
fn directories_get_the_mode_of_the_upper_layer() {
    let (below, layer) = (tree(&[("a/x", "1")]), tree(&[("a/y", "2")]));
    fs_err::set_permissions(layer.path().join("a"), PermissionsExt::from_mode(0o1750)).unwrap();
    lay(layer.path(), below.path()).unwrap();
    let mode = fs_err::metadata(below.path().join("a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o1750);
}
