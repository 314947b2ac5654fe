//! Extraction doesn't depend on the umask. Alone in its program, as the umask is the whole process's.

use std::os::unix::fs::MetadataExt;

use layer::{Destination, extract};
use rustix::fs::Mode;

#[test]
fn modes_are_as_recorded_whatever_the_umask() {
    let mut archive = tar::Builder::new(Vec::new());
    let owner = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    for (name, kind, mode) in [
        ("layers/d", tar::EntryType::Directory, 0o777),
        ("layers/f", tar::EntryType::Regular, 0o666),
        ("layers/p/f", tar::EntryType::Regular, 0o4777),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(owner.0.into());
        header.set_gid(owner.1.into());
        header.set_size(0);
        archive.append_data(&mut header, name, std::io::empty()).unwrap();
    }
    let archive = archive.into_inner().unwrap();
    for umask in [0, 0o022, 0o077, 0o777] {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir(root.path().join("layers")).unwrap();
        rustix::process::umask(Mode::from_raw_mode(umask));
        extract(&archive[..], &Destination::in_root(root.path(), "/layers")).unwrap();
        rustix::process::umask(Mode::from_raw_mode(0o022));
        for (name, mode) in [("d", 0o777), ("f", 0o666), ("p", 0o755), ("p/f", 0o4777)] {
            let metadata = fs_err::metadata(root.path().join("layers").join(name)).unwrap();
            assert_eq!(metadata.mode() & 0o7777, mode, "{name} with umask {umask:o}");
        }
    }
}
