//! What a layer is made of.

use std::io::Write;
use std::path::{Path, PathBuf};

use spec_model::DiffId;

use crate::archive::{Archive, Halt, look_at};
use crate::assembled::{self, Assembled};
use crate::copy;
use crate::error::{ArchiveError, LayerError};
use crate::header::{Entry, Kind, Owner, Timestamp};
use crate::pipeline::{self, ArchiveSummary, Compressors, LayerSummary};
use crate::process_types::ProcessType;
use crate::root_file_system;
use crate::walk::{Order, clean, parents, walk};

/// Where the launcher is in an app image.
const LAUNCHER: &str = "/cnb/lifecycle/launcher";

/// A layer that can be hashed or written, from what is on disk at that time.
///
/// The archive is the same whatever machine, clock and locale: entries have absolute names (a root file
/// system's have relative ones, a copy's those it finds), the time 1980-01-01T00:00:01Z and no names of users. It is the one that
/// the reference lifecycle makes too.
#[derive(Debug, Clone)]
pub struct LayerSource {
    id: String,
    contents: Contents,
}

#[derive(Debug, Clone)]
enum Contents {
    Tree { root: PathBuf, order: Order, owner: Owner },
    Listed { root: PathBuf, below: Vec<PathBuf>, owner: Owner },
    RootFileSystem(PathBuf),
    Launcher(PathBuf),
    ProcessTypes(Vec<ProcessType>),
    Copy { file: PathBuf, diff_id: DiffId },
    Assembled(Vec<Assembled>),
}

impl LayerSource {
    /// A directory with all below it, and in front of it the directories that hold it.
    ///
    /// These keep their owners; the directory and all below get the given owner. Modes stay as they are.
    /// A directory's contents follow it, sorted by name.
    pub fn directory(id: impl Into<String>, directory: &Path, owner: Owner) -> Self {
        let contents = Contents::Tree { root: clean(directory), order: Order::DepthFirst, owner };
        Self { id: id.into(), contents }
    }

    /// The app directory as one layer: as [`Self::directory`], but sorted by whole paths.
    pub fn app(id: impl Into<String>, directory: &Path, owner: Owner) -> Self {
        let contents = Contents::Tree { root: clean(directory), order: Order::WholePath, owner };
        Self { id: id.into(), contents }
    }

    /// Paths below a root, in the order given; an empty path is the root itself. Without any, the archive is
    /// empty; else the directories that hold the root come first.
    pub(crate) fn listed(id: String, root: PathBuf, below: Vec<PathBuf>, owner: Owner) -> Self {
        Self { id, contents: Contents::Listed { root, below, owner } }
    }

    /// All below a directory that stands for the root of a file system, owned by root: a base image's layer.
    ///
    /// Names are relative to the directory, without a slash in front, as base images have them; the directory
    /// itself has no entry. Modes stay as they are.
    pub fn root_file_system(id: impl Into<String>, directory: &Path) -> Self {
        Self { id: id.into(), contents: Contents::RootFileSystem(clean(directory)) }
    }

    /// The launcher with its directories, owned by root, from a file on disk.
    /// Spec: buildpack.md § Launch.
    pub fn launcher(id: impl Into<String>, executable: &Path) -> Self {
        Self { id: id.into(), contents: Contents::Launcher(executable.to_owned()) }
    }

    /// A link to the launcher for each process type, in the order given, owned by root.
    /// Spec: platform.md § Launch.
    pub fn process_types(id: impl Into<String>, types: Vec<ProcessType>) -> Self {
        Self { id: id.into(), contents: Contents::ProcessTypes(types) }
    }

    /// A layer that another tool has archived, plain or compressed with gzip, and that has the given diffID.
    ///
    /// Its entries stay as they are and in their order, but for times and the names of users: they are written
    /// as those of all other layers. So the copy has another diffID.
    pub fn copy(id: impl Into<String>, file: &Path, diff_id: DiffId) -> Self {
        Self { id: id.into(), contents: Contents::Copy { file: file.to_owned(), diff_id } }
    }

    /// What is listed, in that order and by those names, owned by root.
    pub fn assembled(id: impl Into<String>, entries: Vec<Assembled>) -> Self {
        Self { id: id.into(), contents: Contents::Assembled(entries) }
    }

