//! Archives back to files.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use fs_err::os::unix::fs::symlink;
use layer::{ArchiveFault, Destination, ExtractError, LayerSource, Owner, extract, extract_verified};

use crate::handmade::{directory, extract_to, file, hard_link, link, own};
use crate::support::{bound_by_modes, compressors, is_root, mixed_bytes};

fn mode(path: &Path) -> u32 {
    fs_err::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn read(path: &Path) -> String {
    fs_err::read_to_string(path).unwrap()
}

/// A path, its mode, its owner, and its contents or target.
type Listed = (Vec<u8>, u32, u32, u32, Vec<u8>);

/// What a tree holds.
fn listing(root: &Path) -> Vec<Listed> {
    let mut open = vec![root.to_owned()];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        let metadata = fs_err::symlink_metadata(&path).unwrap();
        let contents = if metadata.is_dir() {
            open.extend(fs_err::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            Vec::new()
        } else if metadata.is_symlink() {
            fs_err::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
        } else {
            assert!(!metadata.file_type().is_fifo());
            fs_err::read(&path).unwrap()
        };
        let name = path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec();
        found.push((name, metadata.mode(), metadata.uid(), metadata.gid(), contents));
    }
    found.sort();
    found
}

/// Fills a directory with files, links and names of all sorts.
fn fill(layer: &Path) {
    let set =
        |path: &Path, mode| fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let long = "n".repeat(200);
    for name in ["d", "d/e", "closed", "sticky", &long, &format!("{long}/{long}")] {
        fs_err::create_dir(layer.join(name)).unwrap();
        set(&layer.join(name), 0o755);
    }
    for name in
        [b"f".as_slice(), b"d/e/g", b"closed/in", b"\xff\xfe", b"line\nbreak", b"\xc3\xbc\n\xff", b"suid"]
    {
        fs_err::write(layer.join(OsStr::from_bytes(name)), name).unwrap();
        set(&layer.join(OsStr::from_bytes(name)), 0o644);
    }
    fs_err::write(layer.join(&long).join(&long).join(&long), "deep").unwrap();
    fs_err::write(layer.join("large"), mixed_bytes(3_000_001)).unwrap();
    set(&layer.join("suid"), 0o4755);
    set(&layer.join("f"), 0o666);
    set(&layer.join("sticky"), 0o3777);
    set(&layer.join("closed"), 0o500);
    symlink("d", layer.join("to-directory")).unwrap();
    symlink("/no/where", layer.join("dangling")).unwrap();
    symlink(&long, layer.join("to-long")).unwrap();
}

#[test]
fn layers_come_back_as_they_were() {
    let top = tempfile::tempdir().unwrap();
    let layers = top.path().join("layers");
    let layer = layers.join("bp/layer");
    fs_err::create_dir_all(&layer).unwrap();
    fill(&layer);
    let before = listing(&layer);
    let source = LayerSource::directory("l", &layer, own());
    let (mut plain, mut compressed) = (Vec::new(), Vec::new());
    let summary = source.write(&mut compressed, Some(&mut plain), compressors(2)).unwrap();
    for archive in [plain, compressed] {
        fs_err::set_permissions(layer.join("closed"), std::fs::Permissions::from_mode(0o700)).unwrap();
        fs_err::remove_dir_all(&layers).unwrap();
        bound_by_modes(|| {
            extract_verified(&archive[..], &summary.diff_id, &Destination::below(&layers)).unwrap();
        });
        assert!(listing(&layer) == before);
    }
}

#[test]
fn owners_are_restored_by_root() {
    if !is_root() {
        return;
    }
    let top = tempfile::tempdir().unwrap();
    let layer = top.path().join("layers/l");
    fs_err::create_dir_all(&layer).unwrap();
    fill(&layer);
    let owner = Owner { uid: 3_000_000, gid: 12 };
    let mut archive = Vec::new();
    LayerSource::directory("l", &layer, owner).write_uncompressed(&mut archive).unwrap();
    fs_err::remove_dir_all(&layer).unwrap();
    extract(&archive[..], &Destination::below(top.path().join("layers"))).unwrap();
    assert!(listing(&layer).iter().all(|(_, _, uid, gid, _)| (*uid, *gid) == (3_000_000, 12)));
    assert_eq!(mode(&layer.join("suid")), 0o4755);
}

#[test]
fn files_lose_their_set_id_bits_where_a_destination_says_so() {
    let top = tempfile::tempdir().unwrap();
    let layer = top.path().join("layers/l");
    fs_err::create_dir_all(&layer).unwrap();
    fill(&layer);
    let mut archive = Vec::new();
    LayerSource::directory("l", &layer, own()).write_uncompressed(&mut archive).unwrap();
    fs_err::remove_dir_all(&layer).unwrap();
    extract(&archive[..], &Destination::below(top.path().join("layers")).without_set_ids()).unwrap();
    assert_eq!((mode(&layer.join("suid")), mode(&layer.join("f"))), (0o755, 0o666));
    assert_eq!(mode(&layer.join("sticky")), 0o3777);
}

#[test]
fn directories_that_exist_stay_as_they_are() {
    let root = tempfile::tempdir().unwrap();
    fs_err::create_dir_all(root.path().join("layers/bp")).unwrap();
    fs_err::set_permissions(root.path().join("layers/bp"), std::fs::Permissions::from_mode(0o711)).unwrap();
    fs_err::write(root.path().join("layers/bp/other"), "other").unwrap();
    let entries =
        [directory("/layers", 0o700), directory("/layers/bp", 0o777), directory("/layers/bp/l", 0o751)];
    extract_to(root.path(), &entries).unwrap();
    assert_eq!(mode(&root.path().join("layers/bp")), 0o711);
    assert_eq!(mode(&root.path().join("layers/bp/l")), 0o751);
    assert_eq!(read(&root.path().join("layers/bp/other")), "other");
}

#[test]
fn files_and_links_in_the_way_are_replaced_not_followed() {
    let root = tempfile::tempdir().unwrap();
    let layers = root.path().join("layers");
    fs_err::create_dir(&layers).unwrap();
    fs_err::write(root.path().join("outside"), "untouched").unwrap();
    fs_err::write(layers.join("file"), "a longer text").unwrap();
    for name in ["link", "link2", "link3"] {
        symlink("../outside", layers.join(name)).unwrap();
    }
    let entries = [
        file("/layers/file", "new"),
        file("/layers/link", "new"),
        link("/layers/link2", "file"),
        hard_link("/layers/link3", "/layers/file"),
        file("/layers/twice", "first"),
        file("/layers/twice", "2nd"),
    ];
    extract_to(root.path(), &entries).unwrap();
    assert_eq!(read(&root.path().join("outside")), "untouched");
    for (name, text) in [("file", "new"), ("link", "new"), ("link3", "new"), ("twice", "2nd")] {
        assert_eq!(read(&layers.join(name)), text);
        assert!(fs_err::symlink_metadata(layers.join(name)).unwrap().is_file());
    }
    assert_eq!(fs_err::read_link(layers.join("link2")).unwrap(), Path::new("file"));
    assert_eq!(fs_err::metadata(layers.join("file")).unwrap().nlink(), 2);
}

#[test]
fn missing_parents_are_made() {
    let root = tempfile::tempdir().unwrap();
    extract_to(root.path(), &[file("layers/a/b/c", "x"), file("./layers/a/d", "y"), file("layers/e", "z")])
        .unwrap();
    assert_eq!(read(&root.path().join("layers/a/b/c")), "x");
    assert_eq!(read(&root.path().join("layers/a/d")), "y");
    assert_eq!(read(&root.path().join("layers/e")), "z");
}

#[test]
fn the_permitted_directory_may_be_reached_through_a_link() {
    let root = tempfile::tempdir().unwrap();
    fs_err::create_dir(root.path().join("real")).unwrap();
    symlink("real", root.path().join("layers")).unwrap();
    extract_to(root.path(), &[directory("/layers", 0o755), file("/layers/f", "x")]).unwrap();
    assert_eq!(read(&root.path().join("real/f")), "x");
}

#[test]
fn what_cannot_be_made_is_named() {
    let root = tempfile::tempdir().unwrap();
    let layers = root.path().join("layers");
    for (entries, name) in [
        (vec![directory("/layers/d", 0o755), file("/layers/d", "")], "d".to_owned()),
        (vec![hard_link("/layers/h", "/layers/none")], "h".to_owned()),
        (vec![link("/layers/empty", "")], "empty".to_owned()),
    ] {
        let error = extract_to(root.path(), &entries).unwrap_err();
        let ExtractError::Unwritable { path, .. } = error else { panic!("{error:?}") };
        assert_eq!(path, layers.join(name));
    }
}

#[test]
fn damaged_layers_are_errors() {
    let top = tempfile::tempdir().unwrap();
    let layer = top.path().join("layers/l");
    fs_err::create_dir_all(&layer).unwrap();
    fs_err::write(layer.join("f"), mixed_bytes(2_000_000)).unwrap();
    let (mut plain, mut compressed) = (Vec::new(), Vec::new());
    let source = LayerSource::directory("l", &layer, own());
    let expected = source.write(&mut compressed, Some(&mut plain), compressors(2)).unwrap().diff_id;
    let restore = |layer: &[u8]| {
        let root = tempfile::tempdir().unwrap();
        extract_verified(layer, &expected, &Destination::in_root(root.path(), "/"))
    };
    restore(&plain).unwrap();
    restore(&compressed).unwrap();

    let mut flipped = plain.clone();
    flipped[1_000_000] ^= 1;
    assert!(matches!(restore(&flipped), Err(ExtractError::Mismatch { .. })));
    let appended = [&plain[..], b"x"].concat();
    assert!(matches!(restore(&appended), Err(ExtractError::Mismatch { .. })));
    for length in [0, 100, 1_000_000, plain.len() - 1024] {
        let error = restore(&plain[..length]).unwrap_err();
        assert!(matches!(error, ExtractError::Archive(ArchiveFault::Truncated)), "{length}: {error:?}");
    }
    for length in [11, 500_000, compressed.len() - 1] {
        let error = restore(&compressed[..length]).unwrap_err();
        assert!(matches!(error, ExtractError::Archive(ArchiveFault::Unreadable(_))), "{length}: {error:?}");
    }
    let mut flipped = compressed.clone();
    flipped[300_000] ^= 0xff;
    assert!(restore(&flipped).is_err());
    assert!(matches!(restore(b"\x28\xb5\x2f\xfd...."), Err(ExtractError::Compression(_))));
    assert!(matches!(restore(&[b'x'; 4096]), Err(ExtractError::Archive(ArchiveFault::Checksum(0)))));
}

#[test]
fn archives_are_read_to_their_end() {
    let root = tempfile::tempdir().unwrap();
    let mut compressed = Vec::new();
    let types = LayerSource::process_types("types", Vec::new());
    types.write(&mut compressed, None, compressors(1)).unwrap();
    let destination = Destination::in_root(root.path(), "/");
    extract(layer::decompress(&compressed[..]).unwrap(), &destination).unwrap();
    // Only behind the archive's end does gzip tell of the damage.
    let checksum = compressed.len() - 8;
    compressed[checksum] ^= 1;
    extract(layer::decompress(&compressed[..]).unwrap(), &destination).unwrap_err();
}
