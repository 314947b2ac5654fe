//! Packages made for a test.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The names of the executables.
pub(crate) const NAMES: [&str; 8] =
    ["analyzer", "detector", "restorer", "builder", "exporter", "creator", "rebaser", "launcher"];

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The Rust targets with the numbers that ELF files have for their processors.
pub(crate) const TARGETS: [(&str, u8); 2] =
    [("x86_64-unknown-linux-gnu", 62), ("aarch64-unknown-linux-gnu", 183)];

/// A directory with stand-ins for executables and, once made, packages.
pub(crate) struct Packed {
    directory: TempDir,
}

impl Packed {
    /// Makes stand-ins that have setuid bits and are for their owner alone.
    pub(crate) fn prepare() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (target, machine) in TARGETS {
            let executables = directory.path().join(target);
            fs_err::create_dir(&executables).unwrap();
            for name in NAMES {
                let path = executables.join(name);
                fs_err::write(&path, stand_in(name, machine)).unwrap();
                fs_err::set_permissions(&path, PermissionsExt::from_mode(0o6700)).unwrap();
            }
        }
        Self { directory }
    }

    /// Makes the packages.
    pub(crate) fn make() -> Self {
        let packed = Self::prepare();
        let output = packed.command().output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        packed
    }

    /// The command that makes the packages.
    pub(crate) fn command(&self) -> Command {
        self.command_for(&NAMES)
    }

    /// The command with names of executables.
    pub(crate) fn command_for(&self, names: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_package"));
        for (target, _) in TARGETS {
            let executables = self.path(target);
            command.args(["--executables", &format!("{target}={}", executables.display())]);
        }
        let certificates = self.path("certificates.pem");
        fs_err::write(&certificates, "certificates").unwrap();
        command.arg("--ca-certificates").arg(certificates);
        command.args(["--workspace", concat!(env!("CARGO_MANIFEST_DIR"), "/../..")]);
        command.arg("--output").arg(self.path("output")).args(names);
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A path below the directory with the packages.
    pub(crate) fn output(&self, name: &str) -> PathBuf {
        self.path("output").join(name)
    }

    /// A file of the tarball for a processor, by the tarball's name for it.
    pub(crate) fn in_tarball(&self, processor: &str, name: &str) -> Vec<u8> {
        let found = self.entries(processor).into_iter().find(|entry| entry.name == name);
        found.unwrap_or_else(|| panic!("there is no {name}")).contents
    }

    /// All of a tarball.
    pub(crate) fn entries(&self, processor: &str) -> Vec<Entry> {
        let path = self.output(&format!("lifecycle-v{VERSION}+linux.{processor}.tgz"));
        entries(flate2::read::GzDecoder::new(fs_err::File::open(path).unwrap()))
    }
}

/// Something in an archive.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) header: tar::Header,
    pub(crate) contents: Vec<u8>,
}

/// Reads an archive.
pub(crate) fn entries(archive: impl std::io::Read) -> Vec<Entry> {
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.unwrap();
        let mut contents = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut contents).unwrap();
        let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        Entry { name, header: entry.header().clone(), contents }
    };
    tar::Archive::new(archive).entries().unwrap().map(read).collect()
}

/// What passes for an executable for a processor.
pub(crate) fn stand_in(name: &str, machine: u8) -> Vec<u8> {
    [b"\x7fELF".as_slice(), &[0; 14], &[machine, 0], name.as_bytes()].concat()
}

/// What a command that has to fail prints.
pub(crate) fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// All files below a directory, with their contents.
pub(crate) fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let contents = fs_err::read(&path).unwrap();
            found.push((path, contents));
        }
    }
    found.sort();
    found
}
