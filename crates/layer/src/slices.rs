//! Slices: the app directory divided into layers by patterns.
//!
//! Spec: buildpack.md § launch.toml, `slices`.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use crate::archive::Halt;
use crate::error::{ArchiveError, LayerError};
use crate::glob;
use crate::header::Owner;
use crate::source::LayerSource;
use crate::walk::{Order, clean, walk};

/// The app directory could not be divided.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SliceError {
    /// A pattern can't be read.
    #[error("slice {slice} in launch.toml has the malformed pattern '{pattern}'")]
    BadPattern {
        /// The slice's number, from 1.
        slice: usize,
        /// The pattern as given.
        pattern: String,
    },
    /// The app directory can't be listed.
    #[error(transparent)]
    Unlisted(#[from] LayerError),
}

/// Divides the app directory into one layer for each slice and a last one for the rest.
///
/// `slices` holds the patterns of each. A path goes to the first slice that matches it; a directory takes
/// along what is below it. A layer has the directories that lead to its paths as well. A layer that gets
/// nothing is an empty archive. Without slices the whole directory is one layer.
pub fn split(app: &Path, slices: &[Vec<String>], owner: Owner) -> Result<Vec<LayerSource>, SliceError> {
    let id = |number: usize| format!("slice-{number}");
    if slices.is_empty() {
        return Ok(vec![LayerSource::app(id(1), app, owner)]);
    }
    let app = clean(app);
    let mut tree = Tree::read(&app)?;
    let mut layers = Vec::new();
    for (number, patterns) in (1..).zip(slices) {
        let mut taken = BTreeSet::new();
        for pattern in patterns {
            tree.take_matching(pattern, &mut taken)
                .map_err(|_| SliceError::BadPattern { slice: number, pattern: pattern.clone() })?;
        }
        tree.take_parents(&mut taken);
        layers.push(LayerSource::listed(id(number), app.clone(), tree.paths(taken), owner));
    }
    let rest = (0..tree.nodes.len()).filter(|node| !tree.is_taken(*node)).collect();
    layers.push(LayerSource::listed(id(slices.len() + 1), app, tree.paths(rest), owner));
    Ok(layers)
}

/// A path of the app directory.
#[derive(Debug)]
struct Node {
    /// Below the app directory, which itself has the empty path.
    path: PathBuf,
    parent: Option<usize>,
    children: Vec<usize>,
    /// Whether a slice has it; for a directory that a slice only leads through: and has all that is in it.
    taken: bool,
}

/// All paths of the app directory, each directory in front of what it holds.
#[derive(Debug, Default)]
struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    fn read(app: &Path) -> Result<Self, LayerError> {
        let failed = |reason| LayerError { layer: "app".to_owned(), reason };
        if !app.is_absolute() {
            return Err(failed(ArchiveError::NotAbsolute(app.to_owned())));
        }
        let mut tree = Self::default();
        let mut open: Vec<(PathBuf, usize)> = Vec::new();
        let walked = walk(app, Order::DepthFirst, &mut |path, stat| {
            let path = path.strip_prefix(app).unwrap_or(path);
            while open.last().is_some_and(|(directory, _)| path.parent() != Some(directory)) {
                open.pop();
            }
            let node = tree.add(path, open.last().map(|(_, node)| *node));
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                open.push((path.to_owned(), node));
            }
            Ok(())
        });
        match walked {
            Ok(()) | Err(Halt::ReceiverGone) => Ok(tree),
            Err(Halt::Failed(reason)) => Err(failed(reason)),
        }
    }

    fn add(&mut self, path: &Path, parent: Option<usize>) -> usize {
        let node = self.nodes.len();
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent)) {
            parent.children.push(node);
        }
        self.nodes.push(Node { path: path.to_owned(), parent, children: Vec::new(), taken: false });
        node
    }

    fn is_taken(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|node| node.taken)
    }

    fn take_matching(&mut self, pattern: &str, taken: &mut BTreeSet<usize>) -> Result<(), glob::BadPattern> {
        let pattern = clean(Path::new(pattern));
        // The app directory itself matches nothing.
        for node in 1..self.nodes.len() {
            let path = self.nodes.get(node).map(|node| node.path.as_os_str().as_bytes()).unwrap_or_default();
            if glob::matches(pattern.as_os_str().as_bytes(), path)? {
                self.take(node, taken);
            }
        }
        Ok(())
    }

    /// Takes a path and all below it, but for what is taken already.
    fn take(&mut self, node: usize, taken: &mut BTreeSet<usize>) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if let Some(found) = self.nodes.get_mut(node).filter(|node| !node.taken) {
                found.taken = true;
                taken.insert(node);
                open.extend(&found.children);
            }
        }
    }

    /// Adds the directories that lead to what a slice took. One of which nothing is left counts as taken.
    fn take_parents(&mut self, taken: &mut BTreeSet<usize>) {
        let mut parents = BTreeSet::new();
        for node in &*taken {
            let mut node = *node;
            while let Some(parent) = self.nodes.get(node).and_then(|node| node.parent) {
                if !taken.contains(&parent) {
                    parents.insert(parent);
                }
                node = parent;
            }
        }
        // Inner directories have larger numbers.
        for parent in parents.iter().rev() {
            let all_taken = |node: &Node| node.children.iter().all(|child| self.is_taken(*child));
            let all_taken = self.nodes.get(*parent).is_some_and(all_taken);
            if let Some(node) = self.nodes.get_mut(*parent) {
                node.taken = all_taken;
            }
        }
        taken.extend(parents);
    }

    fn paths(&self, nodes: BTreeSet<usize>) -> Vec<PathBuf> {
        let mut paths: Vec<_> =
            nodes.into_iter().filter_map(|node| self.nodes.get(node)).map(|node| node.path.clone()).collect();
        paths.sort_unstable_by(|one, other| one.as_os_str().cmp(other.as_os_str()));
        paths
    }
}

#[cfg(test)]
mod tests;
