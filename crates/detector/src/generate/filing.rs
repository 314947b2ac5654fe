//! Where generated Dockerfiles go: the directory that the extender reads.
//!
//! | Platform API | an extension's Dockerfiles |
//! |---|---|
//! | before 0.13 | `<generated>/build/<id>/Dockerfile`, `<generated>/run/<id>/Dockerfile` |
//! | from 0.13 | `<generated>/<id>/build.Dockerfile`, `…/run.Dockerfile`, and build contexts beside them |

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use buildpack::dockerfile::Dockerfile;
use buildpack::generate::EXTEND_CONFIG;

use super::Contribution;
use crate::DetectorInputs;

/// Files what the extensions generated. `ignored` are the places of Dockerfiles that the extender must
/// not see; they get the suffix `.ignore`.
pub(super) fn file(
    inputs: &DetectorInputs,
    contributions: &[Contribution],
    ignored: &[usize],
) -> io::Result<()> {
    let mut place = 0;
    for contribution in contributions {
        let dockerfiles: Vec<(&Dockerfile, bool)> = contribution
            .generated
            .dockerfiles
            .iter()
            .zip(place..)
            .map(|(dockerfile, place)| (dockerfile, ignored.contains(&place)))
            .collect();
        place += dockerfiles.len();
        if inputs.platform_api.has_extension_contexts() {
            file_together(contribution, &dockerfiles)?;
        } else {
            file_by_image(&inputs.generated, contribution, &dockerfiles)?;
        }
    }
    Ok(())
}

/// The output directory already is where it belongs, but for what an extension brought along.
fn file_together(contribution: &Contribution, dockerfiles: &[(&Dockerfile, bool)]) -> io::Result<()> {
    let Contribution { generated, output, .. } = contribution;
    if generated.directory != *output {
        // A Dockerfile that only switches the run image leaves the extender nothing to do.
        if !dockerfiles.iter().any(|(dockerfile, ignored)| dockerfile.extends && !ignored) {
            return Ok(());
        }
        copy_tree(&generated.directory, output)?;
    }
    for (dockerfile, _) in dockerfiles.iter().filter(|(_, ignored)| *ignored) {
        let path = output.join(dockerfile.kind.file_name());
        fs_err::rename(&path, ignored_path(&path))?;
    }
    Ok(())
}

fn file_by_image(
    base: &Path,
    contribution: &Contribution,
    dockerfiles: &[(&Dockerfile, bool)],
) -> io::Result<()> {
    for (dockerfile, ignored) in dockerfiles {
        let directory = base.join(dockerfile.kind.image()).join(contribution.extension.id.escaped());
        remove(&directory)?;
        fs_err::create_dir_all(&directory)?;
        let path = directory.join("Dockerfile");
        fs_err::copy(&dockerfile.path, if *ignored { ignored_path(&path) } else { path })?;
        let config = contribution.generated.directory.join(EXTEND_CONFIG);
        if config.exists() {
            fs_err::copy(config, directory.join(EXTEND_CONFIG))?;
        }
    }
    Ok(())
}

fn ignored_path(path: &Path) -> PathBuf {
    let mut ignored = OsString::from(path);
    ignored.push(".ignore");
    ignored.into()
}

/// Removes what an earlier run left behind.
pub(super) fn remove(directory: &Path) -> io::Result<()> {
    match fs_err::remove_dir_all(directory) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Copies directories, files and links; nothing else can be part of a build context.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs_err::create_dir_all(to)?;
    for entry in fs_err::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            fs_err::os::unix::fs::symlink(fs_err::read_link(entry.path())?, target)?;
        } else if kind.is_file() {
            fs_err::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
