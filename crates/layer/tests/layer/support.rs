//! What several of the tests need.

use std::num::NonZeroUsize;
use std::path::Path;

use layer::{Compressors, LayerSource, Owner};

pub(crate) const OWNER: Owner = Owner { uid: 1234, gid: 4321 };

/// A tar entry with the fields of interest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) kind: tar::EntryType,
    pub(crate) mode: u32,
    pub(crate) owner: (u64, u64),
    pub(crate) target: String,
    pub(crate) contents: Vec<u8>,
}

/// Archives a layer and reads it back.
pub(crate) fn entries(source: &LayerSource) -> Vec<Found> {
    let mut archive = Vec::new();
    source.write_uncompressed(&mut archive).unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut reader = tar::Archive::new(&archive[..]);
    let entries = reader.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut contents = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut contents).unwrap();
        assert_eq!(entry.header().mtime().unwrap(), 315_532_801);
        assert_eq!(entry.header().username_bytes(), Some(&b""[..]));
        assert_eq!(entry.header().groupname_bytes(), Some(&b""[..]));
        Found {
            path: text(&entry.path_bytes()),
            kind: entry.header().entry_type(),
            mode: entry.header().mode().unwrap(),
            owner: (entry.header().uid().unwrap(), entry.header().gid().unwrap()),
            target: text(&entry.link_name_bytes().unwrap_or_default()),
            contents,
        }
    });
    entries.collect()
}

pub(crate) fn compressors(count: usize) -> Compressors {
    Compressors::exactly(NonZeroUsize::new(count).unwrap())
}

/// Bytes that are always the same; half of them compress well, the others not at all.
pub(crate) fn mixed_bytes(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 64);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
        bytes.extend_from_slice(format!("line {:5}, ", bytes.len() % 20_000).as_bytes());
    }
    bytes.truncate(length);
    bytes
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs a test in a thread that has no more rights to files than their modes give, even for root.
pub(crate) fn bound_by_modes(test: impl FnOnce() + Send) {
    use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let CapabilitySets { effective, permitted, inheritable } = capabilities(None).unwrap();
            let effective = effective - CapabilitySet::DAC_OVERRIDE - CapabilitySet::DAC_READ_SEARCH;
            set_capabilities(None, CapabilitySets { effective, permitted, inheritable }).unwrap();
            test();
        });
    });
}

/// The directories that lead to a path, as they are in a layer.
pub(crate) fn parents_of(path: &Path) -> Vec<String> {
    let mut parents: Vec<_> = path
        .ancestors()
        .skip(1)
        .filter(|path| *path != Path::new("/"))
        .map(|path| path.to_str().unwrap().to_owned())
        .collect();
    parents.reverse();
    parents
}
