//! What a layer has after each kind of change.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use snapshot::{Root, SnapshotError};

use crate::support::{Roots, difference, entries, names, set_time, write};

fn base(root: &Path) {
    for file in ["etc/passwd", "etc/group", "etc/apt/sources", "opt/app/bin", "usr/a/b/c", "usr/a-b"] {
        write(&root.join(file), file);
    }
    fs_err::os::unix::fs::symlink("passwd", root.join("etc/link")).unwrap();
}

#[test]
fn nothing() {
    let mut roots = Roots::new(base);
    let layer = roots.step(|root| drop(fs_err::read(root.join("etc/passwd")).unwrap()));
    assert_eq!(layer, [0; 1024]);
}

#[test]
fn a_file_and_the_directories_that_lead_to_it() {
    let mut roots = Roots::new(base);
    assert_eq!(
        roots.names(|root| write(&root.join("usr/a/b/c"), "other")),
        ["usr", "usr/a", "usr/a/b", "usr/a/b/c"]
    );
    assert_eq!(roots.names(|root| write(&root.join("usr/new"), "")), ["usr", "usr/new"]);
    assert_eq!(roots.names(|root| write(&root.join("new"), "")), ["new"]);
}

#[test]
fn entries_come_in_the_order_of_paths() {
    let mut roots = Roots::new(base);
    let names = roots.names(|root| {
        for file in ["usr/a/b/c", "usr/a-b", "usr/a.b", "etc/z"] {
            write(&root.join(file), "other");
        }
        fs_err::remove_file(root.join("etc/group")).unwrap();
        fs_err::remove_file(root.join("etc/passwd")).unwrap();
    });
    let expected = [
        "etc",
        "etc/.wh.group",
        "etc/.wh.passwd",
        "etc/z",
        "usr",
        "usr/a",
        "usr/a/b",
        "usr/a/b/c",
        "usr/a-b",
        "usr/a.b",
    ];
    assert_eq!(names, expected);
}

#[test]
fn contents_whose_time_was_set_back() {
    let mut roots = Roots::new(base);
    roots.step(|root| set_time(&root.join("etc/group"), 1_000, 1));
    let names = roots.names(|root| {
        // The same size and the same time.
        write(&root.join("etc/group"), "etc/grouq");
        set_time(&root.join("etc/group"), 1_000, 1);
    });
    assert_eq!(names, ["etc", "etc/group"]);
}

#[test]
fn a_change_right_after_the_last_snapshot() {
    // Without a wait in between, the clock that files get their times from would not have moved.
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("file");
    let watched = Root::new(root.path(), &[]);
    let mut before = watched.state().unwrap();
    for round in 0..50 {
        fs_err::write(&path, (round % 10).to_string()).unwrap();
        set_time(&path, 1_000, 0);
        let difference = watched.difference(&before, std::io::sink()).unwrap();
        assert_eq!(difference.entries, 1, "{round}");
        before = difference.after;
    }
}

#[test]
fn modes_and_times() {
    let mut roots = Roots::new(base);
    let mode = |mode| PermissionsExt::from_mode(mode);
    let path = "usr/a-b";
    assert_eq!(
        roots.names(|root| fs_err::set_permissions(root.join(path), mode(0o4711)).unwrap()),
        ["usr", path]
    );
    assert_eq!(roots.names(|root| set_time(&root.join(path), -5, 7)), ["usr", path]);
    assert_eq!(roots.names(|root| set_time(&root.join("etc/link"), 5, 0)), ["etc", "etc/link"]);
    assert_eq!(roots.names(|root| fs_err::set_permissions(root.join("etc"), mode(0o1777)).unwrap()), ["etc"]);
    assert_eq!(roots.names(|root| set_time(&root.join("etc"), 123, 456)), ["etc"]);
}

#[test]
fn what_was_removed() {
    let mut roots = Roots::new(base);
    assert_eq!(
        roots.names(|root| fs_err::remove_file(root.join("etc/group")).unwrap()),
        ["etc", "etc/.wh.group"]
    );
    // Of directories, the topmost alone.
    assert_eq!(roots.names(|root| fs_err::remove_dir_all(root.join("usr/a")).unwrap()), ["usr", "usr/.wh.a"]);
    assert_eq!(roots.names(|root| fs_err::remove_dir_all(root.join("opt")).unwrap()), [".wh.opt"]);
}

