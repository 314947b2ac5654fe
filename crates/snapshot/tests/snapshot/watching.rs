//! What is watched and what isn't.

use std::path::PathBuf;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use snapshot::{Root, SnapshotError};

use crate::support::{difference, is_root_or_says_so, names, write};

#[test]
fn ignored_paths_are_neither_new_nor_gone() {
    let root = tempfile::tempdir().unwrap();
    let ignored = ["/layers", "/etc/mtab", "/absent", "/run/"].map(PathBuf::from);
    let watched = Root::new(root.path(), &ignored);
    for file in ["layers/a/b", "etc/mtab", "etc/passwd", "run/x", "layers2/y"] {
        write(&root.path().join(file), "");
    }
    let before = watched.state().unwrap();
    for file in ["layers/a/new", "layers/a/b", "etc/mtab", "absent/x", "layers2/z"] {
        write(&root.path().join(file), "changed");
    }
    fs_err::remove_dir_all(root.path().join("run")).unwrap();
    let layer = difference(&watched, &before).unwrap();
    assert_eq!(names(&layer), ["layers2", "layers2/z"]);
}

#[test]
fn a_path_that_is_ignored_later_is_not_gone() {
    let root = tempfile::tempdir().unwrap();
    write(&root.path().join("d/e/file"), "");
    let all = Root::new(root.path(), &[]);
    let less = Root::new(root.path(), &["/d/e".into()]);
    assert_eq!(difference(&less, &all.state().unwrap()).unwrap(), [0; 1024]);
    assert_eq!(difference(&all, &less.state().unwrap()).unwrap(), [0; 1024]);
}

#[test]
fn mount_points_are_left_alone() {
    if !is_root_or_says_so("mounts") {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let point = root.path().join("a mount");
    write(&point.join("hidden"), "");
    let watched = Root::new(root.path(), &[]);
    let before = watched.state().unwrap();
    if mount("none", &point, "tmpfs", MountFlags::empty(), None).is_err() {
        is_root_or_says_so("mounts, which this root may not make");
        return;
    }
    write(&point.join("in the mount"), "");
    let mounted = watched.state().unwrap();
    let layer = difference(&watched, &before);
    unmount(&point, UnmountFlags::DETACH).unwrap();
    assert_eq!(layer.unwrap(), [0; 1024]);
    assert_eq!(difference(&watched, &mounted).unwrap(), [0; 1024]);
}

#[test]
fn a_root_that_is_not_there() {
    let root = tempfile::tempdir().unwrap();
    write(&root.path().join("file"), "");
    for name in ["absent", "file"] {
        let error = Root::new(&root.path().join(name), &[]).state().unwrap_err();
        assert!(matches!(&error, SnapshotError::Unreadable { path, .. } if path.ends_with(name)), "{error}");
    }
}

#[test]
fn what_may_not_be_written() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let root = tempfile::tempdir().unwrap();
    let watched = Root::new(root.path(), &[]);
    let before = watched.state().unwrap();
    write(&root.path().join("file"), "");
    assert!(matches!(watched.difference(&before, Full), Err(SnapshotError::Archive(_))));
}
