//! The tree that layers are applied to, and that nothing in them can leave.
//!
//! Where a name leads is found out by reading links; then the place is walked to without following any.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use tar::EntryType;

use super::attributes;
use super::made::Made;
use super::way::resolve;
use crate::extract::{Member, Tree, TreeError};
use crate::header::Timestamp;

/// What is neither a file nor a directory.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node<'a> {
    Symlink(&'a Path),
    /// A fifo or a device, with the device's major and minor numbers.
    Special(FileType, (u32, u32)),
}

impl Node<'_> {
    /// The fifo or device of an entry, if it is one.
    pub(super) fn special(kind: EntryType, device: Option<(u32, u32)>) -> Option<Self> {
        match kind {
            EntryType::Fifo => Some(Self::Special(FileType::Fifo, (0, 0))),
            EntryType::Char => Some(Self::Special(FileType::CharacterDevice, device?)),
            EntryType::Block => Some(Self::Special(FileType::BlockDevice, device?)),
            _ => None,
        }
    }
}

/// What stays when a directory is cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spare {
    Nothing,
    /// What this layer has made.
    Made,
}

/// A root that a layer is being applied to.
#[derive(Debug)]
pub(super) struct Root {
    tree: Tree,
    made: Made,
    /// Directories whose times, and modes that would keep this process out, come when all is in them.
    directories: Vec<(PathBuf, u32, Timestamp)>,
    /// The directory that was resolved last and the place that it is.
    last_way: Option<(PathBuf, PathBuf)>,
}

impl Root {
    pub(super) fn open(root: &Path) -> Result<Self, Errno> {
        Ok(Self { tree: Tree::open(root)?, made: Made::default(), directories: Vec::new(), last_way: None })
    }

    /// Gives the root what the layer says of it.
    pub(super) fn describe_root(&mut self, member: &Member) -> Result<(), TreeError> {
        self.finish_node(Path::new(""), member)?;
        self.directories.push((PathBuf::new(), member.mode, member.modified));
        Ok(())
    }

    /// Makes a directory. One that exists stays, but gets what the layer says of it.
    pub(super) fn make_directory(&mut self, path: &Path, member: &Member) -> Result<(), TreeError> {
        let path = self.resolve(path)?;
        if self.kind(&path)? != Some(FileType::Directory) {
            self.remove(&path)?;
            let (parent, name) = self.tree.parent_and_name(&path)?;
            rustix::fs::mkdirat(parent, name, Mode::RWXU)?;
        }
        self.made.insert(&path);
        self.finish_node(&path, member)?;
        self.directories.push((path, member.mode, member.modified));
        Ok(())
    }

