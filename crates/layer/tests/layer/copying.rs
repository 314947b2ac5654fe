//! Layers that other tools have archived, copied.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use layer::{ArchiveError, ExtractError, LayerSource, Refusal};
use sha2::{Digest, Sha256};
use spec_model::DiffId;

/// An entry with what matters here.
struct Entry<'a> {
    kind: u8,
    name: &'a str,
    target: &'a str,
    mode: u32,
    contents: &'a [u8],
}

const FILE: Entry<'_> = Entry { kind: b'0', name: "f", target: "", mode: 0o644, contents: b"" };

impl Entry<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes().as_mut_slice().write_all(self.name.as_bytes()).unwrap();
        let old = header.as_old_mut();
        old.linkflag = [self.kind];
        old.linkname.as_mut_slice().write_all(self.target.as_bytes()).unwrap();
        header.set_mode(self.mode);
        header.set_uid(7);
        header.set_gid(8);
        header.set_mtime(1_700_000_000);
        header.set_username("somebody").unwrap();
        header.set_groupname("some").unwrap();
        header.set_device_major(if matches!(self.kind, b'3' | b'4') { 5 } else { 0 }).unwrap();
        header.set_device_minor(if matches!(self.kind, b'3' | b'4') { 6 } else { 0 }).unwrap();
        header.set_size(self.contents.len() as u64);
        header.set_cksum();
        let mut bytes = [header.as_bytes(), self.contents].concat();
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }
}

/// The pax header in front of an entry.
fn pax(records: &[(&str, &[u8])]) -> Vec<u8> {
    let mut text = Vec::new();
    for (keyword, value) in records {
        let rest = keyword.len() + value.len() + 3;
        let length = (rest..=rest + 9).find(|length| rest + length.to_string().len() == *length).unwrap();
        text.extend_from_slice(format!("{length} {keyword}=").as_bytes());
        text.extend_from_slice(value);
        text.push(b'\n');
    }
    Entry { kind: b'x', name: "PaxHeaders.0/x", contents: &text, ..FILE }.bytes()
}

fn archive(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), vec![0; 1024]].concat()
}

fn diff_id(bytes: &[u8]) -> DiffId {
    DiffId::from_sha256(Sha256::digest(bytes).into())
}

/// Copies a stored layer that should have a diffID.
fn copy_of(stored: &[u8], expected: DiffId) -> Result<Vec<u8>, ArchiveError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("blob");
    fs_err::write(&path, stored).unwrap();
    let mut copied = Vec::new();
    let source = LayerSource::copy("extension", &path, expected);
    source.write_uncompressed(&mut copied).map_err(|error| error.reason)?;
    assert_eq!(source.diff_id().unwrap(), diff_id(&copied));
    Ok(copied)
}

fn copy(parts: &[Vec<u8>]) -> Result<Vec<u8>, ArchiveError> {
    let archive = archive(parts);
    copy_of(&archive, diff_id(&archive))
}

/// The fault that keeps a layer from being copied.
fn fault(parts: &[Vec<u8>]) -> ExtractError {
    let Err(ArchiveError::Copied { source, .. }) = copy(parts) else { panic!("no fault") };
    *source
}

/// Checks the start of a copy's SHA-256: that of the archive that Go 1.26's `archive/tar` makes of the entries
/// when it reads them, sets the time and clears the names of users, and writes them.
#[track_caller]
fn check(parts: &[Vec<u8>], hash: &str) {
    let copied = copy(parts).unwrap();
    let found =
        Sha256::digest(&copied).iter().take(8).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    assert_eq!(found, hash);
}

#[test]
fn every_kind_of_entry_is_copied() {
    let entries = [
        Entry { kind: b'5', name: "./", mode: 0o755, ..FILE },
        Entry { kind: b'5', name: "etc/", mode: 0o40755, ..FILE },
        Entry { name: "etc/a", mode: 0o104_711, contents: &[7; 513], ..FILE },
        Entry { kind: b'1', name: "etc/b", target: "etc/a", ..FILE },
        Entry { kind: b'2', name: "etc/c", target: "../x", mode: 0o777, ..FILE },
        Entry { kind: b'3', name: "dev/c", ..FILE },
        Entry { kind: b'4', name: "dev/b", ..FILE },
        Entry { kind: b'6', name: "/run/fifo", ..FILE },
        Entry { name: "etc/.wh.gone", mode: 0, ..FILE },
    ];
    check(&entries.map(|entry| entry.bytes()), "309fef3e5bac7d36");
}

#[test]
fn attributes_stay() {
    let records = [
        ("atime", b"1700000000.120".as_slice()),
        ("ctime", b"1700000001"),
        ("mtime", b"1700000002.5"),
        ("SCHILY.xattr.security.capability", b"\x01\0\0\x02\0\x20\0\0\n="),
        ("LIBARCHIVE.creationtime", b"1"),
        ("comment", b""),
        ("uname", b"gr\xc3\xbcn"),
    ];
    let ping = Entry { name: "bin/ping", mode: 0o755, contents: b"ping", ..FILE };
    let other = Entry { name: "bin/other", ..FILE };
    check(&[pax(&records), ping.bytes(), other.bytes()], "e295c6bedd1ce40d");
}

