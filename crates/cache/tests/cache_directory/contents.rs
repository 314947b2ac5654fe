//! A cache directory: what it keeps, what it shares with the reference lifecycle, what survives damage.

use std::path::Path;

use crate::support::{METADATA_FILE, archive, blob, commit, diff_id, metadata_of, read, warnings};
use cache::{Cache, CacheDirectory, CacheError};
use spec_model::DiffId;
use spec_model::lifecycle_metadata::CacheMetadata;

/// Metadata as the reference lifecycle 0.21.17 writes it, to the byte.
const REFERENCE_METADATA: &str = concat!(
    r#"{"sbom":{"sha":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"#,
    r#""buildpacks":[{"key":"acme/web","version":"1.2.3","layers":{"c":{"sha":"","data":{"name":"\u003cc\u003e"},"#,
    r#""build":false,"launch":false,"cache":true},"lc":{"sha":"","data":null,"build":false,"launch":true,"#,
    r#""cache":true}}}]}"#,
    "\n"
);

fn open(path: &Path) -> CacheDirectory {
    CacheDirectory::open(path).unwrap()
}

#[test]
fn what_was_committed_is_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    commit(&cache, &["one", "two"]);
    assert_eq!(read(&cache, "one"), "one");
    assert_eq!(cache.metadata(), metadata_of(&["one", "two"]));
    assert_eq!(cache.name(), directory.path().to_str().unwrap());
    let names: Vec<_> =
        fs_err::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["committed"]);
}

#[test]
fn the_form_on_disk_is_that_of_the_reference() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    let metadata = CacheMetadata::from_label(REFERENCE_METADATA).unwrap();
    let writer = cache.begin().unwrap();
    let mut sink = archive(writer.as_ref());
    sink.write_all(b"").unwrap();
    sink.finish(&diff_id("")).unwrap();
    writer.commit(&metadata).unwrap();
    let committed = directory.path().join("committed");
    assert_eq!(fs_err::read_to_string(committed.join(METADATA_FILE)).unwrap(), REFERENCE_METADATA);
    let layer = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.tar";
    assert!(committed.join(layer).is_file());
    assert_eq!(fs_err::read_dir(committed).unwrap().count(), 2);
}

#[test]
fn a_cache_of_the_reference_is_read() {
    let directory = tempfile::tempdir().unwrap();
    // The reference leaves an empty staging directory behind when it only reads.
    fs_err::create_dir_all(directory.path().join("staging")).unwrap();
    fs_err::create_dir_all(directory.path().join("committed")).unwrap();
    fs_err::write(directory.path().join("committed").join(METADATA_FILE), REFERENCE_METADATA).unwrap();
    fs_err::write(blob(directory.path(), "tar"), "tar").unwrap();
    let cache = open(directory.path());
    let metadata = cache.metadata();
    assert_eq!(metadata.sbom.diff_id(), Some(diff_id("")));
    let layers = &metadata.buildpacks[0].layers;
    assert_eq!(layers["c"].data.as_ref().unwrap()["name"].as_str(), Some("<c>"));
    assert!(layers["lc"].launch && layers["lc"].data.is_none());
    assert_eq!(read(&cache, "tar"), "tar");
}

#[test]
fn an_unchanged_layer_is_linked_not_copied() {
    use std::os::unix::fs::MetadataExt;
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    commit(&cache, &["one", "two"]);
    let inode = fs_err::metadata(blob(directory.path(), "one")).unwrap().ino();
    let writer = cache.begin().unwrap();
    assert!(writer.reuse(&diff_id("one")).unwrap());
    assert!(writer.reuse(&diff_id("one")).unwrap(), "a second layer with the same contents");
    assert!(!writer.reuse(&diff_id("three")).unwrap());
    writer.commit(&metadata_of(&["one"])).unwrap();
    assert_eq!(fs_err::metadata(blob(directory.path(), "one")).unwrap().ino(), inode);
    assert!(!blob(directory.path(), "two").exists(), "what is not taken over is gone");
    assert_eq!(read(&cache, "one"), "one");
}

