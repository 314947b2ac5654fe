//! Whatever happens to a process that writes a cache directory, the old cache stays usable.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{archive, blob, commit, diff_id, metadata_of, read};
use cache::{Cache, CacheDirectory, CacheError};

/// Names the part that a copy of this test program plays.
const PART: &str = "CACHE_TEST_PART";
/// Tells it the cache directory.
const DIRECTORY: &str = "CACHE_TEST_DIRECTORY";

fn open(path: &Path) -> CacheDirectory {
    CacheDirectory::open(path).unwrap()
}

/// The old cache with the layers `one` and `two` is there, and the next write succeeds.
fn assert_usable(directory: &Path) {
    let cache = open(directory);
    assert_eq!(cache.metadata(), metadata_of(&["one", "two"]));
    assert_eq!(read(&cache, "one"), "one");
    commit(&cache, &["three"]);
    assert_eq!(read(&cache, "three"), "three");
    assert_eq!(fs_err::read_dir(directory).unwrap().count(), 1);
}

/// A command that starts this test program again, to run `function` in the given part.
fn again(program: &Path, function: &str, directory: &Path, shell: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{shell} exec \"$0\" \"$@\"")]).arg(program);
    command.args(["--exact", function, "--nocapture"]).env(DIRECTORY, directory);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_killed_writer_leaves_the_old_cache() {
    if let Ok(part) = std::env::var(PART) {
        let writer = open(Path::new(&std::env::var(DIRECTORY).unwrap())).begin().unwrap();
        let mut sink = archive(writer.as_ref());
        sink.write_all(&vec![0; 300_000]).unwrap();
        if part == "reused" {
            assert!(writer.reuse(&diff_id("one")).unwrap());
        } else if part == "finished" {
            sink.finish(&diff_id("three")).unwrap();
        }
        std::process::abort();
    }
    for part in ["half", "reused", "finished"] {
        let directory = tempfile::tempdir().unwrap();
        commit(&open(directory.path()), &["one", "two"]);
        let program = std::env::current_exe().unwrap();
        let function = "survival::a_killed_writer_leaves_the_old_cache";
        let status = again(&program, function, directory.path(), "").env(PART, part).status().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(6), "{part}");
        assert!(directory.path().join("staging").is_dir(), "{part}");
        assert_usable(directory.path());
    }
}

#[test]
fn a_writer_killed_between_the_renames_leaves_the_old_cache() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    commit(&open(directory.path()), &["one", "two"]);
    fs_err::rename(at("committed"), at("committed-backup")).unwrap();
    fs_err::create_dir(at("staging")).unwrap();
    assert_usable(directory.path());
}

#[test]
fn a_writer_killed_before_it_removed_the_backup_has_committed() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    commit(&open(directory.path()), &["old"]);
    fs_err::rename(at("committed"), at("committed-backup")).unwrap();
    let other = tempfile::tempdir().unwrap();
    commit(&open(other.path()), &["one", "two"]);
    fs_err::rename(other.path().join("committed"), at("committed")).unwrap();
    assert_usable(directory.path());
}

#[test]
fn odd_things_in_the_way_are_cleared() {
    let directory = tempfile::tempdir().unwrap();
    commit(&open(directory.path()), &["one", "two"]);
    fs_err::write(directory.path().join("staging"), "").unwrap();
    std::os::unix::fs::symlink("/nowhere", directory.path().join("committed-backup")).unwrap();
    assert_usable(directory.path());
}

#[test]
fn a_full_disk_leaves_the_old_cache() {
    // A limit on the size of files stands in for the full disk: it needs no root.
    let function = "survival::a_full_disk_leaves_the_old_cache";
    if std::env::var_os(PART).is_some() {
        let writer = open(Path::new(&std::env::var(DIRECTORY).unwrap())).begin().unwrap();
        let mut sink = archive(writer.as_ref());
        let error = sink.write_all(&vec![0; 300_000]).unwrap_err();
        assert!(error.to_string().contains("/staging/"), "{error}");
        drop(sink);
        let mut sink = archive(writer.as_ref());
        sink.write_all(&vec![0; 70_000]).unwrap();
        let error = sink.finish(&diff_id("three")).unwrap_err();
        assert!(error.to_string().contains("/staging/"), "{error}");
        let names: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let error = writer.commit(&metadata_of(&names)).unwrap_err();
        assert!(error.to_string().contains("metadata"), "{error}");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    commit(&open(directory.path()), &["one", "two"]);
    let program = std::env::current_exe().unwrap();
    let shell = "trap '' XFSZ; ulimit -f 64;";
    let output = again(&program, function, directory.path(), shell).env(PART, "full").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 1, "nothing takes up space");
    assert_usable(directory.path());
}

#[test]
fn missing_permissions_name_path_owner_and_user() {
    let function = "survival::missing_permissions_name_path_owner_and_user";
    if let Ok(part) = std::env::var(PART) {
        check_permissions(&part, Path::new(&std::env::var(DIRECTORY).unwrap()));
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    commit(&open(directory.path()), &["one", "two"]);
    for (part, mode) in [("unreadable", 0o700), ("unwritable", 0o755)] {
        if !rustix::process::geteuid().is_root() {
            // Taken from the owner, the permissions fail for the owner.
            set_mode(directory.path(), mode & 0o555 & if part == "unreadable" { 0 } else { 0o777 });
            check_permissions(part, directory.path());
            set_mode(directory.path(), 0o755);
            continue;
        }
        set_mode(directory.path(), mode);
        // The user without rights may not reach the program where it was built.
        let copy = tempfile::tempdir().unwrap();
        set_mode(copy.path(), 0o755);
        let program = copy.path().join("program");
        fs_err::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let mut command = again(&program, function, directory.path(), "");
        std::os::unix::process::CommandExt::uid(&mut command, 4321);
        let output = command.env(PART, part).current_dir("/").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn set_mode(path: &Path, mode: u32) {
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    fs_err::set_permissions(path, permissions).unwrap();
}

fn check_permissions(part: &str, directory: &Path) {
    let error = if part == "unreadable" {
        CacheDirectory::open(directory).unwrap_err()
    } else {
        let cache = open(directory);
        assert_eq!(read(&cache, "two"), "two");
        cache.begin().err().unwrap()
    };
    let text = error.to_string();
    assert!(matches!(error, CacheError::Denied { .. }), "{text}");
    assert!(text.contains(&format!("at '{}'", directory.display())), "{text}");
    let owner = std::os::unix::fs::MetadataExt::uid(&fs_err::metadata(directory).unwrap());
    let user = rustix::process::geteuid().as_raw();
    assert!(text.contains(&format!("belongs to user {owner}, ")), "{text}");
    assert!(text.contains(&format!("runs as user {user}, ")), "{text}");
}

#[test]
fn a_layer_that_leads_nowhere_is_a_miss() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    commit(&cache, &["one"]);
    let path = blob(directory.path(), "one");
    fs_err::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/nowhere", &path).unwrap();
    assert!(matches!(cache.open_layer(&diff_id("one")), Err(CacheError::MissingLayer { .. })));
    assert!(!cache.begin().unwrap().reuse(&diff_id("one")).unwrap());
}
