//! The pax header of an entry: what its main header cannot hold.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{NAME_LENGTH, Timestamp, ascii};
use crate::walk::clean;

/// What a pax header of another tool says, by keyword.
pub(crate) type PaxRecords = BTreeMap<Vec<u8>, Vec<u8>>;

/// Fields that are written from the entry's own facts, or left out: names of users and the time.
const FACTS: [&[u8]; 8] = [b"path", b"linkpath", b"size", b"uid", b"gid", b"uname", b"gname", b"mtime"];

/// Whether a text fits a main header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fits {
    Whole,
    /// If split. Where there is a pax header anyway, it holds the text instead.
    InParts,
    No,
}

impl Fits {
    /// Whether a field of `length` bytes holds the text.
    pub(super) fn whole(text: &[u8], length: usize) -> Self {
        if text.is_ascii() && text.len() <= length { Self::Whole } else { Self::No }
    }
}

/// The records of one entry's pax header.
pub(super) struct Records<'a> {
    copied: Option<&'a PaxRecords>,
    needed: bool,
    own: PaxRecords,
}

impl<'a> Records<'a> {
    /// Starts with those of the copied ones that are none of the entry's facts: attributes, and times of
    /// access and change. An entry that had a pax header keeps one.
    pub(super) fn new(copied: Option<&'a PaxRecords>) -> Self {
        let copied = copied.filter(|copied| !copied.is_empty());
        let is_kept = |(keyword, _): &(&Vec<u8>, &Vec<u8>)| !FACTS.contains(&keyword.as_slice());
        let records = copied.into_iter().flatten().filter(is_kept).filter_map(|(keyword, value)| {
            let value = match keyword.as_slice() {
                b"atime" | b"ctime" => Timestamp::parse(value)?.to_string().into_bytes(),
                _ => value.clone(),
            };
            Some((keyword.clone(), value))
        });
        Self { copied, needed: copied.is_some(), own: records.collect() }
    }

    /// Adds a number that the main header may not hold.
    pub(super) fn number(&mut self, keyword: &str, number: u64, fits: bool) {
        if !fits || self.copied.is_some() {
            let fits = if fits { Fits::Whole } else { Fits::No };
            self.text(keyword, number.to_string().as_bytes(), fits);
        }
    }

    /// Adds a text that the main header may not hold. A copied record stays although it need not be.
    pub(super) fn text(&mut self, keyword: &str, text: &[u8], fits: Fits) {
        let had = self.copied.and_then(|copied| copied.get(keyword.as_bytes()));
        if fits != Fits::Whole || had.is_some_and(|had| had == text) {
            self.own.insert(keyword.into(), text.to_owned());
        }
        self.needed |= fits == Fits::No;
    }

    /// The header's contents, sorted by keyword; nothing if there need not be one.
    pub(super) fn print(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if self.needed {
            for (keyword, value) in &self.own {
                print_record(&mut text, keyword, value);
            }
        }
        text
    }
}

/// Appends `length keyword=value\n`, where the length counts its own digits.
fn print_record(text: &mut Vec<u8>, keyword: &[u8], value: &[u8]) {
    let rest = keyword.len() + value.len() + 3;
    let mut length = rest;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    text.extend_from_slice(format!("{length} ").as_bytes());
    text.extend_from_slice(keyword);
    text.push(b'=');
    text.extend_from_slice(value);
    text.push(b'\n');
}

/// The name of the pax header that precedes an entry: `dir/PaxHeaders.0/base`.
pub(super) fn name(name: &[u8]) -> Vec<u8> {
    let base = name.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    let (directory, base) = name.split_at_checked(base).unwrap_or((b"", name));
    let joined = [directory, b"PaxHeaders.0/", base].concat();
    let mut name = ascii(clean(Path::new(OsStr::from_bytes(&joined))).as_os_str().as_bytes());
    name.truncate(NAME_LENGTH);
    while name.last() == Some(&b'/') {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn pax_headers_are_named_for_their_entries() {
        for (entry, header) in [
            ("a", "PaxHeaders.0/a"),
            ("a/b", "a/PaxHeaders.0/b"),
            ("/a/b", "/a/PaxHeaders.0/b"),
            ("a/b/", "a/b/PaxHeaders.0"),
            ("./a//b", "a/PaxHeaders.0/b"),
        ] {
            assert_eq!(name(entry.as_bytes()), header.as_bytes(), "{entry}");
        }
    }
}
