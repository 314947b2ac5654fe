//! What a package holds for one architecture: the executables and their bills of materials.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use layer::Assembled;

use crate::arguments::Executables;
use crate::dependencies::Dependencies;
use crate::sbom::Bill;
use crate::target::Target;

/// The executable that ends in every app image, and has a bill of its own because of that.
const LAUNCHER: &str = "launcher";

/// The files for one architecture, in a directory of their own or where they were found.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) target: Target,
    files: Vec<LifecycleFile>,
}

/// A file of the lifecycle's directory.
#[derive(Debug)]
struct LifecycleFile {
    name: String,
    path: PathBuf,
    is_executable: bool,
}

impl Contents {
    /// Checks the executables and writes what goes with them into `scratch`.
    pub(crate) fn gather(
        executables: &Executables,
        names: &[String],
        workspace: &Path,
        scratch: &Path,
    ) -> Result<Self> {
        let Executables { target, directory } = executables;
        let mut files = Vec::new();
        for name in names {
            let path = directory.join(name);
            target.check(&path)?;
            files.push(LifecycleFile { name: name.clone(), path, is_executable: true });
        }
        let dependencies = Dependencies::resolve(workspace, target, names)?;
        let (launcher, phases): (Vec<_>, Vec<_>) =
            names.iter().map(String::as_str).partition(|name| *name == LAUNCHER);
        let mut bills =
            vec![("lifecycle", Bill::of_executables("lifecycle", &phases, directory, &dependencies)?)];
        if let Some(launcher) = launcher.first() {
            bills.push((LAUNCHER, Bill::of_executable(launcher, directory, &dependencies)?));
        }
        for (subject, bill) in bills {
            for (ending, text) in bill.forms()? {
                let name = format!("{subject}.{ending}");
                let path = scratch.join(&name);
                fs_err::write(&path, text)?;
                files.push(LifecycleFile { name, path, is_executable: false });
            }
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self { target: target.clone(), files })
    }

    /// The directory and its files below a name.
    pub(crate) fn below(&self, directory: &str) -> Vec<Assembled> {
        let files = self.files.iter().map(|file| {
            let name = format!("{directory}/{}", file.name);
            if file.is_executable {
                Assembled::executable(name, &file.path)
            } else {
                Assembled::file(name, &file.path)
            }
        });
        std::iter::once(Assembled::directory(directory)).chain(files).collect()
    }

    /// The number of executables, and their sizes together in bytes.
    pub(crate) fn executables(&self) -> Result<(usize, u64)> {
        let sizes = self.files.iter().filter(|file| file.is_executable).map(|file| {
            let metadata = fs_err::metadata(&file.path).context("cannot measure an executable")?;
            Ok::<_, anyhow::Error>(metadata.len())
        });
        let sizes = sizes.collect::<Result<Vec<_>>>()?;
        Ok((sizes.len(), sizes.iter().sum()))
    }
}
