//! The directory tree that an archive is extracted to, and that nothing in the archive can leave.
//!
//! Every path is walked from the directory's own descriptor, one name after the other, without following any
//! link. So neither names nor links from the archive, nor links that were there before, lead out of it. It
//! needs no more than `openat`, which also works where `openat2` is missing or filtered.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use crate::header::Owner;

/// For directories that have no entry of their own.
const DEFAULT_MODE: Mode = Mode::from_raw_mode(0o755);

/// Lets the owner fill a directory.
const OWNER_ALL: u32 = 0o700;

/// A link or a file is where a directory has to be.
#[derive(Debug)]
pub(crate) struct NotADirectory(pub(crate) PathBuf);

/// Why something could not be made.
#[derive(Debug)]
pub(crate) enum TreeError {
    NotADirectory(NotADirectory),
    System(Errno),
}

impl From<Errno> for TreeError {
    fn from(error: Errno) -> Self {
        Self::System(error)
    }
}

/// The mode and owner that something gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attributes {
    pub(super) mode: u32,
    pub(super) owner: Owner,
}

/// A tree being filled. Paths are relative and hold names only.
#[derive(Debug)]
pub(crate) struct Tree {
    base: OwnedFd,
    /// The directory used last, as what follows is mostly in it too.
    last: Option<(PathBuf, OwnedFd)>,
    /// Directories whose modes would keep this process from filling them.
    closed_later: Vec<(PathBuf, u32)>,
}

impl Tree {
    /// Opens the directory, which may itself be reached through links.
    pub(crate) fn open(base: &Path) -> Result<Self, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let base = rustix::fs::open(base, flags, Mode::empty())?;
        Ok(Self { base, last: None, closed_later: Vec::new() })
    }

    /// The directory itself.
    pub(crate) fn base(&self) -> BorrowedFd<'_> {
        self.base.as_fd()
    }

    /// Takes nothing for granted that was found before: something was removed.
    pub(crate) fn forget(&mut self) {
        self.last = None;
    }

    /// Makes a directory. One that exists stays as it is.
    pub(super) fn make_directory(&mut self, path: &Path, attributes: Attributes) -> Result<(), TreeError> {
        let Attributes { mode, owner } = attributes;
        let (parent, name) = self.parent_and_name(path)?;
        match rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(OWNER_ALL)) {
            Err(Errno::EXIST) => return enter(parent, name).map(drop),
            made => made?,
        }
        if may_give() {
            give_at(parent, name, owner)?;
        }
        // Nothing here removes directories, so the name still is the new directory's.
        rustix::fs::chmodat(parent, name, Mode::from_raw_mode(mode | OWNER_ALL), AtFlags::empty())?;
        if mode & OWNER_ALL != OWNER_ALL {
            self.closed_later.push((path.to_owned(), mode));
        }
        Ok(())
    }

    /// Makes an empty file, in place of any file or link that is there. [`finish_file`] must follow.
    pub(super) fn make_file(&mut self, path: &Path) -> Result<File, TreeError> {
        let (parent, name) = self.parent_and_name(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o600);
        Ok(replace(parent, name, || rustix::fs::openat(parent, name, flags, mode))?.into())
    }

    /// Makes a symbolic link, in place of any file or link that is there.
    pub(super) fn make_symlink(&mut self, path: &Path, target: &Path, owner: Owner) -> Result<(), TreeError> {
        let (parent, name) = self.parent_and_name(path)?;
        replace(parent, name, || rustix::fs::symlinkat(target, parent, name))?;
        if may_give() {
            give_at(parent, name, owner)?;
        }
        Ok(())
    }

    /// Makes another name for a file of this tree, in place of any file or link that is there.
    pub(super) fn make_hard_link(&mut self, path: &Path, target: &Path) -> Result<(), TreeError> {
        let (parent, target_name) = self.parent_and_name(target)?;
        let target_parent =
            parent.try_clone_to_owned().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        let (parent, name) = self.parent_and_name(path)?;
        let link = || rustix::fs::linkat(&target_parent, target_name, parent, name, AtFlags::empty());
        Ok(replace(parent, name, link)?)
    }

    /// Gives the remaining directories their modes, inner ones first.
    pub(super) fn finish(mut self) -> Result<(), (PathBuf, TreeError)> {
        while let Some((path, mode)) = self.closed_later.pop() {
            self.close_directory(&path, mode).map_err(|error| (path, error))?;
        }
        Ok(())
    }

    fn close_directory(&mut self, path: &Path, mode: u32) -> Result<(), TreeError> {
        let (parent, name) = self.parent_and_name(path)?;
        Ok(rustix::fs::chmodat(parent, name, Mode::from_raw_mode(mode), AtFlags::empty())?)
    }

    /// Opens the directory that holds a path, making what is missing.
    pub(crate) fn parent_and_name<'p>(
        &mut self,
        path: &'p Path,
    ) -> Result<(BorrowedFd<'_>, &'p OsStr), TreeError> {
        let name = path.file_name().ok_or(Errno::INVAL)?;
        Ok((self.directory(path.parent().unwrap_or(Path::new("")))?, name))
    }

    fn directory(&mut self, path: &Path) -> Result<BorrowedFd<'_>, TreeError> {
        let (mut reached, rest) = match self.last.take() {
            Some((last, directory)) => match path.strip_prefix(&last) {
                Ok(rest) => (Some((last, directory)), rest),
                Err(_) => (None, path),
            },
            None => (None, path),
        };
        for name in rest {
            let (at, parent) = match &reached {
                Some((at, directory)) => (at.as_path(), directory.as_fd()),
                None => (Path::new(""), self.base.as_fd()),
            };
            let directory = enter_or_make(parent, name).map_err(|error| match error {
                TreeError::NotADirectory(_) => TreeError::NotADirectory(NotADirectory(at.join(name))),
                TreeError::System(_) => error,
            })?;
            reached = Some((at.join(name), directory));
        }
        self.last = reached;
        Ok(self.last.as_ref().map_or(self.base.as_fd(), |(_, directory)| directory.as_fd()))
    }
}

