//! What layers carry besides contents, from one root to another, and as other tools see it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::support::{Roots, assert_same, entries, is_root_or_says_so, set_attribute, set_time, write};

/// `cap_net_bind_service=ep`, as the kernel keeps it.
const CAPABILITY: [u8; 20] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn owners_devices_and_capabilities() {
    if !is_root_or_says_so("owners, devices and capabilities") {
        return;
    }
    let make = |root: &Path| {
        for (name, kind, device) in [
            ("null", FileType::CharacterDevice, makedev(1, 3)),
            ("loop", FileType::BlockDevice, makedev(7, 300)),
            ("pipe", FileType::Fifo, 0),
        ] {
            mknodat(CWD, root.join(name), kind, Mode::from_raw_mode(0o640), device).unwrap();
        }
        write(&root.join("ping"), "program");
        std::os::unix::fs::lchown(root.join("ping"), Some(70_000), Some(3_000_000)).unwrap();
        set_attribute(&root.join("ping"), "security.capability", &CAPABILITY).unwrap();
        write(&root.join("sudo"), "program");
        std::os::unix::fs::lchown(root.join("sudo"), Some(7), Some(8)).unwrap();
        fs_err::set_permissions(root.join("sudo"), PermissionsExt::from_mode(0o6755)).unwrap();
        fs_err::os::unix::fs::symlink("sudo", root.join("link")).unwrap();
        std::os::unix::fs::lchown(root.join("link"), Some(9), Some(10)).unwrap();
        fs_err::create_dir(root.join("closed")).unwrap();
        std::os::unix::fs::lchown(root.join("closed"), Some(11), Some(12)).unwrap();
        write(&root.join("closed/file"), "");
        fs_err::set_permissions(root.join("closed"), PermissionsExt::from_mode(0o2050)).unwrap();
    };
    let mut roots = Roots::new(make);
    let layer = roots.step(|root| {
        rustix::fs::removexattr(root.join("ping"), "security.capability").unwrap();
        std::os::unix::fs::lchown(root.join("closed"), Some(0), None).unwrap();
    });
    assert_eq!(entries(&layer).len(), 2);
}

#[test]
fn extended_attributes() {
    let mut roots = Roots::new(|root| write(&root.join("d/f"), ""));
    let path = roots.one.path().join("d/f");
    if set_attribute(&path, "user.a", b"").is_err() {
        is_root_or_says_so("extended attributes, which this file system has not");
        return;
    }
    let layer = roots.step(|root| {
        set_attribute(&root.join("d"), "user.text", "text\n\0 more".as_bytes()).unwrap();
        set_attribute(&root.join("d/f"), "user.large", &[b'x'; 1500]).unwrap();
        set_attribute(&root.join("d/f"), "user.with=sign", b"left out").unwrap_or_default();
    });
    let entries = entries(&layer);
    assert_eq!(entries[1].records["SCHILY.xattr.user.large"].len(), 1500);
    assert_eq!(entries[1].records["SCHILY.xattr.user.a"], b"");
    assert!(!entries[1].records.keys().any(|keyword| keyword.contains("with")));
    // Attributes of a directory that stays can go, too.
    roots.step(|root| {
        rustix::fs::removexattr(root.join("d"), "user.text").unwrap();
        rustix::fs::removexattr(root.join("d/f"), "user.large").unwrap();
    });
}

#[test]
fn large_files_with_holes() {
    let mut roots = Roots::new(|_| {});
    roots.step(|root| {
        let file = fs_err::File::create(root.join("holes")).unwrap();
        file.set_len(50_000_000).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file.into_file(), b"end", 49_999_997).unwrap();
        write(&root.join("odd size"), vec![7; 128 * 1024 * 3 + 1]);
    });
}

#[test]
fn gnu_tar_reads_the_same() {
    let mut roots = Roots::new(|_| {});
    let layer = roots.step(|root| {
        write(&root.join("a/file"), "contents");
        write(&root.join("a").join("n".repeat(150)).join("m".repeat(180)), "deep");
        fs_err::hard_link(root.join("a/file"), root.join("b")).unwrap();
        fs_err::os::unix::fs::symlink("x".repeat(300), root.join("link")).unwrap();
        mknodat(CWD, root.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o640), 0).unwrap();
        _ = set_attribute(&root.join("a/file"), "user.a", b"value");
        for (path, seconds, nanoseconds) in [("a/file", 1_700_000_000, 1), ("a", 1_600_000_000, 999_999_999)]
        {
            set_time(&root.join(path), seconds, nanoseconds);
        }
        if is_root_or_says_so("owners and capabilities") {
            std::os::unix::fs::lchown(root.join("pipe"), Some(3_000_000), Some(1)).unwrap();
            set_attribute(&root.join("a/file"), "security.capability", &CAPABILITY).unwrap();
        }
    });
    let (file, unpacked) = (tempfile::NamedTempFile::new().unwrap(), tempfile::tempdir().unwrap());
    fs_err::write(file.path(), layer).unwrap();
    let output = Command::new("tar")
        .args(["--extract", "--xattrs", "--xattrs-include=*", "--preserve-permissions", "--numeric-owner"])
        .arg("--file")
        .arg(file.path())
        .arg("--directory")
        .arg(unpacked.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_same(roots.one.path(), unpacked.path());
}
