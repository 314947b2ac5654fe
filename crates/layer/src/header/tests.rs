//! The expected hashes are those of the headers that Go 1.26's `archive/tar` writes for the same facts.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::{Entry, Kind, Owner, RECORD, Timestamp};

const ROOT: Owner = Owner::ROOT;

fn path(bytes: impl Into<Vec<u8>>) -> PathBuf {
    OsString::from_vec(bytes.into()).into()
}

fn encoded(name: impl Into<Vec<u8>>, kind: Kind<'_>, mode: u32, owner: Owner) -> Vec<u8> {
    let mut out = Vec::new();
    Entry { path: &path(name), kind, mode, owner, modified: Timestamp::OF_LAYERS, copied: None }
        .encode(&mut out);
    out
}

/// Checks the length in records and the start of the SHA-256.
fn check(label: &str, header: &[u8], records: usize, hash: &str) {
    assert_eq!(header.len(), records * RECORD, "{label}");
    let found =
        Sha256::digest(header).iter().take(8).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    assert_eq!(found, hash, "{label}");
}

#[test]
fn each_kind_of_entry() {
    let owner = |uid, gid| Owner { uid, gid };
    let target = path("../target");
    for (label, header, hash) in [
        ("directory", encoded("/layers/bp/l", Kind::Directory, 0o755, owner(1000, 1000)), "1d3e54928efe443d"),
        ("file", encoded("/layers/bp/l/file", Kind::File(5), 0o4755, owner(1, 2)), "421fa3e7aa91096a"),
        ("no permission", encoded("/f", Kind::File(0), 0, ROOT), "1d29718e15ba04aa"),
        ("symlink", encoded("/l/link", Kind::Symlink(&target), 0o777, owner(7, 8)), "32570f4a23086fb0"),
        ("hard link", encoded("l/h", Kind::HardLink(&path("l/f")), 0o644, ROOT), "11c8a65bef61d733"),
        ("fifo", encoded("/l/pipe", Kind::Fifo, 0o1600, owner(7, 8)), "43d8919988a75612"),
        ("character", encoded("/l/c", Kind::CharacterDevice(4, 1_048_575), 0o600, ROOT), "324b2831d4ea828b"),
        ("block", encoded("/l/b", Kind::BlockDevice(4095, 0), 0o660, ROOT), "075d63e88e033d4a"),
    ] {
        check(label, &header, 1, hash);
    }
}

#[test]
fn names_are_split_or_go_to_a_pax_record() {
    let n = |count| "n".repeat(count);
    let p = |count| "p".repeat(count);
    let q = "q".repeat(200);
    for (label, name, mode, records, hash) in [
        ("name of 100", format!("/l/{}", n(97)), 0o644, 1, "81fd15d3eaffcabb"),
        ("name of 101, split", format!("/layers/{}", n(93)), 0o644, 1, "a039069c88fbe3f2"),
        ("no slash to split at", format!("/{}", n(100)), 0o644, 3, "82e6436ed6f058da"),
        ("last part over 100", format!("/layers/{}", n(101)), 0o644, 3, "47a0bf2fcd38884a"),
        ("prefix of 155", format!("/{}/{}", p(154), n(100)), 0o644, 1, "b0c90baf2910a158"),
        ("prefix of 156", format!("/{}/{}", p(155), n(100)), 0o644, 3, "c000eaa46b477a62"),
        ("cut at a slash", format!("/{}/{q}", p(98)), 0o644, 3, "f40adc1a75a8e195"),
        ("pax name cut", format!("/{}/{q}", p(80)), 0o644, 3, "be2d75c7aec807f5"),
        ("pax name cut at a slash", format!("/{}/{q}", p(86)), 0o644, 3, "06b2a81e57afcbba"),
        ("very long", format!("/{}", "d".repeat(200)).repeat(19), 0o644, 10, "e60f9545418b8b6a"),
    ] {
        check(label, &encoded(name, Kind::File(0), mode, ROOT), records, hash);
    }
    let short = encoded("/abcdefg".repeat(31), Kind::Directory, 0o700, ROOT);
    check("many short parts", &short, 1, "edfd60e394b71e7f");
    let long = encoded("/abcdefg".repeat(40), Kind::Directory, 0o700, ROOT);
    check("over 256", &long, 3, "aee072920829a464");
}