    /// The name that errors have for this layer.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Reads and hashes the layer.
    pub fn diff_id(&self) -> Result<DiffId, LayerError> {
        let summary = pipeline::archive(&mut |archive| self.fill(archive), None);
        Ok(summary.map_err(|reason| self.failed(reason))?.diff_id)
    }

    /// Writes the layer uncompressed.
    pub fn write_uncompressed(&self, output: &mut (dyn Write + Send)) -> Result<ArchiveSummary, LayerError> {
        pipeline::archive(&mut |archive| self.fill(archive), Some(output))
            .map_err(|reason| self.failed(reason))
    }

    /// Writes the layer compressed with gzip and, for a cache, uncompressed from the same pass.
    ///
    /// The compressed bytes depend on the layer alone. If `uncompressed` fails the whole layer does; wrap it
    /// in [`crate::BestEffort`] where that isn't wanted.
    ///
    /// # Errors
    /// What has been written until then is not a complete layer.
    pub fn write(
        &self,
        compressed: &mut (dyn Write + Send),
        uncompressed: Option<&mut (dyn Write + Send)>,
        compressors: Compressors,
    ) -> Result<LayerSummary, LayerError> {
        pipeline::layer(&mut |archive| self.fill(archive), compressed, uncompressed, compressors)
            .map_err(|reason| self.failed(reason))
    }

    fn failed(&self, reason: ArchiveError) -> LayerError {
        LayerError { layer: self.id.clone(), reason }
    }

    fn fill(&self, archive: &mut Archive<'_>) -> Result<(), Halt> {
        match &self.contents {
            Contents::Tree { root, order, owner } => {
                add_parents(archive, root)?;
                walk(root, *order, &mut |path, stat| archive.add(path, stat, *owner))
            }
            Contents::Listed { root, below, owner } => add_listed(archive, root, below, *owner),
            Contents::RootFileSystem(root) => root_file_system::add(archive, root),
            Contents::Launcher(executable) => add_launcher(archive, executable),
            Contents::ProcessTypes(types) => add_process_types(archive, types),
            Contents::Assembled(entries) => entries.iter().try_for_each(|entry| entry.add(archive)),
            Contents::Copy { file, diff_id } => copy::add(archive, file, diff_id),
        }
    }
}

fn add_parents(archive: &mut Archive<'_>, path: &Path) -> Result<(), Halt> {
    if !path.is_absolute() {
        return Err(ArchiveError::NotAbsolute(path.to_owned()).into());
    }
    for parent in parents(path) {
        // A link among them is archived as the directory it leads to.
        let stat = rustix::fs::stat(&parent).map_err(|error| ArchiveError::unreadable(&parent, error))?;
        archive.add(&parent, &stat, Owner::of(&stat))?;
    }
    Ok(())
}

fn add_listed(archive: &mut Archive<'_>, root: &Path, below: &[PathBuf], owner: Owner) -> Result<(), Halt> {
    if below.is_empty() {
        return Ok(());
    }
    add_parents(archive, root)?;
    for path in below {
        let path = if path.as_os_str().is_empty() { root.to_owned() } else { root.join(path) };
        let stat = look_at(&path).map_err(|error| ArchiveError::lost(&path, error))?;
        archive.add(&path, &stat, owner)?;
    }
    Ok(())
}

fn add_root_entry(archive: &mut Archive<'_>, path: &str, kind: Kind<'_>) -> Result<(), Halt> {
    archive.add_entry(&Entry {
        path: Path::new(path),
        kind,
        mode: 0o755,
        owner: Owner::ROOT,
        modified: Timestamp::OF_LAYERS,
        copied: None,
    })
}

fn add_launcher(archive: &mut Archive<'_>, executable: &Path) -> Result<(), Halt> {
    add_root_entry(archive, "/cnb", Kind::Directory)?;
    add_root_entry(archive, "/cnb/lifecycle", Kind::Directory)?;
    assembled::add_file(archive, Path::new(LAUNCHER), 0o755, executable)
}

fn add_process_types(archive: &mut Archive<'_>, types: &[ProcessType]) -> Result<(), Halt> {
    add_root_entry(archive, "/cnb", Kind::Directory)?;
    add_root_entry(archive, "/cnb/process", Kind::Directory)?;
    for process_type in types {
        let link = format!("/cnb/process/{process_type}");
        add_root_entry(archive, &link, Kind::Symlink(Path::new(LAUNCHER)))?;
    }
    Ok(())
}
