//! What is left when writing an image is interrupted.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and is skipped loudly"
)]

use std::io::{ErrorKind, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use image::{ImagePlan, NewLayer, Timestamp};
use image_store::{FinishedLayer, ImageStore, ImageWriter, LayoutStore, Presence, StoredImage, validate};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use test_kit::{ImageFixture, LayerFixture, sha256};

const BASE: &str = "r.example/run";
const APP: &str = "r.example/app";
const APP_DIR: &str = "r.example/app/latest";

/// The directory that the killed child of this test writes to.
const CHILDS_DIR: &str = "LAYOUT_DIR_OF_KILLED_CHILD";

fn write_layer(writer: &dyn ImageWriter, content: &str) -> NewLayer {
    let layer = LayerFixture::of(&[("file", content)]);
    let finished = FinishedLayer {
        diff_id: sha256(&layer.archive).parse().unwrap(),
        digest: sha256(&layer.blob).parse().unwrap(),
        size: layer.blob.len() as u64,
    };
    let mut sink = writer.layer().unwrap();
    sink.write_all(&layer.blob).unwrap();
    let descriptor = sink.finish(finished).unwrap();
    NewLayer { descriptor, diff_id: finished.diff_id, created_by: String::new() }
}

fn begin(store: &LayoutStore) -> Box<dyn ImageWriter> {
    let base = store.resolve(BASE).unwrap().unwrap();
    store.begin(APP, &base, None).unwrap()
}

/// Writes the app image with one layer.
fn write_app(store: &LayoutStore, content: &str) -> StoredImage {
    let writer = begin(store);
    let plan = ImagePlan {
        layers: vec![write_layer(writer.as_ref(), content)],
        extended_config: None,
        labels: Vec::new(),
        env: Vec::new(),
        entrypoint: Vec::new(),
        working_dir: String::new(),
        created: Timestamp::NORMALIZED,
        tells_history: false,
    };
    writer.commit(&plan, &[]).unwrap();
    store.resolve(APP).unwrap().unwrap()
}

fn store_with_base(dir: &Path) -> LayoutStore {
    ImageFixture::default().layer(&[("base", "base")]).write(&dir.join("r.example/run/latest"));
    LayoutStore::new(dir).unwrap()
}

fn staging_directories(image: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(image).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(".writing-")).collect()
}

#[test]
fn a_killed_export_leaves_the_old_image_and_the_next_one_cleans_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with_base(dir.path());
    let old = write_app(&store, "old");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_is_killed", "--ignored"])
        .env(CHILDS_DIR, dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(child.signal(), Some(6), "it ends by SIGABRT: {child}");

    let app = dir.path().join(APP_DIR);
    assert_eq!(staging_directories(&app).len(), 1);
    let image = store.resolve(APP).unwrap().unwrap();
    assert_eq!(image.identifier, old.identifier);
    validate(&store, &image, Presence::Complete).unwrap();

    let new = write_app(&store, "new");
    validate(&store, &new, Presence::Complete).unwrap();
    assert_eq!(staging_directories(&app), [] as [PathBuf; 0]);
}

#[test]
#[ignore = "not a test: the child that `a_killed_export_leaves_the_old_image_and_the_next_one_cleans_up` starts"]
fn child_that_is_killed() {
    let Some(dir) = std::env::var_os(CHILDS_DIR) else { return };
    let writer = begin(&LayoutStore::new(dir.as_ref()).unwrap());
    write_layer(writer.as_ref(), "new");
    let mut half = writer.layer().unwrap();
    half.write_all(b"half").unwrap();
    std::process::abort();
}

/// A file system of a few KiB, gone when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where mounting is not allowed.
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = mount(Some("none"), dir.path(), Some("tmpfs"), MsFlags::empty(), Some("size=256k"));
        if let Err(error) = mounted {
            println!("SKIPPED: a full disk needs a mount, which is refused: {error}");
            assert!(std::env::var_os("CI").is_none(), "skipping is not allowed in CI");
            return None;
        }
        Some(Self(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        umount2(self.0.path(), MntFlags::MNT_DETACH).unwrap();
    }
}

#[test]
fn a_full_disk_is_told_by_path_and_leaves_the_old_image() {
    let Some(disk) = SmallDisk::mount() else { return };
    let dir = disk.0.path();
    let store = store_with_base(dir);
    let old = write_app(&store, "old");
    {
        let writer = begin(&store);
        let mut sink = writer.layer().unwrap();
        let error = sink.write_all(&vec![7; 1024 * 1024]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert!(error.to_string().contains(dir.to_str().unwrap()), "{error}");
    }
    assert_eq!(staging_directories(&dir.join(APP_DIR)), [] as [PathBuf; 0]);
    let image = store.resolve(APP).unwrap().unwrap();
    assert_eq!(image.identifier, old.identifier);
    validate(&store, &image, Presence::Complete).unwrap();
    write_app(&store, "new");
}
