//! Layers that change, vanish or can't be read or written while they are archived.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{OWNER, bound_by_modes, compressors};
use layer::{ArchiveError, BestEffort, LayerError, LayerSource};

/// More than all queues can hold: when the first block is out, the end of such a file was not read yet.
const LARGE: usize = 16 * 1024 * 1024;

/// Does something when the first block arrives.
struct AtFirstBlock<F>(Option<F>);

impl<F: FnOnce()> Write for AtFirstBlock<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(action) = self.0.take() {
            action();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes some bytes, then has no more room.
#[derive(Debug)]
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn large_layer() -> tempfile::TempDir {
    let layer = tempfile::tempdir().unwrap();
    fs_err::write(layer.path().join("a"), vec![b'a'; LARGE]).unwrap();
    fs_err::create_dir(layer.path().join("b")).unwrap();
    fs_err::write(layer.path().join("b/c"), "c").unwrap();
    fs_err::write(layer.path().join("d"), "d").unwrap();
    layer
}

/// Archives a layer to which something happens while its first file is read.
fn archive_while(layer: &Path, action: impl FnOnce() + Send) -> LayerError {
    let source = LayerSource::directory("acme/web:deps", layer, OWNER);
    source.write(&mut io::sink(), Some(&mut AtFirstBlock(Some(action))), compressors(2)).unwrap_err()
}

#[test]
fn a_file_that_grows() {
    let layer = large_layer();
    let file = layer.path().join("a");
    let error = archive_while(layer.path(), || {
        fs_err::OpenOptions::new().append(true).open(&file).unwrap().write_all(b"more").unwrap();
    });
    assert_eq!(error.to_string(), "failed to archive layer 'acme/web:deps'");
    let ArchiveError::Grew { path, size } = error.reason else { panic!("{error:?}") };
    assert_eq!((path, size), (file, LARGE as u64));
}

#[test]
fn a_file_that_shrinks() {
    let layer = large_layer();
    let file = layer.path().join("a");
    let shorter = LARGE as u64 - 1;
    let error = archive_while(layer.path(), || {
        fs_err::OpenOptions::new().write(true).open(&file).unwrap().set_len(shorter).unwrap();
    });
    let ArchiveError::Shrank { path, size, found } = error.reason else { panic!("{error:?}") };
    assert_eq!((path, size, found), (file, LARGE as u64, shorter));
}

#[test]
fn a_file_that_vanishes() {
    let layer = large_layer();
    let file = layer.path().join("d");
    let error = archive_while(layer.path(), || fs_err::remove_file(&file).unwrap());
    let ArchiveError::Vanished(path) = error.reason else { panic!("{error:?}") };
    assert_eq!(path, file);
}

#[test]
fn a_directory_that_vanishes() {
    let layer = large_layer();
    let error = archive_while(layer.path(), || fs_err::remove_dir_all(layer.path().join("b")).unwrap());
    let ArchiveError::Vanished(path) = error.reason else { panic!("{error:?}") };
    assert_eq!(path, layer.path().join("b"));
}

#[test]
fn a_directory_that_becomes_a_link_is_not_followed() {
    let layer = large_layer();
    let directory = layer.path().join("b");
    let elsewhere = tempfile::tempdir().unwrap();
    fs_err::write(elsewhere.path().join("secret"), "secret").unwrap();
    let error = archive_while(layer.path(), || {
        fs_err::remove_dir_all(&directory).unwrap();
        fs_err::os::unix::fs::symlink(elsewhere.path(), &directory).unwrap();
    });
    assert!(matches!(error.reason, ArchiveError::Vanished(path) if path == directory));
}

#[test]
fn a_directory_that_was_never_there() {
    let source = LayerSource::directory("l", Path::new("/no/such/layer"), OWNER);
    for error in [source.diff_id().unwrap_err(), source.write_uncompressed(&mut io::sink()).unwrap_err()] {
        assert_eq!(error.reason.to_string(), "cannot read '/no'");
    }
    let top = tempfile::tempdir().unwrap();
    let missing = top.path().join("layer");
    let error = LayerSource::app("l", &missing, OWNER).diff_id().unwrap_err();
    assert!(matches!(error.reason, ArchiveError::Unreadable { path, .. } if path == missing));
}

#[test]
fn a_relative_path_is_refused() {
    let error = LayerSource::directory("l", Path::new("some/layer"), OWNER).diff_id().unwrap_err();
    assert_eq!(error.reason.to_string(), "'some/layer' is not an absolute path");
}

#[test]
fn what_may_not_be_read() {
    for unreadable in ["b", "d"] {
        let layer = large_layer();
        let path = layer.path().join(unreadable);
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
        bound_by_modes(|| {
            let error = LayerSource::directory("l", layer.path(), OWNER).diff_id().unwrap_err();
            let ArchiveError::Unreadable { path: found, source } = error.reason else { panic!("{error:?}") };
            assert_eq!((found, source.kind()), (path.clone(), io::ErrorKind::PermissionDenied));
        });
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn a_launcher_that_is_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let error = LayerSource::launcher("launcher", directory.path()).diff_id().unwrap_err();
    assert!(matches!(error.reason, ArchiveError::NotAFile(_)));
    let error = LayerSource::launcher("launcher", &directory.path().join("none")).diff_id().unwrap_err();
    assert!(matches!(error.reason, ArchiveError::Unreadable { .. }));
}

#[test]
fn a_full_disk_for_the_compressed_layer() {
    let layer = large_layer();
    let source = LayerSource::directory("l", layer.path(), OWNER);
    for room in [0, 100, 4096] {
        for count in [1, 2, 4] {
            let error = source.write(&mut Full(room), Some(&mut io::sink()), compressors(count)).unwrap_err();
            let ArchiveError::Compressed(source) = error.reason else { panic!("{error:?}") };
            assert_eq!(source.kind(), io::ErrorKind::StorageFull);
        }
    }
}

#[test]
fn a_full_disk_for_the_uncompressed_layer() {
    let layer = large_layer();
    let source = LayerSource::directory("l", layer.path(), OWNER);
    let failures = [
        source.write(&mut io::sink(), Some(&mut Full(3_000_000)), compressors(2)).unwrap_err(),
        source.write_uncompressed(&mut Full(3_000_000)).unwrap_err(),
    ];
    for error in failures {
        assert!(matches!(error.reason, ArchiveError::Uncompressed(_)), "{error:?}");
    }
}

#[test]
fn a_full_cache_need_not_fail_the_image() {
    let layer = large_layer();
    let source = LayerSource::directory("l", layer.path(), OWNER);
    let mut cache = BestEffort::new(Full(3_000_000));
    let summary = source.write(&mut io::sink(), Some(&mut cache), compressors(2)).unwrap();
    assert_eq!(summary.diff_id, source.diff_id().unwrap());
    assert_eq!(cache.into_result().unwrap_err().kind(), io::ErrorKind::StorageFull);
}

#[test]
fn a_failed_layer_is_never_a_complete_one() {
    let layer = large_layer();
    let mut compressed = Vec::new();
    let mut remove = AtFirstBlock(Some(|| fs_err::remove_file(layer.path().join("d")).unwrap()));
    let source = LayerSource::directory("l", layer.path(), OWNER);
    source.write(&mut compressed, Some(&mut remove), compressors(2)).unwrap_err();
    let mut inflated = layer::decompress(&compressed[..]).unwrap();
    let error = io::copy(&mut inflated, &mut io::sink()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}
