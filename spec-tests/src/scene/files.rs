//! Files in the container of a scene.
#![expect(clippy::expect_used, reason = "a set-up that fails ends the test")]

use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::scene::Scene;
use crate::store::is_root;
use crate::verdict::{Failure, Verdict};

impl Scene<'_> {
    /// Writes a file, with the directories above it. All belong to whom the nearest existing directory belongs to.
    pub(crate) fn write(&self, path: &str, contents: impl AsRef<[u8]>) {
        self.make_directory(parent(path));
        fs_err::write(self.path(path), contents).expect("a file");
        self.inherit_owner(path);
    }

    /// Writes an executable, a script of POSIX shell unless it names another interpreter.
    ///
    /// Another process writes it: if this one had it open, a child that another test starts meanwhile would have it
    /// too, and it could not be run ("text file busy").
    pub(crate) fn write_executable(&self, path: &str, script: &str) {
        self.make_directory(parent(path));
        let script =
            if script.starts_with("#!") { script.to_owned() } else { format!("#!/bin/sh\n{script}\n") };
        let mut shell = Command::new("/bin/sh")
            .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
            .arg(self.path(path))
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        shell.stdin.take().expect("its input").write_all(script.as_bytes()).expect("a script");
        assert!(shell.wait().expect("its end").success(), "{path} cannot be written");
        self.inherit_owner(path);
    }

    /// Makes a directory and those above it.
    pub(crate) fn make_directory(&self, path: &str) {
        if self.exists(path) {
            return;
        }
        self.make_directory(parent(path));
        fs_err::create_dir(self.path(path)).expect("a directory");
        fs_err::set_permissions(self.path(path), PermissionsExt::from_mode(0o755)).expect("its mode");
        self.inherit_owner(path);
    }

    /// Makes a symbolic link.
    pub(crate) fn link(&self, path: &str, target: &str) {
        self.make_directory(parent(path));
        symlink(target, self.path(path)).expect("a link");
        self.inherit_owner(path);
    }

    /// Sets the mode bits of something.
    pub(crate) fn set_mode(&self, path: &str, mode: u32) {
        fs_err::set_permissions(self.path(path), PermissionsExt::from_mode(mode)).expect("a mode");
    }

    /// Sets when something was changed, in seconds since 1970.
    pub(crate) fn set_time(&self, path: &str, seconds: u64) {
        let file = fs_err::File::open(self.path(path)).expect("a file");
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        file.file().set_modified(time).expect("its time");
    }

    /// Moves a file or a directory.
    pub(crate) fn rename(&self, from: &str, to: &str) {
        self.make_directory(parent(to));
        fs_err::rename(self.path(from), self.path(to)).expect("something to move");
    }

    /// Removes a file or a directory with all that is in it.
    pub(crate) fn remove(&self, path: &str) {
        let path = self.path(path);
        let removed = if path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            fs_err::remove_dir_all(path)
        } else {
            fs_err::remove_file(path)
        };
        removed.expect("something to remove");
    }

    fn inherit_owner(&self, path: &str) {
        if is_root() {
            let above = fs_err::metadata(self.path(parent(path))).expect("a directory");
            self.give(path, above.uid(), above.gid());
        }
    }

    /// Whether something is there, be it a dangling link.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Something has to be there.
    pub(crate) fn has(&self, path: &str) -> Verdict {
        if self.exists(path) { Ok(()) } else { Err(Failure::new(path, "it exists", self.siblings(path))) }
    }

    /// Something must not be there.
    pub(crate) fn lacks(&self, path: &str) -> Verdict {
        if self.exists(path) { Err(Failure::new(path, "it does not exist", "it does")) } else { Ok(()) }
    }

    /// The text of a file that has to be there.
    pub(crate) fn read(&self, path: &str) -> Verdict<String> {
        self.has(path)?;
        let bytes =
            fs_err::read(self.path(path)).map_err(|error| Failure::new(path, "it can be read", error))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A TOML file that has to be there, as JSON.
    pub(crate) fn read_toml(&self, path: &str) -> Verdict<Value> {
        let text = self.read(path)?;
        toml::from_str(&text).map_err(|error| Failure::new(path, "it is TOML", format!("{error}\n{text}")))
    }

    /// A JSON file that has to be there.
    pub(crate) fn read_json(&self, path: &str) -> Verdict<Value> {
        let text = self.read(path)?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::new(path, "it is JSON", format!("{error}\n{text}")))
    }

    /// The names in a directory, sorted; none if there is none.
    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        let Ok(entries) = fs_err::read_dir(self.path(path)) else { return Vec::new() };
        let name = |entry: std::io::Result<fs_err::DirEntry>| entry.ok()?.file_name().into_string().ok();
        let mut names: Vec<_> = entries.filter_map(name).collect();
        names.sort();
        names
    }

    fn siblings(&self, path: &str) -> String {
        let names = self.names(parent(path));
        format!(
            "{} has: {}",
            parent(path),
            if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
        )
    }
}

fn parent(path: &str) -> &str {
    Path::new(path).parent().and_then(Path::to_str).unwrap_or("/")
}
