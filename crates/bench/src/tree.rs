//! The large layer: a tree of npm packages, installed once and kept.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::generated;

const PACKAGE: &str = include_str!("../npm-tree/package.json");
const LOCK: &str = include_str!("../npm-tree/package-lock.json");
/// What an installed tree has at least; less means that the installation is not what was locked.
const LEAST: Tree = Tree { files: 25_000, bytes: 500_000_000 };

/// The size of a tree: regular files and the bytes in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tree {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

/// Where a tree comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The packages of this crate's lock file.
    Npm,
    /// Invented files, of this size.
    Generated(Tree),
}

impl Source {
    /// What takes the place of packages that can't be installed.
    pub(crate) const IN_PLACE_OF_NPM: Self = Self::Generated(Tree { files: 25_500, bytes: 620_000_000 });

    /// What is noted beside a complete tree: the tree is made anew when it differs.
    fn mark(self) -> String {
        match self {
            Self::Npm => format!("npm\n{LOCK}"),
            Self::Generated(Tree { files, bytes }) => format!("generated\n{files} files, {bytes} bytes\n"),
        }
    }
}

impl Tree {
    /// Counts the files in a directory, and reads them so that all later readers find them in memory.
    pub(crate) fn measure(directory: &Path) -> Result<Self> {
        let mut tree = Self { files: 0, bytes: 0 };
        let mut buffer = vec![0; 1 << 16];
        for entry in walkdir::WalkDir::new(directory) {
            let entry = entry?;
            if entry.file_type().is_file() {
                tree.files += 1;
                let mut file = fs_err::File::open(entry.path())?;
                loop {
                    match file.read(&mut buffer)? {
                        0 => break,
                        count => tree.bytes += count as u64,
                    }
                }
            }
        }
        Ok(tree)
    }

    /// Makes the tree in `directory`, or takes the one that is there and complete, as the file `mark` says. Without
    /// npm or network it is generated, which a warning says.
    pub(crate) fn prepare(
        directory: &Path,
        mark: &Path,
        wanted: Source,
        say: &mut dyn FnMut(&str),
    ) -> Result<(Self, Source)> {
        let noted = fs_err::read_to_string(mark).unwrap_or_default();
        let source = if noted == Source::IN_PLACE_OF_NPM.mark() && wanted == Source::Npm {
            say(&format!(
                "WARNING: taking the generated tree of an earlier run; remove {} to try npm again",
                mark.display()
            ));
            Source::IN_PLACE_OF_NPM
        } else if noted == wanted.mark() {
            wanted
        } else {
            say(&format!("making the npm tree in {}", directory.display()));
            if mark.exists() {
                fs_err::remove_file(mark)?;
            }
            let source = make(directory, wanted, say)?;
            fs_err::write(mark, source.mark())?;
            source
        };
        let tree = Self::measure(directory)?;
        if source == Source::Npm && (tree.files < LEAST.files || tree.bytes < LEAST.bytes) {
            bail!(
                "the npm tree in {} has {} files and {} bytes, less than {} and {}; remove it to install it again",
                directory.display(),
                tree.files,
                tree.bytes,
                LEAST.files,
                LEAST.bytes
            );
        }
        Ok((tree, source))
    }
}

/// Makes the tree anew and says which it became.
fn make(directory: &Path, wanted: Source, say: &mut dyn FnMut(&str)) -> Result<Source> {
    let empty = || -> Result<()> {
        if directory.exists() {
            fs_err::remove_dir_all(directory)?;
        }
        Ok(fs_err::create_dir_all(directory)?)
    };
    empty()?;
    let Source::Generated(Tree { files, bytes }) = wanted else {
        let Err(error) = install(directory) else { return Ok(wanted) };
        say(&format!("WARNING: no npm tree ({error:#})"));
        say(
            "WARNING: measuring a GENERATED tree of the same shape; its figures are not those of real packages",
        );
        empty()?;
        return make(directory, Source::IN_PLACE_OF_NPM, say);
    };
    generated::write(directory, files, bytes)?;
    Ok(wanted)
}

/// Installs the locked packages with the machine's npm, from the registry it is set up for.
fn install(directory: &Path) -> Result<()> {
    fs_err::write(directory.join("package.json"), PACKAGE)?;
    fs_err::write(directory.join("package-lock.json"), LOCK)?;
    let output = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .context("failed to start npm")?;
    if !output.status.success() {
        bail!("npm ci ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_made_once_and_again_when_another_is_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("tree");
        let mut said = Vec::new();
        let mut prepare = |files| {
            let source = Source::Generated(Tree { files, bytes: 1000 });
            said.clear();
            let made = Tree::prepare(&tree, &dir.path().join("mark"), source, &mut |line| {
                said.push(line.to_owned());
            })
            .unwrap();
            (made.0.files, said.len())
        };
        assert_eq!(prepare(5), (5, 1));
        assert_eq!(prepare(5), (5, 0));
        assert_eq!(prepare(4), (4, 1));
    }

    #[test]
    fn the_lock_names_no_registry() {
        let lock: serde_json::Value = serde_json::from_str(LOCK).unwrap();
        let packages = lock["packages"].as_object().unwrap();
        assert!(packages.len() > 100);
        assert!(packages.iter().all(|(_, package)| package.get("resolved").is_none()));
        assert!(!LOCK.contains("://"));
    }
}
