use std::path::{Path, PathBuf};

use fs_err::os::unix::fs::symlink;
use tempfile::TempDir;

use super::{Context, ContextError, Source};
use crate::fingerprint::Fingerprint;

fn context(files: &[&str]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("context");
    for file in files {
        let file = path.join(file);
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(&file, file.file_name().unwrap().as_encoded_bytes()).unwrap();
    }
    (directory, path)
}

fn names(sources: &[Source]) -> Vec<String> {
    sources.iter().map(|source| source.name.display().to_string()).collect()
}

fn select(path: &Path, pattern: &str) -> Result<Vec<String>, ContextError> {
    Ok(names(&Context::open(path)?.select(pattern)?))
}

#[test]
fn sources_are_names_or_patterns() {
    let (_guard, path) = context(&["a.txt", "b.txt", "c/d.txt", "c/e", "[x]"]);
    for (pattern, expected) in [
        ("a.txt", &["a.txt"][..]),
        ("/a.txt", &["a.txt"]),
        ("./c/../b.txt", &["b.txt"]),
        ("*.txt", &["a.txt", "b.txt"]),
        ("*/d.*", &["c/d.txt"]),
        ("c", &["c"]),
        (".", &[""]),
        ("/", &[""]),
        ("../../c", &["c"]),
        ("[[]x]", &["[x]"]),
    ] {
        assert_eq!(select(&path, pattern).unwrap(), expected, "{pattern}");
    }
    for pattern in ["none", "*.none", "a.txt/x", "../context/a.txt", ""] {
        let found = select(&path, pattern);
        assert_eq!(found.is_err(), !pattern.is_empty(), "{pattern}: {found:?}");
    }
    assert!(matches!(select(&path, "a["), Err(ContextError::Pattern(_))));
}

#[test]
fn links_lead_nowhere_but_into_the_context() {
    let (guard, path) = context(&["dir/file"]);
    fs_err::write(guard.path().join("secret"), "secret").unwrap();
    symlink("../secret", path.join("out")).unwrap();
    symlink("/etc/passwd", path.join("absolute")).unwrap();
    symlink("dir", path.join("in")).unwrap();
    symlink("/dir/file", path.join("file")).unwrap();
    symlink("loop", path.join("loop")).unwrap();
    for pattern in ["out", "absolute", "loop", "out/x"] {
        assert!(select(&path, pattern).is_err(), "{pattern}");
    }
    let found = Context::open(&path).unwrap().select("in").unwrap();
    assert_eq!((found[0].is_directory, found[0].entries[0].name.as_path()), (true, Path::new("file")));
    let found = Context::open(&path).unwrap().select("file").unwrap();
    assert_eq!(found[0].path, path.join("dir/file"));
    // In a directory, links are copied as they are.
    assert_eq!(Context::open(&path).unwrap().select(".").unwrap()[0].entries.len(), 7);
}

#[test]
fn what_dockerignore_names_is_not_offered() {
    let (_guard, path) = context(&["a", "dir/b", "dir/keep/c", "none/d"]);
    fs_err::write(path.join(".dockerignore"), "a\ndir\n!dir/keep\nnone\n").unwrap();
    let found = Context::open(&path).unwrap().select(".").unwrap();
    let entries: Vec<_> = found[0].entries.iter().map(|entry| entry.name.display().to_string()).collect();
    assert_eq!(entries, [".dockerignore", "dir", "dir/keep", "dir/keep/c"]);
    for pattern in ["a", "none", "dir/b"] {
        let message = select(&path, pattern).unwrap_err().to_string();
        assert!(message.contains(pattern) && message.contains(".dockerignore"), "{message}");
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let (_guard, path) = context(&["dir/a"]);
    let fifo = path.join("dir/fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let message = select(&path, "dir").unwrap_err().to_string();
    assert!(message.contains("dir/fifo"), "{message}");
    fs_err::write(path.join(".dockerignore"), "**/fifo").unwrap();
    assert!(select(&path, "dir").is_ok());
}

#[test]
fn the_digest_tells_what_a_copy_depends_on() {
    let (_guard, path) = context(&["dir/a", "dir/b"]);
    let digest = || {
        let context = Context::open(&path).unwrap();
        let mut fingerprint = Fingerprint::default();
        context.select("dir").unwrap()[0].digest(&mut fingerprint).unwrap();
        fingerprint.finish()
    };
    let first = digest();
    fs_err::write(path.join("dir/a"), "a").unwrap();
    assert_eq!(digest(), first, "times do not count");
    let mut seen = vec![first];
    for change in [
        &(|| fs_err::write(path.join("dir/a"), "other").unwrap()) as &dyn Fn(),
        &|| fs_err::rename(path.join("dir/b"), path.join("dir/c")).unwrap(),
        &|| symlink("a", path.join("dir/link")).unwrap(),
        &|| {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs_err::set_permissions(path.join("dir/a"), mode).unwrap();
        },
    ] {
        change();
        let now = digest();
        assert!(!seen.contains(&now));
        seen.push(now);
    }
}
