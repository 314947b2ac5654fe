//! Build contexts: the files that `COPY` and `ADD` can bring into the image.
//!
//! What a context holds is somebody's app or an extension's output: nothing in it, no link and no `..`, leads
//! out of it. Spec: `image_extension.md` § Context Folders.

mod ignore;
mod walk;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use layer::glob;

use crate::fingerprint::Fingerprint;
use crate::rooted::Rooted;
use ignore::Ignored;
pub(crate) use walk::{Entry, EntryKind};

/// Why files cannot be had from the context.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// Nothing matches.
    #[error("there is no '{pattern}' in the build context '{}'{hint}", context.display())]
    NotFound {
        /// What was asked for.
        pattern: String,
        /// The context.
        context: PathBuf,
        /// Why, perhaps; empty or starting with a semicolon.
        hint: &'static str,
    },
    /// A pattern is malformed.
    #[error("'{0}' is no pattern: a '[' or a backslash stands where it has no meaning")]
    Pattern(String),
    /// Something is neither file, directory nor link.
    #[error("'{}' is no file, directory or link, so it cannot be copied", .0.display())]
    Special(PathBuf),
    /// Something cannot be read; the error names it.
    #[error("the build context cannot be read: {0}")]
    Unreadable(#[source] io::Error),
}

/// A build context.
#[derive(Debug)]
pub(crate) struct Context {
    directory: PathBuf,
    rooted: Rooted,
    ignored: Ignored,
}

/// A file or directory of the context.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Its name in the context, relative.
    pub(crate) name: PathBuf,
    /// Where it is on disk, free of links.
    pub(crate) path: PathBuf,
    pub(crate) is_directory: bool,
    /// What is in it, if it is a directory: names below it, parents first. Otherwise itself, without a name.
    pub(crate) entries: Vec<Entry>,
}

impl Context {
    /// The context in a directory. A file `.dockerignore` in it names what it does not offer.
    pub(crate) fn open(directory: &Path) -> Result<Self, ContextError> {
        let rooted = Rooted::new(directory);
        let path = rooted.resolve(Path::new(".dockerignore")).map_err(ContextError::Unreadable)?;
        let ignored = match fs_err::read(&path) {
            Ok(bytes) => Ignored::parse(&String::from_utf8_lossy(&bytes))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ignored::default(),
            Err(error) => return Err(ContextError::Unreadable(error)),
        };
        Ok(Self { directory: directory.to_owned(), rooted, ignored })
    }

    /// The files that a source names, sorted if it is a pattern.
    pub(crate) fn select(&self, pattern: &str) -> Result<Vec<Source>, ContextError> {
        let parts = parts(pattern);
        let has_wildcards = pattern.contains(['*', '?', '[', '\\']);
        let names = if has_wildcards {
            let mut names = Vec::new();
            self.matching(Path::new(""), &parts, pattern, &mut names)?;
            names.sort();
            names
        } else {
            vec![parts.iter().collect()]
        };
        let mut sources = Vec::new();
        for name in names {
            sources.extend(self.source(name)?);
        }
        if sources.is_empty() {
            let hint =
                if has_wildcards || self.ignored.is_empty() { "" } else { "; or .dockerignore names it" };
            let (pattern, context) = (pattern.to_owned(), self.directory.clone());
            return Err(ContextError::NotFound { pattern, context, hint });
        }
        Ok(sources)
    }

    fn matching(
        &self,
        below: &Path,
        parts: &[&OsStr],
        pattern: &str,
        found: &mut Vec<PathBuf>,
    ) -> Result<(), ContextError> {
        let Some((part, rest)) = parts.split_first() else {
            found.push(below.to_owned());
            return Ok(());
        };
        let directory = self.rooted.resolve(below).map_err(ContextError::Unreadable)?;
        if !directory.is_dir() {
            return Ok(());
        }
        for entry in fs_err::read_dir(directory).map_err(ContextError::Unreadable)? {
            let name = entry.map_err(ContextError::Unreadable)?.file_name();
            let matches = glob::matches(part.as_bytes(), name.as_bytes());
            if matches.map_err(|_| ContextError::Pattern(pattern.to_owned()))? {
                self.matching(&below.join(name), rest, pattern, found)?;
            }
        }
        Ok(())
    }

    /// What a name stands for; none if there is no such file, or it is not offered.
    fn source(&self, name: PathBuf) -> Result<Option<Source>, ContextError> {
        let path = self.rooted.resolve(&name).map_err(ContextError::Unreadable)?;
        let Ok(metadata) = fs_err::symlink_metadata(&path) else { return Ok(None) };
        let is_directory = metadata.is_dir();
        let in_context = path.strip_prefix(&self.directory).unwrap_or(&name).to_owned();
        let is_offered = |below: &Path| !self.ignored.names(&in_context.join(below));
        let entries = walk::entries(&path, &is_offered)?;
        let is_empty_by_choice = self.ignored.names(&in_context) && entries.is_empty();
        if is_empty_by_choice || (!is_directory && !is_offered(Path::new(""))) {
            return Ok(None);
        }
        Ok(Some(Source { name, path, is_directory, entries }))
    }
}

impl Source {
    /// Adds all that a copy of it depends on.
    pub(crate) fn digest(&self, fingerprint: &mut Fingerprint) -> Result<(), ContextError> {
        // A file's name ends in the image if it is copied into a directory.
        fingerprint.add(self.name.file_name().unwrap_or_default().as_bytes());
        for entry in &self.entries {
            entry.digest(&self.path, fingerprint).map_err(ContextError::Unreadable)?;
        }
        fingerprint.add("end");
        Ok(())
    }
}

/// The names in a path. As nothing leads out of the context, `..` at its top has no meaning.
fn parts(pattern: &str) -> Vec<&OsStr> {
    let mut parts = Vec::new();
    for component in Path::new(pattern).components() {
        match component {
            Component::Normal(name) => parts.push(name),
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests;
