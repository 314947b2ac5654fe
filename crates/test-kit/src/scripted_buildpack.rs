//! Buildpacks whose executables are a few lines of shell.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a helper that fails fails the test")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// A buildpack to be installed. It passes detection and builds nothing unless told otherwise.
#[derive(Debug, Clone)]
pub struct ScriptedBuildpack {
    id: String,
    version: String,
    api: String,
    keys: String,
    tables: String,
    executables: Vec<(String, String)>,
}

impl ScriptedBuildpack {
    /// A buildpack of version `1.0.0`.
    #[must_use]
    pub fn new(id: &str, api: &str) -> Self {
        let executables = ["detect", "build"].map(|name| (name.to_owned(), String::new()));
        Self {
            id: id.to_owned(),
            version: "1.0.0".to_owned(),
            api: api.to_owned(),
            keys: String::new(),
            tables: String::new(),
            executables: executables.into(),
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// With another version.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// With a line below `[buildpack]` in `buildpack.toml`.
    #[must_use]
    pub fn key(mut self, line: &str) -> Self {
        self.keys.push_str(line);
        self.keys.push('\n');
        self
    }

    /// With further tables in `buildpack.toml`.
    #[must_use]
    pub fn tables(mut self, text: &str) -> Self {
        self.tables.push_str(text);
        self.tables.push('\n');
        self
    }

    /// With these lines of POSIX shell as `bin/detect`.
    #[must_use]
    pub fn detect(self, script: &str) -> Self {
        self.executable("detect", script)
    }

    /// With these lines of POSIX shell as `bin/build`.
    #[must_use]
    pub fn build(self, script: &str) -> Self {
        self.executable("build", script)
    }

    /// Without the executable `bin/<name>`.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.executables.retain(|(known, _)| known != name);
        self
    }

    fn executable(self, name: &str, script: &str) -> Self {
        let mut buildpack = self.without(name);
        buildpack.executables.push((name.to_owned(), script.to_owned()));
        buildpack
    }

    /// Installs the buildpack below a directory of buildpacks.
    pub fn install(&self, buildpacks: &Path) {
        let Self { id, version, api, keys, tables, .. } = self;
        let root = buildpacks.join(id.replace('/', "_")).join(version);
        fs_err::create_dir_all(root.join("bin")).unwrap();
        let toml = format!("api = '{api}'\n[buildpack]\nid = '{id}'\nversion = '{version}'\n{keys}{tables}");
        fs_err::write(root.join("buildpack.toml"), toml).unwrap();
        for (name, script) in &self.executables {
            write_executable(&root.join("bin").join(name), &format!("#!/bin/sh\n{script}\n"));
        }
    }

    /// The buildpack's entry in `group.toml`.
    #[must_use]
    pub fn group_entry(&self) -> String {
        let Self { id, version, api, .. } = self;
        format!("[[group]]\nid = '{id}'\nversion = '{version}'\napi = '{api}'\n")
    }
}

/// Writes an executable by way of another process. If this one had it open for writing, a child that
/// another test starts meanwhile would have it too, and the executable could not be run ("text file busy").
fn write_executable(path: &Path, contents: &str) {
    let mut shell = Command::new("/bin/sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    shell.stdin.take().unwrap().write_all(contents.as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success(), "cannot write {}", path.display());
}