#[test]
fn a_damaged_layer_is_not_reused() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    commit(&cache, &["one"]);
    fs_err::write(blob(directory.path(), "one"), "oops").unwrap();
    let warned = warnings(|| {
        let writer = cache.begin().unwrap();
        assert!(!writer.reuse(&diff_id("one")).unwrap());
        assert!(!writer.reuse(&diff_id("one")).unwrap());
    });
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(warned[0].contains(&diff_id("one").to_string()) && warned[0].contains("damaged"), "{warned:?}");
}

#[test]
fn damaged_metadata_is_a_warning_and_an_empty_cache() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    assert!(warnings(|| assert_eq!(cache.metadata(), CacheMetadata::default())).is_empty());
    commit(&cache, &["one"]);
    let path = directory.path().join("committed").join(METADATA_FILE);
    for contents in
        [&b"{"[..], b"", b"\xff", b"[1]", br#"{"buildpacks":"x"}"#, br#"{"buildpacks":[{"key":".."}]}"#]
    {
        fs_err::write(&path, contents).unwrap();
        let warned = warnings(|| assert_eq!(cache.metadata(), CacheMetadata::default()));
        assert!(matches!(&warned[..], [one] if one.contains(METADATA_FILE)), "{warned:?}");
    }
}

#[test]
fn missing_layers_and_what_is_no_file_are_errors_without_a_wait() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    commit(&cache, &[]);
    assert!(matches!(open_error(&cache, "one"), CacheError::MissingLayer { .. }));
    let path = blob(directory.path(), "one");
    fs_err::create_dir(&path).unwrap();
    assert!(open_error(&cache, "one").to_string().contains("is not a regular file"));
    fs_err::remove_dir(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert!(open_error(&cache, "one").to_string().contains("is not a regular file"));
    assert!(warnings(|| assert!(!cache.begin().unwrap().reuse(&diff_id("one")).unwrap())).len() == 1);
}

fn open_error(cache: &CacheDirectory, contents: &str) -> CacheError {
    cache.open_layer(&diff_id(contents)).err().unwrap()
}

#[test]
fn an_absent_directory_is_an_error_that_says_for_whom_to_make_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cache");
    let text = CacheDirectory::open(&path).unwrap_err().to_string();
    let uid = rustix::process::geteuid().as_raw();
    assert!(text.contains(path.to_str().unwrap()) && text.contains(&format!("user {uid}")), "{text}");
    fs_err::write(&path, "").unwrap();
    assert!(matches!(CacheDirectory::open(&path), Err(CacheError::NotADirectory { .. })));
}

#[test]
fn two_writers_keep_out_of_each_others_way() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    let writer = cache.begin().unwrap();
    assert!(matches!(open(directory.path()).begin(), Err(CacheError::Busy { .. })));
    drop(writer);
    commit(&cache, &["one"]);
    assert_eq!(read(&cache, "one"), "one");
}

#[test]
fn sinks_and_layers_do_not_mix() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    let writer = cache.begin().unwrap();
    let contents: Vec<DiffId> = std::thread::scope(|scope| {
        let write = |number: usize| {
            let writer = &writer;
            scope.spawn(move || {
                let text = format!("{number}").repeat(100_000);
                let mut sink = archive(writer.as_ref());
                text.as_bytes().chunks(1000).for_each(|chunk| sink.write_all(chunk).unwrap());
                sink.finish(&diff_id(&text)).unwrap();
                diff_id(&text)
            })
        };
        let threads: Vec<_> = (0..8).map(write).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    drop(archive(writer.as_ref()));
    writer.commit(&CacheMetadata::default()).unwrap();
    let writer = cache.begin().unwrap();
    assert!(contents.iter().all(|diff_id| writer.reuse(diff_id).unwrap()));
    assert_eq!(fs_err::read_dir(directory.path().join("committed")).unwrap().count(), 9);
}
