//! Applying layers to a root file system.
//!
//! Other than the rest of this crate, which brings back what lifecycles archive, this takes layers of any maker
//! with all that they have: whiteouts, devices, attributes, times, and ways through links of lower layers.
//! Spec: OCI image-spec layer.md § Applying Changesets.

mod attributes;
mod made;
mod name;
mod root;
mod way;

use std::io::{self, Read};
use std::path::Path;

use tar::EntryType;

use crate::decompress::decompress;
use crate::extract::{ArchiveFault, ArchiveReader, ExtractError, Member, Refusal, TreeError, name_of};
use name::{Name, name};
use root::{Node, Root};

/// Applies a layer, plain or compressed with gzip, to the directory that stands for a root.
///
/// What is there and in the way is replaced; directories stay and get what the layer says of them. Links among
/// the directories that lead to an entry are followed as if the root were that of the system, so nothing
/// outside of it is touched. Whiteouts hide only what was there before the layer.
///
/// As root, everything becomes as recorded. Otherwise owners are those of the process, and attributes that only
/// root may set are left out. So are attributes that the file system has no place for.
///
/// # Errors
/// What was applied until then stays; the caller cleans up. An archive without its end is an error.
pub fn apply(layer: impl Read, root: &Path) -> Result<(), ExtractError> {
    let unwritable = |source: io::Error| ExtractError::Unwritable { path: root.to_owned(), source };
    fs_err::create_dir_all(root).map_err(unwritable)?;
    let tree = Root::open(root).map_err(|error| unwritable(error.into()))?;
    let mut archive = ArchiveReader::new(decompress(layer)?);
    let mut application = Application { root, tree };
    while let Some(member) = archive.next()? {
        application.apply(&member, &mut archive)?;
    }
    let finished = application.tree.finish();
    finished.map_err(|(path, error)| failed(root, &path, &path, error))?;
    Ok(archive.drain()?)
}

struct Application<'r> {
    root: &'r Path,
    tree: Root,
}

impl Application<'_> {
    fn apply(&mut self, member: &Member, archive: &mut ArchiveReader<impl Read>) -> Result<(), ExtractError> {
        let refused = |reason| ExtractError::Refused { entry: member.path.clone(), reason };
        let applied = match name(&member.path).map_err(refused)? {
            Name::Metadata => return Ok(()),
            Name::Root if member.kind == EntryType::Directory => self.tree.describe_root(member),
            Name::Root => return Err(refused(Refusal::Outside("/".into()))),
            Name::Whiteout(path) => self.tree.remove_lower(&path),
            Name::OpaqueDirectory(path) => self.tree.clear_lower(&path),
            Name::Path(path) => match member.kind {
                EntryType::Directory => self.tree.make_directory(&path, member),
                EntryType::Regular | EntryType::Continuous => return self.make_file(member, &path, archive),
                EntryType::Symlink => self.tree.make_node(&path, member, Node::Symlink(&member.target)),
                EntryType::Link => match name(&member.target).map_err(refused)? {
                    Name::Path(target) => self.tree.make_hard_link(&path, &target),
                    _ => return Err(refused(Refusal::Outside("/".into()))),
                },
                kind => {
                    let node = Node::special(kind, member.device)
                        .ok_or_else(|| refused(Refusal::Kind(name_of(kind))))?;
                    self.tree.make_node(&path, member, node)
                }
            },
        };
        applied.map_err(|error| self.failed(member, &member.path, error))
    }

    fn make_file(
        &mut self,
        member: &Member,
        path: &Path,
        archive: &mut ArchiveReader<impl Read>,
    ) -> Result<(), ExtractError> {
        let mut file = self.tree.make_file(path).map_err(|error| self.failed(member, path, error))?;
        let mut contents = Contents { archive, fault: None };
        let copied = io::copy(&mut contents, &mut file);
        if let Some(fault) = contents.fault {
            return Err(fault.into());
        }
        copied.map_err(|source| ExtractError::Unwritable { path: self.root.join(path), source })?;
        attributes::finish(&file, member).map_err(|error| self.failed(member, path, error))
    }

    fn failed(&self, member: &Member, path: &Path, error: TreeError) -> ExtractError {
        failed(self.root, &member.path, path, error)
    }
}

fn failed(root: &Path, entry: &Path, path: &Path, error: TreeError) -> ExtractError {
    let on_disk = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    match error {
        TreeError::NotADirectory(in_the_way) => {
            let reason = Refusal::NotADirectory(on_disk(&in_the_way.0));
            ExtractError::Refused { entry: entry.to_owned(), reason }
        }
        TreeError::System(error) => ExtractError::Unwritable { path: on_disk(path), source: error.into() },
    }
}

/// The contents of an entry; what is wrong with the archive is kept apart from what is wrong with the disk.
struct Contents<'a, R> {
    archive: &'a mut ArchiveReader<R>,
    fault: Option<ArchiveFault>,
}

impl<R: Read> Read for Contents<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.archive.read(buffer).map_err(|fault| {
            self.fault = Some(fault);
            io::ErrorKind::InvalidData.into()
        })
    }
}
