//! Bringing files of the build context into the file system that is extended.

use std::fs::{FileTimes, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use crate::context::{Entry, EntryKind, Source};
use crate::error::StepError;
use crate::plan::{Copy, Item};
use crate::rooted::Rooted;
use crate::unpack::unpack;
use crate::users::Users;

/// Modes of what has none of its own.
const DIRECTORY_MODE: u32 = 0o755;
const TEXT_MODE: u32 = 0o644;

/// Copies what a `COPY` or `ADD` names.
///
/// # Errors
/// The owner is not known, something is in the way, or the disk refuses.
pub(crate) fn copy(root: &Path, copy: &Copy) -> Result<(), StepError> {
    let rooted = Rooted::new(root);
    let owner = copy.owner.as_deref().map(|owner| Users::read(&rooted).owner(owner)).transpose()?;
    let copier = Copier { owner: owner.unwrap_or((0, 0)), mode: copy.mode };
    let destination = destination(&rooted, copy)?;
    for item in &copy.items {
        match item {
            Item::Source(source) if source.is_directory => copier.directory(source, &destination)?,
            Item::Source(source) => {
                let target = target(copy, &destination, source.name.file_name().unwrap_or_default().as_ref());
                copier.make_parents(&target)?;
                copier.file(&source.path, &target, source.entries.first().map(|entry| entry.mode))?;
            }
            Item::Archive(source) => {
                copier.make_directory(&destination, DIRECTORY_MODE)?;
                unpack(&source.path, &destination)?;
            }
            Item::Text { name, content } => {
                let target = target(copy, &destination, name.as_ref());
                copier.make_parents(&target)?;
                copier.text(content, &target)?;
            }
        }
    }
    Ok(())
}

/// Makes a directory for the user, and those above it, if they are not there.
pub(crate) fn make_directory(root: &Path, path: &Path, user: &str) -> Result<(), StepError> {
    let rooted = Rooted::new(root);
    let user = Users::read(&rooted).user(user)?;
    let copier = Copier { owner: (user.uid, user.gid), mode: None };
    copier.make_directory(&rooted.resolve(path)?, DIRECTORY_MODE)
}

/// Where to, on disk. A link there is followed to a directory; for a file, it is replaced.
fn destination(rooted: &Rooted, copy: &Copy) -> io::Result<PathBuf> {
    let followed = rooted.resolve(&copy.destination)?;
    let is_file = |item: &Item| match item {
        Item::Source(source) => !source.is_directory,
        Item::Text { .. } => true,
        Item::Archive(_) => false,
    };
    if copy.into_directory || followed.is_dir() || !copy.items.iter().all(is_file) {
        return Ok(followed);
    }
    rooted.resolve_parent(&copy.destination)
}

/// A file goes to the destination, or into it if it is a directory.
fn target(copy: &Copy, destination: &Path, name: &Path) -> PathBuf {
    if copy.into_directory || destination.is_dir() { destination.join(name) } else { destination.to_owned() }
}

struct Copier {
    owner: (u32, u32),
    mode: Option<u32>,
}

impl Copier {
    fn directory(&self, source: &Source, destination: &Path) -> Result<(), StepError> {
        self.make_directory(destination, DIRECTORY_MODE)?;
        for entry in &source.entries {
            self.entry(entry, &source.path.join(&entry.name), &destination.join(&entry.name))?;
        }
        Ok(())
    }

    fn entry(&self, entry: &Entry, source: &Path, target: &Path) -> Result<(), StepError> {
        match entry.kind {
            EntryKind::Directory => {
                let exists = target.is_dir();
                self.make_directory(target, entry.mode)?;
                if !exists {
                    self.give(target, entry.mode)?;
                }
                Ok(())
            }
            EntryKind::File => self.file(source, target, Some(entry.mode)),
            EntryKind::Link => {
                clear(target)?;
                fs_err::os::unix::fs::symlink(fs_err::read_link(source)?, target)?;
                Ok(self.own(target)?)
            }
        }
    }

    fn file(&self, source: &Path, target: &Path, mode: Option<u32>) -> Result<(), StepError> {
        clear(target)?;
        fs_err::copy(source, target)?;
        self.give(target, mode.unwrap_or(TEXT_MODE))?;
        let modified = fs_err::metadata(source)?.modified()?;
        let file = fs_err::File::options().write(true).open(target)?;
        Ok(file.file().set_times(FileTimes::new().set_modified(modified))?)
    }

    fn text(&self, content: &str, target: &Path) -> Result<(), StepError> {
        clear(target)?;
        fs_err::write(target, content)?;
        Ok(self.give(target, TEXT_MODE)?)
    }

    fn make_parents(&self, target: &Path) -> Result<(), StepError> {
        target.parent().map_or(Ok(()), |parent| self.make_directory(parent, DIRECTORY_MODE))
    }

    /// Makes a directory and those above it. Existing ones stay as they are.
    fn make_directory(&self, path: &Path, mode: u32) -> Result<(), StepError> {
        let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.is_dir()).collect();
        for directory in missing.iter().rev() {
            match fs_err::create_dir(directory) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(StepError::InTheWay((*directory).to_owned()));
                }
                result => result?,
            }
            let mode = if *directory == path { mode } else { DIRECTORY_MODE };
            self.own(directory)?;
            fs_err::set_permissions(directory, Permissions::from_mode(mode))?;
        }
        Ok(())
    }

    /// The owner first: changing it takes bits of the mode away.
    fn give(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.own(path)?;
        fs_err::set_permissions(path, Permissions::from_mode(self.mode.unwrap_or(mode)))
    }

    fn own(&self, path: &Path) -> io::Result<()> {
        let (uid, gid) = self.owner;
        if !Uid::effective().is_root() {
            return Ok(());
        }
        lchown(path, Some(uid), Some(gid)).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("failed to give '{}' to {uid}:{gid}: {error}", path.display()),
            )
        })
    }
}

/// Removes what a file takes the place of; not through a link.
fn clear(target: &Path) -> Result<(), StepError> {
    match fs_err::symlink_metadata(target) {
        Ok(metadata) if metadata.is_dir() => Err(StepError::InTheWay(target.to_owned())),
        Ok(_) => Ok(fs_err::remove_file(target)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}