#[test]
fn names_of_copied_directories_may_end_in_a_slash() {
    let n = |name: &str, count| name.repeat(count);
    for (label, name, records, hash) in [
        ("split", format!("{}/{}/", n("d", 60), n("e", 60)), 1, "b857847f89c8da98"),
        ("of 156, split", format!("{}/{}/", n("p", 100), n("q", 54)), 1, "f8ddaf2075a76903"),
        ("of 157, split", format!("{}/{}/", n("p", 100), n("q", 55)), 1, "5fcea1c1343c8866"),
        ("no other slash", format!("{}/", n("n", 100)), 3, "9e1fbaeed232794e"),
    ] {
        check(label, &encoded(name, Kind::Directory, 0o755, ROOT), records, hash);
    }
}

#[test]
fn other_characters_go_to_a_pax_record_as_they_are() {
    for (label, name, kind, mode, hash) in [
        ("non-ASCII", "/l/gr\u{fc}\u{df}e/\u{65e5}\u{672c}".into(), Kind::File(1), 0o644, "188316a6836b153c"),
        ("nothing else", "/l/\u{65e5}".into(), Kind::Directory, 0o755, "76d3ee141766fb86"),
        ("not UTF-8", b"/l/a\xff\xfeb".to_vec(), Kind::File(0), 0o644, "e09d754cfc5d546a"),
        ("cut UTF-8", b"/l/a\xe6\x97".to_vec(), Kind::File(0), 0o644, "d1598b36d575a2f6"),
    ] {
        check(label, &encoded(name, kind, mode, ROOT), 3, hash);
    }
}

#[test]
fn link_targets() {
    let t = |count| "t".repeat(count);
    for (label, target, records, hash) in [
        ("link of 100", t(100).into_bytes(), 1, "8479cacfebe75dbc"),
        ("link of 101", t(101).into_bytes(), 3, "cc1d8f2ec7957cbe"),
        ("cut at two slashes", format!("{}//t", t(98)).into_bytes(), 3, "bdfd017cb45928c5"),
        ("non-ASCII", "\u{fc}".into(), 3, "61767a32e6e8c801"),
        ("not UTF-8", b"x\xc3(".to_vec(), 3, "71d04419a8411bac"),
        ("record of over 99 bytes", format!("{}\u{fc}", t(85)).into_bytes(), 3, "b8732159e1245dd4"),
        ("record of over 999 bytes", t(985).into_bytes(), 4, "409f064f8e221b90"),
    ] {
        check(label, &encoded("/l/s", Kind::Symlink(&path(target)), 0o777, ROOT), records, hash);
    }
}

#[test]
fn numbers_that_do_not_fit() {
    let owner = |uid, gid| Owner { uid, gid };
    for (label, size, owner, records, hash) in [
        ("largest octal ids", 0, owner(2_097_151, 2_097_151), 1, "85fa7130f576f4c5"),
        ("uid over octal", 0, owner(2_097_152, 5), 3, "2a788fe57adeca59"),
        ("gid over octal", 0, owner(5, 4_294_967_294), 3, "fabc3ff2100a2da2"),
        ("8 GiB less one", 8_589_934_591, ROOT, 1, "b178215bf993b45a"),
        ("8 GiB", 8_589_934_592, ROOT, 3, "3908007b0bb30451"),
    ] {
        check(label, &encoded("/l/f", Kind::File(size), 0o644, owner), records, hash);
    }
}

#[test]
fn several_records_at_once() {
    let name = format!("/layers/{}", "n".repeat(93));
    let target = path("\u{fc}".repeat(60));
    let owner = Owner { uid: 3_000_000, gid: 3_000_001 };
    let header = encoded(name.clone(), Kind::Symlink(&target), 0o777, owner);
    check("all but size", &header, 3, "bdb0734ea918e6fb");
    let owner = Owner { uid: 3_000_000, gid: 0 };
    check("a split name and a uid", &encoded(name, Kind::File(9), 0o644, owner), 3, "74501d8065992434");
}
