//! The launch layers on disk: `<layers>/<buildpack>/<layer>`.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use environment::{EnvironmentError, LaunchEnvironment};
use spec_model::launch_metadata::LaunchBuildpack;

/// The layers of an image: by buildpack in the order of execution, each one's by name.
pub(crate) struct Layers {
    by_buildpack: Vec<Vec<PathBuf>>,
}

impl Layers {
    /// Lists the layers. A buildpack without launch layers has no directory.
    pub(crate) fn find(layers: &Path, buildpacks: &[LaunchBuildpack]) -> io::Result<Self> {
        let by_buildpack = buildpacks
            .iter()
            .filter_map(|buildpack| list(&layers.join(buildpack.id.escaped()), Kind::Directories).transpose())
            .collect::<io::Result<_>>()?;
        Ok(Self { by_buildpack })
    }

    /// Makes the layers' changes to the environment: of each buildpack first all `bin` and `lib`
    /// directories, then all variable files.
    pub(crate) fn apply(
        &self,
        environment: &mut LaunchEnvironment,
        process_type: Option<&OsStr>,
    ) -> Result<(), EnvironmentError> {
        for layers in &self.by_buildpack {
            for layer in layers {
                environment.apply_layer_root(layer)?;
            }
            for layer in layers {
                environment.apply_layer_variables(layer, process_type)?;
            }
        }
        Ok(())
    }

    /// The files in the directory `name` of each layer, each followed by those in its sub-directory for
    /// the process type.
    ///
    /// The specification has the files for the process type behind those of all layers; the image's
    /// buildpacks were tried with the order of the reference lifecycle, which is this one.
    pub(crate) fn files(&self, name: &str, process_type: Option<&OsStr>) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for layer in self.by_buildpack.iter().flatten() {
            let directory = layer.join(name);
            let Some(general) = list(&directory, Kind::Files)? else { continue };
            files.extend(general);
            if let Some(process_type) = process_type {
                files.extend(list(&directory.join(process_type), Kind::Files)?.unwrap_or_default());
            }
        }
        Ok(files)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Directories,
    Files,
}

/// The directories, or everything else, in a directory, sorted by name; none if there is no directory.
fn list(directory: &Path, kind: Kind) -> io::Result<Option<Vec<PathBuf>>> {
    let entries = match fs_err::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() == (kind == Kind::Directories) {
            names.push(entry.file_name());
        }
    }
    names.sort_unstable();
    Ok(Some(names.into_iter().map(|name| directory.join(name)).collect()))
}
