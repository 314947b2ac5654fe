//! What several of the tests need.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags};
use snapshot::{Root, SnapshotError, State, apply};
use tempfile::TempDir;

/// A directory that stands for a root, and a second one that follows it by layers alone.
pub(crate) struct Roots {
    pub(crate) one: TempDir,
    pub(crate) other: TempDir,
    before: State,
}

impl Roots {
    /// Makes a tree; the second one has it, too.
    pub(crate) fn new(make: impl FnOnce(&Path)) -> Self {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let before = Root::new(one.path(), &[]).state().unwrap();
        let mut roots = Self { one, other, before };
        roots.step(make);
        roots
    }

    /// Changes the tree and brings the difference to the second one; returns the layer.
    pub(crate) fn step(&mut self, change: impl FnOnce(&Path)) -> Vec<u8> {
        change(self.one.path());
        let mut layer = Vec::new();
        let root = Root::new(self.one.path(), &[]);
        let difference = root.difference(&self.before, &mut layer).unwrap();
        apply(&layer[..], self.other.path()).unwrap();
        assert_same(self.one.path(), self.other.path());
        assert_eq!(difference.entries, entries(&layer).len() as u64);
        self.before = difference.after;
        layer
    }

    /// As [`Self::step`], but returns what the layer has.
    pub(crate) fn names(&mut self, change: impl FnOnce(&Path)) -> Vec<String> {
        names(&self.step(change))
    }
}

/// Takes the difference that a change makes; nobody applies it.
pub(crate) fn difference(root: &Root, before: &State) -> Result<Vec<u8>, SnapshotError> {
    let mut layer = Vec::new();
    root.difference(before, &mut layer).map(|_| layer)
}

/// An entry of a layer.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) kind: tar::EntryType,
    pub(crate) target: PathBuf,
    pub(crate) records: BTreeMap<String, Vec<u8>>,
}

pub(crate) fn entries(layer: &[u8]) -> Vec<Found> {
    let mut archive = tar::Archive::new(layer);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = PathBuf::from(OsStr::from_bytes(&entry.path_bytes()));
        let target = PathBuf::from(OsStr::from_bytes(&entry.link_name_bytes().unwrap_or_default()));
        let kind = entry.header().entry_type();
        // This reader takes a record with a line break in it for several, and fails at those.
        let records = entry.pax_extensions().unwrap().into_iter().flatten().filter_map(Result::ok);
        let records = records.map(|record| (record.key().unwrap().to_owned(), record.value_bytes().to_vec()));
        Found { path, kind, target, records: records.collect() }
    });
    entries.collect()
}

pub(crate) fn names(layer: &[u8]) -> Vec<String> {
    entries(layer).iter().map(|entry| entry.path.to_string_lossy().into_owned()).collect()
}

/// All that is below a root, and the root's own names for files with several.
pub(crate) fn tree(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut tree = BTreeMap::new();
    let mut links = BTreeMap::new();
    add(root, root, &mut tree, &mut links);
    tree
}

pub(crate) fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (tree(one), tree(other));
    for path in one.keys().chain(other.keys()) {
        assert_eq!(one.get(path), other.get(path), "{}", path.display());
    }
}

fn add(
    root: &Path,
    directory: &Path,
    tree: &mut BTreeMap<PathBuf, String>,
    links: &mut BTreeMap<(u64, u64), PathBuf>,
) {
    let mut paths: Vec<_> = fs_err::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    for path in paths {
        let found = fs_err::symlink_metadata(&path).unwrap();
        let relative = path.strip_prefix(root).unwrap().to_owned();
        let kind = found.file_type();
        let contents = match () {
            () if kind.is_file() => format!("{:?}", Checksum(&fs_err::read(&path).unwrap())),
            () if kind.is_symlink() => printable(&fs_err::read_link(&path).unwrap()),
            () => String::new(),
        };
        let first = match found.nlink() {
            2.. if !kind.is_dir() => {
                links.entry((found.dev(), found.ino())).or_insert_with(|| relative.clone()).clone()
            }
            _ => relative.clone(),
        };
        let first = printable(&first);
        let attributes = layer::read_attributes(&path).unwrap();
        let (mode, owner, device) = (found.mode(), (found.uid(), found.gid()), found.rdev());
        let time = (found.mtime(), found.mtime_nsec());
        let facts = format!("{mode:o} {owner:?} {device} {time:?} {first} {attributes:?} {contents}");
        tree.insert(relative, facts);
        if kind.is_dir() {
            add(root, &path, tree, links);
        }
    }
}

fn printable(path: &Path) -> String {
    path.as_os_str().as_bytes().escape_ascii().to_string()
}

/// Contents by length and a sum, as messages with whole files help nobody.
struct Checksum<'a>(&'a [u8]);

impl std::fmt::Debug for Checksum<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sum =
            self.0.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(*byte));
        write!(formatter, "{} bytes, {sum:x}", self.0.len())
    }
}

pub(crate) fn write(path: &Path, contents: impl AsRef<[u8]>) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, contents).unwrap();
}

pub(crate) fn set_time(path: &Path, seconds: i64, nanoseconds: u32) {
    let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

pub(crate) fn set_attribute(path: &Path, name: &str, value: &[u8]) -> rustix::io::Result<()> {
    rustix::fs::lsetxattr(path, name, value, XattrFlags::empty())
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether this process is root; says so if a test has to leave out what needs that.
pub(crate) fn is_root_or_says_so(left_out: &str) -> bool {
    if !is_root() {
        #[expect(clippy::print_stderr, reason = "what is left out must be seen")]
        {
            eprintln!("SKIPPED, needs root: {left_out}");
        }
    }
    is_root()
}
