//! Deliberate faults.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A fault: one piece of code replaced by another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Fault {
    /// What is wrong, in a few words.
    pub(crate) name: String,
    /// The executables to build with it and test.
    pub(crate) executables: Vec<String>,
    /// The file it is put into, relative to the workspace.
    pub(crate) file: String,
    /// What is there once and no more.
    was: String,
    /// What takes its place.
    is: String,
    /// The Platform API in which it shows.
    #[serde(default = "newest")]
    pub(crate) platform_api: String,
    /// The Buildpack API in which it shows, if only some do.
    pub(crate) buildpack_api: Option<String>,
    /// What the suite is restricted to, so that a check doesn't take all day.
    #[serde(default)]
    pub(crate) filter: String,
}

fn newest() -> String {
    "0.15".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    fault: Vec<Fault>,
}

impl Fault {
    /// The faults in all TOML files of a directory, in the order of the files' names.
    pub(crate) fn all(directory: &Path) -> Result<Vec<Self>> {
        let mut files: Vec<_> = fs_err::read_dir(directory)?.collect::<Result<_, _>>()?;
        files.sort_by_key(fs_err::DirEntry::file_name);
        let mut faults = Vec::new();
        for file in files {
            let text = fs_err::read_to_string(file.path())?;
            let read: Faults = toml::from_str(&text).with_context(|| file.path().display().to_string())?;
            faults.extend(read.fault);
        }
        Ok(faults)
    }

    /// The text of its file with the fault in it.
    pub(crate) fn put_into(&self, text: &str) -> Result<String> {
        let times = text.matches(&self.was).count();
        ensure!(
            times == 1,
            "{} has what is to be replaced {times} times, not once:\n{}",
            self.file,
            self.was
        );
        ensure!(self.was != self.is, "the fault '{}' changes nothing", self.name);
        Ok(text.replacen(&self.was, &self.is, 1))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Fault;

    #[test]
    fn every_fault_fits_the_code_that_there_is() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let faults = Fault::all(&workspace.join("spec-tests/mutations")).unwrap();
        for fault in &faults {
            let text = fs_err::read_to_string(workspace.join(&fault.file)).unwrap();
            assert!(fault.put_into(&text).is_ok(), "{}: {:?}", fault.name, fault.put_into(&text));
        }
        let mut names: Vec<_> = faults.iter().map(|fault| &fault.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), faults.len(), "two faults have one name");
    }
}
