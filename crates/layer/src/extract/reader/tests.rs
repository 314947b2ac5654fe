use tar::EntryType;

use super::{ArchiveFault, ArchiveReader, Member};

/// A header as GNU tar writes it, but for what is given.
fn header(kind: u8, name: &str, size: usize) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.as_mut_bytes()[156] = kind;
    header.set_mode(0o644);
    header.set_uid(1);
    header.set_gid(2);
    header.set_size(size as u64);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn entry(kind: u8, name: &str, contents: &[u8]) -> Vec<u8> {
    let mut entry = header(kind, name, contents.len());
    entry.extend_from_slice(contents);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

fn end() -> Vec<u8> {
    vec![0; 1024]
}

fn read(parts: &[Vec<u8>]) -> Result<Vec<(Member, Vec<u8>)>, ArchiveFault> {
    let archive = parts.concat();
    let mut reader = ArchiveReader::new(&archive[..]);
    let mut members = Vec::new();
    while let Some(member) = reader.next()? {
        let mut contents = vec![0; 4096];
        let mut length = 0;
        loop {
            match reader.read(&mut contents[length..])? {
                0 => break,
                read => length += read,
            }
        }
        contents.truncate(length);
        members.push((member, contents));
    }
    Ok(members)
}

fn one(parts: &[Vec<u8>]) -> (Member, Vec<u8>) {
    let mut members = read(parts).unwrap();
    assert_eq!(members.len(), 1);
    members.remove(0)
}

#[test]
fn entries_follow_each_other() {
    let members = read(&[
        entry(b'5', "d/", b""),
        entry(b'0', "d/one", b"1"),
        entry(b'0', "d/even", &[7; 512]),
        entry(b'\0', "d/old", b"22"),
        entry(b'\0', "e/", b""),
        end(),
    ])
    .unwrap();
    let found: Vec<_> = members
        .iter()
        .map(|(member, contents)| (member.path.to_str().unwrap(), member.kind, contents.len()))
        .collect();
    let (file, directory) = (EntryType::Regular, EntryType::Directory);
    assert_eq!(
        found,
        [
            ("d/", directory, 0),
            ("d/one", file, 1),
            ("d/even", file, 512),
            ("d/old", file, 2),
            ("e/", directory, 0)
        ]
    );
    let (member, _) = &members[1];
    assert_eq!((member.mode, member.owner.uid, member.owner.gid), (0o644, 1, 2));
}

#[test]
fn pax_records_replace_fields() {
    let mut records = Vec::new();
    for (keyword, value) in [
        ("path", "long/\u{fc}/name"),
        ("linkpath", "\u{fc}/li\nnk"),
        ("uid", "3000000"),
        ("gid", "3000001"),
        ("comment", "b=c"),
        ("size", "3"),
    ] {
        let rest = format!(" {keyword}={value}\n");
        let length = rest.len() + if rest.len() + 1 < 10 { 1 } else { 2 };
        records.extend_from_slice(format!("{length}{rest}").as_bytes());
    }
    let mut main = header(b'0', "short", 0);
    main.extend_from_slice(b"abc");
    main.resize(1024, 0);
    let (member, contents) = one(&[entry(b'x', "p", &records), main, end()]);
    assert_eq!(member.path.to_str(), Some("long/\u{fc}/name"));
    assert_eq!(member.target.to_str(), Some("\u{fc}/li\nnk"));
    assert_eq!((member.owner.uid, member.owner.gid), (3_000_000, 3_000_001));
    assert_eq!(contents, b"abc");
}

#[test]
fn gnu_long_names_replace_fields() {
    let name = format!("{}\0", "n".repeat(300));
    let link = format!("{}\0", "l".repeat(300));
    let parts = [
        entry(b'L', "././@LongLink", name.as_bytes()),
        entry(b'K', "././@LongLink", link.as_bytes()),
        entry(b'2', "n", b""),
        end(),
    ];
    let (member, _) = one(&parts);
    assert_eq!(member.path.to_str(), Some(&name[..300]));
    assert_eq!(member.target.to_str(), Some(&link[..300]));
}

#[test]
fn extended_headers_hold_for_one_entry() {
    let members = read(&[
        entry(b'g', "global", b"20 comment=whatever\n"),
        entry(b'x', "p", b"9 path=x\n"),
        entry(b'0', "one", b""),
        entry(b'0', "two", b""),
        end(),
    ])
    .unwrap();
    let paths: Vec<_> = members.iter().map(|(member, _)| member.path.to_str().unwrap()).collect();
    assert_eq!(paths, ["x", "two"]);
}

#[test]
fn sparse_files_are_told_apart() {
    assert_eq!(one(&[entry(b'S', "s", b""), end()]).0.kind, EntryType::GNUSparse);
    let pax = entry(b'x', "p", b"22 GNU.sparse.major=1\n");
    assert_eq!(one(&[pax, entry(b'0', "s", b""), end()]).0.kind, EntryType::GNUSparse);
}

#[test]
fn an_archive_without_its_end_is_truncated() {
    let whole = [entry(b'x', "p", b"9 path=x\n"), entry(b'0', "one", &[1; 700]), end()].concat();
    for length in (0..whole.len() - 1024).chain([whole.len() - 1024 + 511]) {
        let result = read(&[whole[..length].to_vec()]);
        assert!(matches!(result, Err(ArchiveFault::Truncated)), "{length}: {result:?}");
    }
    assert!(read(&[whole]).is_ok());
}

#[test]
fn damage_is_found() {
    let mut flipped = entry(b'0', "one", b"1");
    flipped[3] ^= 1;
    assert!(matches!(read(&[entry(b'0', "a", b""), flipped, end()]), Err(ArchiveFault::Checksum(512))));
    assert!(matches!(read(&[vec![b'a'; 2048]]), Err(ArchiveFault::Checksum(0))));
}

#[test]
fn malformed_extended_headers_are_refused() {
    for records in [
        "9path=x\n",
        "9 path=x ",
        "99 path=x\n",
        "0 path=x\n",
        "3 path=x\n",
        "-9 path=x\n",
        "9 path:x\n",
        "x path=x\n",
        "99999999999999999999999 path=x\n",
        "9 uid=x1\n",
        "11 size=-1\n",
        "\n",
    ] {
        let result = read(&[entry(b'x', "p", records.as_bytes()), entry(b'0', "a", b""), end()]);
        assert!(
            matches!(result, Err(ArchiveFault::Malformed { field: "pax header", .. })),
            "{records}: {result:?}"
        );
    }
    let result = read(&[entry(b'x', "p", b"18 uid=4294967296\n"), entry(b'0', "a", b""), end()]);
    assert!(matches!(result, Err(ArchiveFault::Malformed { field: "owner", .. })), "{result:?}");
}

#[test]
fn extended_headers_of_any_size_are_not_kept_in_memory() {
    for kind in [b'x', b'L', b'K'] {
        let result = read(&[header(kind, "p", 5 << 30), end()]);
        let Err(ArchiveFault::Malformed { field, offset: 0 }) = result else { panic!("{result:?}") };
        assert_eq!(field, "extended header of over 1 MiB");
    }
}

#[test]
fn a_size_beyond_all_bounds_is_truncated() {
    let records = format!("29 size={}\n", u64::MAX);
    let result = read(&[entry(b'x', "p", records.as_bytes()), entry(b'0', "a", b""), end()]);
    assert!(matches!(result, Err(ArchiveFault::Truncated)), "{result:?}");
}