/// Gives a file its owner and, as that clears the setuid bit, then its mode.
pub(super) fn finish_file(file: &File, attributes: Attributes) -> Result<(), Errno> {
    if may_give() {
        let (uid, gid) = ids(attributes.owner);
        rustix::fs::fchown(file, uid, gid)?;
    }
    rustix::fs::fchmod(file, Mode::from_raw_mode(attributes.mode))
}

/// Whether this process may give files away.
pub(crate) fn may_give() -> bool {
    rustix::process::geteuid().is_root()
}

fn enter_or_make(parent: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, TreeError> {
    match enter(parent, name) {
        Err(TreeError::System(Errno::NOENT)) => {}
        entered => return entered,
    }
    match rustix::fs::mkdirat(parent, name, DEFAULT_MODE) {
        // Another layer that is extracted at the same time came first.
        Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
        Ok(()) => rustix::fs::chmodat(parent, name, DEFAULT_MODE, AtFlags::empty())?,
    }
    enter(parent, name)
}

fn enter(parent: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, TreeError> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty()).map_err(|error| match error {
        Errno::NOTDIR | Errno::LOOP => TreeError::NotADirectory(NotADirectory(name.into())),
        error => TreeError::System(error),
    })
}

/// Makes something new; if the name is taken, unlinks it first.
fn replace<T>(parent: BorrowedFd<'_>, name: &OsStr, make: impl Fn() -> Result<T, Errno>) -> Result<T, Errno> {
    match make() {
        Err(Errno::EXIST) => {
            rustix::fs::unlinkat(parent, name, AtFlags::empty())?;
            make()
        }
        other => other,
    }
}

fn give_at(parent: BorrowedFd<'_>, name: &OsStr, owner: Owner) -> Result<(), Errno> {
    let (uid, gid) = ids(owner);
    rustix::fs::chownat(parent, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)
}

fn ids(owner: Owner) -> (Option<Uid>, Option<Gid>) {
    (Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid)))
}