    /// Makes an empty file, which needs its attributes when it is complete.
    pub(super) fn make_file(&mut self, path: &Path) -> Result<File, TreeError> {
        let path = self.make_way(path)?;
        let (parent, name) = self.tree.parent_and_name(&path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(parent, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    pub(super) fn make_node(
        &mut self,
        path: &Path,
        member: &Member,
        node: Node<'_>,
    ) -> Result<(), TreeError> {
        let path = self.make_way(path)?;
        let (parent, name) = self.tree.parent_and_name(&path)?;
        match node {
            Node::Symlink(target) => rustix::fs::symlinkat(target, parent, name)?,
            Node::Special(kind, (major, minor)) => {
                let device = rustix::fs::makedev(major, minor);
                rustix::fs::mknodat(parent, name, kind, Mode::RUSR | Mode::WUSR, device)?;
            }
        }
        // What counted as missing may be a link now.
        self.last_way = None;
        self.finish_node(&path, member)
    }

    /// Makes another name for what is there by the target's.
    pub(super) fn make_hard_link(&mut self, path: &Path, target: &Path) -> Result<(), TreeError> {
        let target = self.resolve(target)?;
        if self.resolve(path)? == target {
            return Err(Errno::EXIST.into());
        }
        let path = self.make_way(path)?;
        let (parent, target_name) = self.tree.parent_and_name(&target)?;
        let target_parent =
            parent.try_clone_to_owned().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        let (parent, name) = self.tree.parent_and_name(&path)?;
        Ok(rustix::fs::linkat(target_parent, target_name, parent, name, AtFlags::empty())?)
    }

    /// Removes what lower layers have by a name.
    pub(super) fn remove_lower(&mut self, path: &Path) -> Result<(), TreeError> {
        let path = self.resolve(path)?;
        if !self.made.contains(&path) {
            return self.remove(&path);
        }
        match self.kind(&path)? {
            Some(FileType::Directory) => self.clear(&path, Spare::Made),
            _ => Ok(()),
        }
    }

    /// Removes what lower layers have in a directory.
    pub(super) fn clear_lower(&mut self, directory: &Path) -> Result<(), TreeError> {
        let directory = resolve(self.tree.base(), directory)?;
        match self.kind(&directory)? {
            Some(FileType::Directory) => self.clear(&directory, Spare::Made),
            _ => Ok(()),
        }
    }

    /// Gives the directories what had to wait, inner ones first.
    pub(super) fn finish(mut self) -> Result<(), (PathBuf, TreeError)> {
        while let Some((path, mode, modified)) = self.directories.pop() {
            // A later entry may have put something else in its place.
            if let Ok(Some(FileType::Directory)) = self.kind(&path) {
                let finished =
                    self.enter(&path).and_then(|node| attributes::finish_directory(&node, mode, modified));
                finished.map_err(|error| (path, error))?;
            }
        }
        Ok(())
    }

    /// Removes what is in the way of something new, and notes that.
    fn make_way(&mut self, path: &Path) -> Result<PathBuf, TreeError> {
        let path = self.resolve(path)?;
        self.remove(&path)?;
        self.made.insert(&path);
        Ok(path)
    }

    /// The same place by a path that has no links in front of its last name.
    fn resolve(&mut self, path: &Path) -> Result<PathBuf, TreeError> {
        let directory = path.parent().unwrap_or(Path::new(""));
        let way = match self.last_way.take() {
            Some(way) if way.0 == directory => way,
            _ => (directory.to_owned(), resolve(self.tree.base(), directory)?),
        };
        let resolved = way.1.join(path.file_name().unwrap_or_default());
        self.last_way = Some(way);
        Ok(resolved)
    }

    /// What is at a path, if anything is.
    fn kind(&self, path: &Path) -> Result<Option<FileType>, TreeError> {
        if path.as_os_str().is_empty() {
            return Ok(Some(FileType::Directory));
        }
        match rustix::fs::statat(self.tree.base(), path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn enter(&mut self, path: &Path) -> Result<OwnedFd, TreeError> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if path.as_os_str().is_empty() {
            return Ok(rustix::fs::openat(self.tree.base(), ".", flags, Mode::empty())?);
        }
        let (parent, name) = self.tree.parent_and_name(path)?;
        Ok(rustix::fs::openat(parent, name, flags, Mode::empty())?)
    }

    /// Removes what is at a path, if anything is.
    fn remove(&mut self, path: &Path) -> Result<(), TreeError> {
        match self.kind(path)? {
            None => return Ok(()),
            Some(FileType::Directory) => {
                self.clear(path, Spare::Nothing)?;
                self.unlink(path, AtFlags::REMOVEDIR)?;
            }
            Some(_) => self.unlink(path, AtFlags::empty())?,
        }
        // They may be, or may have led through, what is gone.
        self.last_way = None;
        self.tree.forget();
        Ok(())
    }

    /// Removes what is in a directory.
    fn clear(&mut self, directory: &Path, spare: Spare) -> Result<(), TreeError> {
        let mut left = vec![directory.to_owned()];
        let mut emptied = Vec::new();
        while let Some(directory) = left.pop() {
            for (name, is_directory) in self.list(&directory)? {
                let path = directory.join(name);
                let is_spared = spare == Spare::Made && self.made.contains(&path);
                match (is_directory, is_spared) {
                    (true, true) => left.push(path),
                    (true, false) => {
                        left.push(path.clone());
                        emptied.push(path);
                    }
                    (false, true) => {}
                    (false, false) => self.unlink(&path, AtFlags::empty())?,
                }
            }
        }
        self.last_way = None;
        emptied.iter().rev().try_for_each(|path| {
            self.tree.forget();
            self.unlink(path, AtFlags::REMOVEDIR)
        })
    }

    fn unlink(&mut self, path: &Path, flags: AtFlags) -> Result<(), TreeError> {
        let (parent, name) = self.tree.parent_and_name(path)?;
        Ok(rustix::fs::unlinkat(parent, name, flags)?)
    }

    /// The names in a directory, and whether they are those of directories.
    fn list(&mut self, directory: &Path) -> Result<Vec<(OsString, bool)>, TreeError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = if directory.as_os_str().is_empty() {
            rustix::fs::openat(self.tree.base(), ".", flags, Mode::empty())?
        } else {
            let (parent, name) = self.tree.parent_and_name(directory)?;
            rustix::fs::openat(parent, name, flags, Mode::empty())?
        };
        let mut names = Vec::new();
        for entry in Dir::new(opened)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let is_directory = match entry.file_type() {
                // Some file systems leave it to the caller to find out.
                FileType::Unknown => self.kind(&directory.join(name))? == Some(FileType::Directory),
                kind => kind == FileType::Directory,
            };
            names.push((name.to_owned(), is_directory));
        }
        Ok(names)
    }

    fn finish_node(&mut self, path: &Path, member: &Member) -> Result<(), TreeError> {
        let node = self.enter(path)?;
        attributes::finish(&node, member)
    }
}
