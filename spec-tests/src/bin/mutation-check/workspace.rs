//! A copy of the workspace to put faults into.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::fault::Fault;

/// All executables of a lifecycle.
const EXECUTABLES: [&str; 9] =
    ["analyzer", "detector", "restorer", "extender", "builder", "exporter", "creator", "rebaser", "launcher"];

/// What a build of the executables needs of the workspace.
const SOURCES: [&str; 5] = ["Cargo.toml", "Cargo.lock", "crates", "platform-api", "spec-tests"];

/// A copy of the workspace, and its executables without any fault.
#[derive(Debug)]
pub(crate) struct Workspace {
    source: PathBuf,
    copy: PathBuf,
    sound: PathBuf,
}

impl Workspace {
    /// Copies the workspace and builds it as it is.
    pub(crate) fn copy(source: &Path, directory: &Path) -> Result<Self> {
        fs_err::create_dir_all(directory)?;
        let directory = fs_err::canonicalize(directory)?;
        let workspace = Self {
            source: source.to_owned(),
            copy: directory.join("workspace"),
            sound: directory.join("sound"),
        };
        fs_err::create_dir_all(&workspace.copy)?;
        for name in SOURCES {
            // Files that are as they were keep their times, so that little is built anew.
            let mut copy = Command::new("cp");
            copy.args(["-r", "--preserve=timestamps", "--update", "--no-target-directory"]);
            run(copy.arg(source.join(name)).arg(workspace.copy.join(name)))?;
        }
        workspace.build(&EXECUTABLES.map(str::to_owned), &workspace.sound)?;
        Ok(workspace)
    }

    /// Puts a fault in, builds what it is in, and takes it out again; the directory of executables.
    pub(crate) fn with_fault(&self, fault: &Fault) -> Result<PathBuf> {
        let text = fs_err::read_to_string(self.source.join(&fault.file))?;
        let file = self.copy.join(&fault.file);
        fs_err::write(&file, fault.put_into(&text)?)?;
        let faulty = self.sound.with_file_name("faulty");
        if faulty.exists() {
            fs_err::remove_dir_all(&faulty)?;
        }
        run(Command::new("cp").arg("-r").arg(&self.sound).arg(&faulty))?;
        let built = self.build(&fault.executables, &faulty);
        fs_err::write(&file, text)?;
        built?;
        Ok(faulty)
    }

    /// Builds executables and copies them to a directory.
    fn build(&self, executables: &[String], to: &Path) -> Result<()> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked"]).current_dir(&self.copy);
        cargo.env("CARGO_TARGET_DIR", self.copy.join("target"));
        for name in executables {
            cargo.args(["-p", name]);
        }
        run(&mut cargo)?;
        fs_err::create_dir_all(to)?;
        for name in executables {
            fs_err::copy(self.copy.join("target/debug").join(name), to.join(name))?;
        }
        Ok(())
    }
}

fn run(command: &mut Command) -> Result<()> {
    let status =
        command.status().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    ensure!(status.success(), "{} fails", command.get_program().display());
    Ok(())
}
