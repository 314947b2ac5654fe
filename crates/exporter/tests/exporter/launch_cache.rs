//! The launch cache beside a container engine.

use std::path::{Path, PathBuf};

use test_kit::sha256;

use crate::daemon::Daemon;
use crate::support::outcome;

struct WithCache {
    daemon: Daemon,
    cache: PathBuf,
}

impl WithCache {
    /// An image was exported, the cache was filled, and the analyzer has found the image.
    fn new(name: &str) -> Option<Self> {
        let daemon = Daemon::new(name)?;
        let cache = daemon.build.path("launch-cache");
        fs_err::create_dir(&cache).unwrap();
        let this = Self { daemon, cache };
        this.export();
        this.daemon.analyzed(Some(&this.daemon.image));
        Some(this)
    }

    /// Exports; what was said, warnings too.
    #[track_caller]
    fn export(&self) -> String {
        let outcome = self.daemon.export(&["-launch-cache", self.cache.to_str().unwrap()]).succeeded();
        outcome.stdout + &outcome.stderr
    }

    /// Layer `runtime` is only in the image from now on, and lies on a layer that changes.
    fn without_runtime(&self) {
        fs_err::remove_dir_all(self.daemon.build.path("layers/acme_web/runtime")).unwrap();
        self.daemon.build.layer("deps", "launch = true", "deps 2");
    }

    fn committed(&self) -> Vec<PathBuf> {
        let committed = fs_err::read_dir(self.cache.join("committed")).unwrap();
        let mut files: Vec<PathBuf> = committed.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    /// The file of layer `runtime`.
    fn runtime(&self) -> PathBuf {
        let holds =
            |path: &PathBuf| String::from_utf8_lossy(&fs_err::read(path).unwrap()).contains("runtime 1");
        self.committed().into_iter().find(holds).unwrap()
    }

    /// The image has all layers, and the cache has them as well, whole.
    #[track_caller]
    fn assert_whole(&self) {
        let layers = self.daemon.engine.inspect(&self.daemon.image, "{{join .RootFS.Layers \"\\n\"}}");
        let mut expected: Vec<&str> = layers.lines().skip(1).collect();
        expected.sort_unstable();
        let files = self.committed();
        let names: Vec<_> = files.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, expected.iter().map(|layer| format!("{layer}.tar")).collect::<Vec<_>>());
        for (path, expected) in files.iter().zip(expected) {
            assert_eq!(sha256(&fs_err::read(path).unwrap()), expected);
        }
        assert_eq!(fs_err::read_dir(&self.cache).unwrap().count(), 1);
    }
}

#[test]
fn layers_that_are_cached_are_not_fetched() {
    let Some(cached) = WithCache::new("launch-cached") else { return };
    cached.assert_whole();
    cached.without_runtime();
    let text = cached.export();
    assert!(!text.contains("WARNING") && text.contains("Reusing layer 'acme/web:runtime'"), "{text}");
    assert_eq!(cached.daemon.recorder.count("/get"), 0);
    assert!(cached.daemon.engine.docker(&["save", &cached.daemon.image]).contains("runtime 1"));
    cached.assert_whole();
}

#[test]
fn an_unchanged_image_leaves_the_cache_as_it_is() {
    let Some(cached) = WithCache::new("launch-unchanged") else { return };
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs_err::metadata(path).unwrap());
    let before = inode(&cached.runtime());
    cached.export();
    assert_eq!(inode(&cached.runtime()), before, "it is not written again");
    assert!(cached.daemon.recorder.sent() < 50_000, "{}", cached.daemon.recorder.sent());
    // What the cache lacks, and the engine has, is made from disk.
    fs_err::remove_file(cached.runtime()).unwrap();
    cached.export();
    cached.assert_whole();
}

#[test]
fn damaged_layers_are_fetched_and_replaced() {
    let Some(cached) = WithCache::new("launch-damaged") else { return };
    let path = cached.runtime();
    let bytes = fs_err::read(&path).unwrap();
    // Half-written, while the layer is on disk still.
    fs_err::write(&path, &bytes[..700]).unwrap();
    cached.export();
    cached.assert_whole();
    // As long as before, when it is needed.
    cached.without_runtime();
    fs_err::remove_file(&path).unwrap();
    fs_err::write(&path, vec![0; bytes.len()]).unwrap();
    let text = cached.export();
    assert!(text.contains("is damaged") && text.contains(&sha256(&bytes)), "{text}");
    assert_eq!(cached.daemon.recorder.count("/get"), 1);
    assert!(cached.daemon.engine.docker(&["save", &cached.daemon.image]).contains("runtime 1"));
    // What was fetched is kept for the next time.
    cached.assert_whole();
}

#[test]
fn a_cache_that_a_killed_process_left_is_put_in_order() {
    let Some(cached) = WithCache::new("launch-killed") else { return };
    fs_err::rename(cached.cache.join("committed"), cached.cache.join("committed-backup")).unwrap();
    fs_err::create_dir(cached.cache.join("staging")).unwrap();
    fs_err::write(cached.cache.join("staging/sha256:00.tar"), "half").unwrap();
    cached.without_runtime();
    cached.export();
    assert_eq!(cached.daemon.recorder.count("/get"), 0);
    cached.assert_whole();
}

#[test]
fn an_export_that_fails_leaves_the_cache() {
    let Some(cached) = WithCache::new("launch-failed") else { return };
    let before = cached.committed();
    cached.daemon.build.layer("deps", "launch = true", "deps 2");
    // Found out when the layers are there already.
    let cache = cached.cache.to_str().unwrap();
    let mut command = cached.daemon.command(&["-launch-cache", cache, "-process-type", "no-such"]);
    outcome(command.arg(&cached.daemon.image)).failed(62, &["no-such"]);
    assert_eq!(cached.committed(), before);
    assert_eq!(fs_err::read_dir(&cached.cache).unwrap().count(), 1);
}

#[test]
fn a_cache_that_is_not_there_is_told_and_of_no_use_without_an_engine() {
    let Some(daemon) = Daemon::new("launch-absent") else { return };
    let nowhere = daemon.build.path("nowhere");
    let flags = ["-launch-cache", nowhere.to_str().unwrap()];
    daemon.export(&flags).failed(1, &["does not exist", nowhere.to_str().unwrap()]);
    let outcome = daemon.build.export(&flags);
    assert!(outcome.stderr.contains("Ignoring -launch-cache"), "{outcome:?}");
}
