//! What is in the archive of each sort of layer.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::support::{OWNER, compressors, entries, is_root, mixed_bytes, parents_of};
use fs_err::os::unix::fs::symlink;
use layer::{LayerSource, Owner, ProcessType};
use rustix::fs::{CWD, FileType, Mode};
use tar::EntryType;

/// A layer with one of everything that can be made without being root.
fn odd_layer() -> tempfile::TempDir {
    let parent = tempfile::tempdir().unwrap();
    let layer = parent.path().join("layer");
    let mode = |path: &str, mode| {
        fs_err::set_permissions(layer.join(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    fs_err::create_dir(&layer).unwrap();
    mode("", 0o755);
    for (directory, bits) in [("d", 0o750), ("sticky", 0o1777), ("setgid", 0o2775)] {
        fs_err::create_dir(layer.join(directory)).unwrap();
        mode(directory, bits);
    }
    for (file, contents, bits) in
        [("d/f", "text", 0o640), ("suid", "x", 0o4755), ("empty", "", 0o444), ("d-f", "", 0o777)]
    {
        fs_err::write(layer.join(file), contents).unwrap();
        mode(file, bits);
    }
    fs_err::hard_link(layer.join("d/f"), layer.join("hard")).unwrap();
    symlink("/no/where", layer.join("dangling")).unwrap();
    symlink("d/", layer.join("to-directory")).unwrap();
    rustix::fs::mknodat(CWD, layer.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    mode("pipe", 0o600);
    // A path of the directory itself could be too long for a socket.
    UnixListener::bind(layer.join("s")).unwrap();
    parent
}

#[test]
fn a_directory_layer_holds_every_kind_of_entry_but_sockets() {
    let parent = odd_layer();
    let layer = parent.path().join("layer");
    let found = entries(&LayerSource::directory("odd", &layer, OWNER));
    let leading = parents_of(&layer).len();
    let below: Vec<_> = found[leading..]
        .iter()
        .map(|entry| {
            let path = entry.path.strip_prefix(layer.to_str().unwrap()).unwrap().trim_start_matches('/');
            (path, entry.kind, entry.mode, entry.target.as_str(), entry.contents.as_slice())
        })
        .collect();
    let (directory, file, link) = (EntryType::Directory, EntryType::Regular, EntryType::Symlink);
    assert_eq!(
        below,
        [
            ("", directory, 0o755, "", &b""[..]),
            ("d", directory, 0o750, "", b""),
            ("d/f", file, 0o640, "", b"text"),
            ("d-f", file, 0o777, "", b""),
            ("dangling", link, 0o777, "/no/where", b""),
            ("empty", file, 0o444, "", b""),
            ("hard", file, 0o640, "", b"text"),
            ("pipe", EntryType::Fifo, 0o600, "", b""),
            ("setgid", directory, 0o2775, "", b""),
            ("sticky", directory, 0o1777, "", b""),
            ("suid", file, 0o4755, "", b"x"),
            ("to-directory", link, 0o777, "d/", b""),
        ]
    );
    assert!(found[leading..].iter().all(|entry| entry.owner == (1234, 4321)));
}

#[test]
fn parents_keep_their_owners_and_modes() {
    let top = tempfile::tempdir().unwrap();
    let layer = top.path().join("bp/layer");
    fs_err::create_dir_all(&layer).unwrap();
    fs_err::set_permissions(top.path().join("bp"), std::fs::Permissions::from_mode(0o2701)).unwrap();
    if is_root() {
        fs_err::os::unix::fs::chown(top.path().join("bp"), Some(7), Some(8)).unwrap();
        fs_err::set_permissions(top.path().join("bp"), std::fs::Permissions::from_mode(0o2701)).unwrap();
    }
    let found = entries(&LayerSource::directory("l", &layer, OWNER));
    let parents = parents_of(&layer);
    assert_eq!(found.len(), parents.len() + 1);
    for (entry, parent) in found.iter().zip(&parents) {
        let metadata = fs_err::metadata(parent).unwrap();
        assert_eq!(entry.path, *parent);
        assert_eq!(entry.owner, (metadata.uid().into(), metadata.gid().into()), "{parent}");
        assert_eq!(entry.mode, metadata.mode() & 0o7777, "{parent}");
    }
    if is_root() {
        assert_eq!(found[parents.len() - 1].owner, (7, 8));
        assert_eq!(found[parents.len() - 1].mode, 0o2701);
    }
}

#[test]
fn devices_are_entries() {
    if !is_root() {
        return;
    }
    let layer = tempfile::tempdir().unwrap();
    let device = rustix::fs::makedev(5, 300);
    let mode = Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(CWD, layer.path().join("dev"), FileType::CharacterDevice, mode, device).unwrap();
    let found = entries(&LayerSource::directory("l", layer.path(), OWNER));
    assert_eq!(found.last().unwrap().kind, EntryType::Char);
}

#[test]
fn surplus_slashes_and_dots_make_no_difference() {
    let layer = tempfile::tempdir().unwrap();
    let plain = LayerSource::directory("l", layer.path(), OWNER).diff_id().unwrap();
    let name = layer.path().file_name().unwrap();
    for path in [layer.path().join(""), layer.path().join("."), layer.path().join("..").join(name)] {
        assert_eq!(LayerSource::directory("l", &path, OWNER).diff_id().unwrap(), plain, "{}", path.display());
    }
}

#[test]
fn names_need_not_be_utf_8() {
    let layer = tempfile::tempdir().unwrap();
    fs_err::write(layer.path().join(std::ffi::OsStr::from_bytes(b"a\xff\nb")), "1").unwrap();
    let mut archive = Vec::new();
    LayerSource::app("l", layer.path(), OWNER).write_uncompressed(&mut archive).unwrap();
    let record = [layer.path().as_os_str().as_bytes(), b"/a\xff\nb\n"].concat();
    assert!(archive.windows(record.len()).any(|window| window == record));
}

#[test]
fn the_launcher_layer_is_the_same_wherever_the_launcher_comes_from() {
    let directory = tempfile::tempdir().unwrap();
    let launcher = directory.path().join("some-name");
    fs_err::write(&launcher, "launcher").unwrap();
    let found = entries(&LayerSource::launcher("launcher", &launcher));
    let facts: Vec<_> =
        found.iter().map(|entry| (entry.path.as_str(), entry.kind, entry.mode, entry.owner)).collect();
    let directory = EntryType::Directory;
    assert_eq!(
        facts,
        [
            ("/cnb", directory, 0o755, (0, 0)),
            ("/cnb/lifecycle", directory, 0o755, (0, 0)),
            ("/cnb/lifecycle/launcher", EntryType::Regular, 0o755, (0, 0)),
        ]
    );
    assert_eq!(found[2].contents, b"launcher");
}

#[test]
fn process_types_are_links_to_the_launcher() {
    let types = |types: &[&str]| types.iter().map(|text| ProcessType::new(text).unwrap()).collect();
    let found = entries(&LayerSource::process_types("types", types(&["web", "a task"])));
    let facts: Vec<_> =
        found.iter().map(|entry| (entry.path.as_str(), entry.mode, entry.target.as_str())).collect();
    assert_eq!(
        facts,
        [
            ("/cnb", 0o755, ""),
            ("/cnb/process", 0o755, ""),
            ("/cnb/process/web", 0o755, "/cnb/lifecycle/launcher"),
            ("/cnb/process/a task", 0o755, "/cnb/lifecycle/launcher"),
        ]
    );
    // As the Go lifecycle 0.21.17 makes it.
    assert_eq!(
        LayerSource::process_types("types", types(&["web"])).diff_id().unwrap().to_string(),
        "sha256:83d85471d9f8a3834b4e27cf701e3f0aef220cc816d9c173c7d32cd73909a590"
    );
}

#[test]
fn the_three_ways_to_a_diff_id_agree() {
    let directory = tempfile::tempdir().unwrap();
    fs_err::write(directory.path().join("large"), mixed_bytes(3_000_001)).unwrap();
    for size in [0, 1, 511, 512, 513, 512 * 1024 - 512, 512 * 1024, 512 * 1024 + 1] {
        fs_err::write(directory.path().join(size.to_string()), mixed_bytes(size)).unwrap();
    }
    let source = LayerSource::directory("l", directory.path(), OWNER);
    let (mut archive, mut compressed, mut copy) = (Vec::new(), Vec::new(), Vec::new());
    let plain = source.write_uncompressed(&mut archive).unwrap();
    let layer = source.write(&mut compressed, Some(&mut copy), compressors(2)).unwrap();
    assert!(copy == archive);
    assert_eq!(plain.diff_id, source.diff_id().unwrap());
    assert_eq!(plain.diff_id, layer.diff_id);
    assert_eq!((plain.size, layer.uncompressed_size), (archive.len() as u64, archive.len() as u64));
    assert_eq!(layer.compressed_size, compressed.len() as u64);
    assert!(archive.ends_with(&[0; 1024]));
}

#[test]
fn owners_of_any_size_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let owner = Owner { uid: 4_294_967_294, gid: 2_097_152 };
    let found = entries(&LayerSource::directory("l", directory.path(), owner));
    assert_eq!(found.last().unwrap().owner, (4_294_967_294, 2_097_152));
}

#[test]
fn a_link_among_the_parents_is_archived_as_a_directory() {
    let top = tempfile::tempdir().unwrap();
    fs_err::create_dir_all(top.path().join("real/layer")).unwrap();
    symlink("real", top.path().join("link")).unwrap();
    let layer = top.path().join("link/layer");
    let found = entries(&LayerSource::directory("l", &layer, OWNER));
    let [.., parent, last] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((Path::new(&parent.path), parent.kind), (layer.parent().unwrap(), EntryType::Directory));
    assert_eq!(Path::new(&last.path), layer);
}