#[test]
fn records_that_need_not_be_stay_if_they_tell_the_same() {
    let records = [("path", b"short".as_slice()), ("uid", b"7"), ("gid", b"08"), ("size", b"3")];
    let parts = [
        pax(&records),
        Entry { name: "shor", contents: b"abc", ..FILE }.bytes(),
        pax(&[("mtime", b"1700000002.5")]),
        Entry { name: "plain", ..FILE }.bytes(),
        pax(&[("linkpath", b"somewhere")]),
        Entry { kind: b'2', name: "link", target: "somewhere", ..FILE }.bytes(),
    ];
    check(&parts, "d4c34bad5d019922");
}

#[test]
fn long_names_are_copied() {
    let directory = format!("{}/{}/", "d".repeat(60), "e".repeat(60));
    let longest = "n".repeat(150);
    let parts = [
        pax(&[("path", directory.as_bytes())]),
        Entry { kind: b'5', name: "cut", ..FILE }.bytes(),
        pax(&[("path", longest.as_bytes()), ("uid", b"3000000")]),
        Entry { name: "cut", ..FILE }.bytes(),
        pax(&[("linkpath", longest.as_bytes())]),
        Entry { kind: b'1', name: "hard", target: "cut", ..FILE }.bytes(),
    ];
    check(&parts, "fb0534f93e857f72");
}

#[test]
fn stored_form_does_not_matter() {
    let plain = archive(&[Entry { name: "a", contents: &[1; 3000], ..FILE }.bytes()]);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&plain).unwrap();
    let gzip = gzip.finish().unwrap();
    let copied = copy_of(&plain, diff_id(&plain)).unwrap();
    assert_eq!(copy_of(&gzip, diff_id(&plain)).unwrap(), copied);
    // Copies are as they should be already.
    assert_eq!(copy_of(&copied, diff_id(&copied)).unwrap(), copied);
}

#[test]
fn hostile_entries_are_refused() {
    for name in ["..", "../a", "a/../b", "/a/..", "./../b"] {
        let refused = fault(&[Entry { name, ..FILE }.bytes()]);
        assert!(matches!(refused, ExtractError::Refused { reason: Refusal::ParentDirectory, .. }), "{name}");
        let refused = fault(&[Entry { kind: b'1', name: "l", target: name, ..FILE }.bytes()]);
        assert!(matches!(refused, ExtractError::Refused { reason: Refusal::ParentDirectory, .. }), "{name}");
    }
    for entry in [
        Entry { name: "a/", ..FILE },
        Entry { kind: b'1', name: "l", target: "a", contents: b"more", ..FILE },
        Entry { kind: b'5', name: "d/", contents: &[0; 512], ..FILE },
        Entry { kind: b'S', name: "sparse", ..FILE },
        Entry { kind: b'V', name: "volume", ..FILE },
    ] {
        let refused = fault(&[entry.bytes()]);
        assert!(matches!(refused, ExtractError::Refused { reason: Refusal::Kind(_), .. }), "{}", entry.name);
    }
    for records in [&[("path", b"a\0b".as_slice())][..], &[("", b"x")], &[("size", b"-1")]] {
        let refused = fault(&[pax(records), FILE.bytes()]);
        assert!(matches!(refused, ExtractError::Archive(_)), "{records:?}");
    }
}

#[test]
fn damaged_layers_are_refused() {
    let whole = archive(&[Entry { name: "a", contents: &[1; 3000], ..FILE }.bytes()]);
    let expected = diff_id(&whole);
    for (stored, words) in [
        (&whole[..700], "too early"),
        (&whole[..whole.len() - 1024], "too early"),
        (&whole[..whole.len() - 512], "has the digest"),
        (&[whole.as_slice(), &[0]].concat(), "has the digest"),
        (b"<html>", "too early"),
        (&[b'x'; 1024], "no tar archive"),
        (b"", "too early"),
        (&[0x28, 0xb5, 0x2f, 0xfd, 0], "zstd"),
        (&[0x1f, 0x8b, 8, 0, 0], "cannot be read"),
    ] {
        let error = copy_of(stored, expected).unwrap_err();
        let ArchiveError::Copied { source, path } = error else { panic!("{error:?}") };
        assert!(source.to_string().contains(words), "{source} instead of {words}");
        assert!(path.ends_with("blob"));
    }
    let dir = tempfile::tempdir().unwrap();
    let source = LayerSource::copy("x", dir.path(), expected);
    assert!(matches!(source.diff_id().unwrap_err().reason, ArchiveError::NotAFile(_)));
    let source = LayerSource::copy("x", &dir.path().join("absent"), expected);
    assert!(matches!(source.diff_id().unwrap_err().reason, ArchiveError::Unreadable { .. }));
}