#[test]
fn files_in_place_of_directories_and_the_reverse() {
    let mut roots = Roots::new(base);
    let names = roots.names(|root| {
        fs_err::remove_dir_all(root.join("usr/a")).unwrap();
        write(&root.join("usr/a"), "file");
        fs_err::remove_file(root.join("usr/a-b")).unwrap();
        write(&root.join("usr/a-b/c"), "below");
        fs_err::remove_dir_all(root.join("opt")).unwrap();
        fs_err::os::unix::fs::symlink("usr", root.join("opt")).unwrap();
        fs_err::remove_file(root.join("etc/link")).unwrap();
        fs_err::create_dir(root.join("etc/link")).unwrap();
    });
    assert_eq!(names, ["etc", "etc/link", "opt", "usr", "usr/a", "usr/a-b", "usr/a-b/c"]);
}

#[test]
fn a_directory_that_was_made_again() {
    let mut roots = Roots::new(|root| {
        base(root);
        write(&root.join("usr/a/x/y"), "");
    });
    let names = roots.names(|root| {
        fs_err::rename(root.join("usr/a"), root.join("usr/old")).unwrap();
        write(&root.join("usr/a/b/c"), "other");
        fs_err::remove_dir_all(root.join("usr/old")).unwrap();
    });
    assert_eq!(names, ["usr", "usr/a", "usr/a/.wh..wh..opq", "usr/a/b", "usr/a/b/c"]);
}

#[test]
fn names_that_need_more_than_a_plain_header() {
    use std::os::unix::ffi::OsStrExt;
    let mut roots = Roots::new(base);
    let long = "n".repeat(200);
    let layer = roots.step(|root| {
        write(&root.join(&long).join(&long).join("x"), "deep");
        for name in [&b"\xff\xfe"[..], b"new\nline", b"  ", b"\xc3\xa4", b"a=b", b"-x", b"back\\slash", b"*"]
        {
            write(&root.join(std::ffi::OsStr::from_bytes(name)), name);
        }
        fs_err::os::unix::fs::symlink(&long, root.join("long link")).unwrap();
        fs_err::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(b"\xff"), root.join("odd link")).unwrap();
    });
    assert_eq!(names(&layer).len(), 13);
}

#[test]
fn names_of_whiteouts_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let watched = Root::new(root.path(), &[]);
    let before = watched.state().unwrap();
    write(&root.path().join("d/.wh.x"), "");
    let error = difference(&watched, &before).unwrap_err();
    assert!(matches!(&error, SnapshotError::WhiteoutName(path) if path.ends_with("d/.wh.x")), "{error}");
}

#[test]
fn sockets_are_left_out() {
    let mut roots = Roots::new(base);
    let root = roots.one.path().to_owned();
    let _listener = std::os::unix::net::UnixListener::bind(root.join("etc/socket")).unwrap();
    let watched = Root::new(&root, &[]);
    let before = watched.state().unwrap();
    write(&root.join("etc/new"), "");
    assert_eq!(names(&difference(&watched, &before).unwrap()), ["etc", "etc/new"]);
    fs_err::remove_file(root.join("etc/socket")).unwrap();
    roots.step(|_| {});
}

#[test]
fn fifos() {
    let mut roots = Roots::new(base);
    let layer = roots.step(|root| {
        mknodat(CWD, root.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o620), 0).unwrap();
    });
    assert_eq!(entries(&layer)[0].kind, tar::EntryType::Fifo);
}

#[test]
fn the_same_difference_gives_the_same_bytes() {
    let layers = [(), ()].map(|()| {
        let mut roots = Roots::new(base);
        roots.step(|root| {
            fs_err::remove_file(root.join("etc/group")).unwrap();
            write(&root.join("z"), "z");
            write(&root.join("etc/z"), "z");
            for path in ["z", "etc/z", "etc"] {
                set_time(&root.join(path), 1_700_000_000, 5);
            }
        })
    });
    assert_eq!(layers[0], layers[1]);
}
