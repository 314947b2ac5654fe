//! The buildpacks and image extensions that a builder brings along.
//!
//! Spec: platform.md § Buildpacks Directory Layout, § Image Extensions Directory Layout.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use spec_model::BuildpackId;

use crate::descriptor::{Descriptor, DescriptorError, Kind};

/// The directories that hold buildpacks and extensions as `<escaped id>/<version>`.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The buildpacks.
    pub buildpacks: PathBuf,
    /// The image extensions.
    pub extensions: PathBuf,
}

/// A buildpack or extension that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// There is no such buildpack or extension.
    #[error("there is no {kind} {id}@{version}: {} does not exist; {}", path.display(), has(versions))]
    Absent {
        /// Whether a buildpack or an extension was looked for.
        kind: Kind,
        /// The id looked for.
        id: BuildpackId,
        /// The version looked for.
        version: String,
        /// The directory it would have.
        path: PathBuf,
        /// The versions that are there, sorted.
        versions: Vec<String>,
    },
    /// It is there, but its descriptor cannot be used.
    #[error(transparent)]
    Descriptor(#[from] DescriptorError),
}

fn has(versions: &[String]) -> String {
    match versions {
        [] => "no version of it is there".to_owned(),
        versions => format!("versions there: {}", versions.join(", ")),
    }
}

impl Catalogue {
    /// Finds a buildpack or extension by id and version.
    ///
    /// # Errors
    /// It is absent or its descriptor is malformed.
    pub fn find(&self, kind: Kind, id: &BuildpackId, version: &str) -> Result<Descriptor, CatalogueError> {
        let base = match kind {
            Kind::Buildpack => &self.buildpacks,
            Kind::Extension => &self.extensions,
        };
        let home = base.join(id.escaped());
        let root = home.join(version);
        if is_directory_name(version) && !is_absent(&root) {
            return Ok(Descriptor::read(kind, id, version, &root)?);
        }
        let (id, version) = (id.clone(), version.to_owned());
        Err(CatalogueError::Absent { kind, id, version, versions: versions(&home), path: root })
    }
}

/// Whether a version names a directory right below the id's.
fn is_directory_name(version: &str) -> bool {
    !matches!(version, "" | "." | "..") && !version.contains('/')
}

fn is_absent(path: &Path) -> bool {
    fs_err::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

fn versions(home: &Path) -> Vec<String> {
    // Only for the message; a directory that cannot be listed is as good as empty.
    let Ok(entries) = fs_err::read_dir(home) else { return Vec::new() };
    let mut versions: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    versions.sort_unstable();
    versions
}

#[cfg(test)]
mod tests {
    use super::Catalogue;
    use crate::descriptor::Kind;

    #[test]
    fn buildpacks_are_found_below_their_escaped_id() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("demo_a/1.0");
        fs_err::create_dir_all(&root).unwrap();
        fs_err::write(root.join("buildpack.toml"), "api='0.12'\n[buildpack]\nid='demo/a'\nversion='1.0'")
            .unwrap();
        let catalogue =
            Catalogue { buildpacks: directory.path().to_owned(), extensions: directory.path().join("none") };
        let id = "demo/a".parse().unwrap();
        assert_eq!(catalogue.find(Kind::Buildpack, &id, "1.0").unwrap().root, root);
        assert!(catalogue.find(Kind::Extension, &id, "1.0").is_err());
    }

    #[test]
    fn absence_is_told_with_place_and_versions() {
        let directory = tempfile::tempdir().unwrap();
        for version in ["1.2.0", "1.10.0"] {
            fs_err::create_dir_all(directory.path().join("demo_a").join(version)).unwrap();
        }
        let catalogue =
            Catalogue { buildpacks: directory.path().to_owned(), extensions: directory.path().join("none") };
        let find = |id: &str, version| {
            catalogue.find(Kind::Buildpack, &id.parse().unwrap(), version).unwrap_err().to_string()
        };
        let message = find("demo/a", "2");
        assert!(message.contains("no buildpack demo/a@2") && message.contains("/demo_a/2 "), "{message}");
        assert!(message.contains("versions there: 1.10.0, 1.2.0"), "{message}");
        assert!(find("demo/b", "2").contains("no version of it is there"));
        for version in ["", "..", "../demo_a/1.2.0"] {
            assert!(find("demo/a", version).contains("versions there"), "{version}");
        }
    }
}
