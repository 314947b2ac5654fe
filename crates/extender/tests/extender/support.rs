//! A base image, its file system with a shell in it, and extensions.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use buildpack::dockerfile::DockerfileKind;
use extender::{ExtendError, ExtenderInputs, extend};
use image::ContainerConfig;
use image_store::{ImageStore, LayoutStore, StoredImage};
use serde_json::json;
use spec_model::PlatformApi;
use spec_model::group::Group;
use tempfile::TempDir;
use test_kit::{ImageFixture, WrittenFixture};

/// What the base image's file system holds besides programs.
const FILES: [(&str, &str); 5] = [
    ("etc/passwd", "root:x:0:0::/root:/bin/sh\ncnb:x:1000:1001::/home/cnb:/bin/sh\n"),
    ("etc/group", "root:x:0:\ncnb:x:1001:\nstaff:x:50:\n"),
    ("etc/os-release", "ID=tests\n"),
    ("opt/old", "old\n"),
    ("opt/tree/leaf", "leaf\n"),
];

/// One build with extensions.
pub(crate) struct Fixture {
    pub(crate) inputs: ExtenderInputs,
    pub(crate) base: WrittenFixture,
    directory: TempDir,
}

/// Whether other root directories can be entered; a skip is told.
pub(crate) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        assert!(std::env::var_os("CI").is_none(), "these tests need root");
        eprintln!("SKIPPED: a test that needs root, to enter another root directory");
    }
    is_root
}

impl Fixture {
    pub(crate) fn new(kind: DockerfileKind) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let root = path("root");
        for (name, contents) in FILES {
            write(&root.join(name), contents);
        }
        for name in ["tmp", "root", "home/cnb", "workspace", "layers", "platform"] {
            fs_err::create_dir_all(root.join(name)).unwrap();
        }
        install_programs(&root);
        give_to_user(&root.join("opt"));
        fs_err::set_permissions(root.join("tmp"), PermissionsExt::from_mode(0o1777)).unwrap();
        write(&path("app/file"), "of the app\n");
        fs_err::create_dir_all(path("kaniko")).unwrap();
        let mut image = ImageFixture { sparse: true, ..ImageFixture::default() }.layer(&FILES);
        image.config["config"] = json!({ "Env": ["PATH=/usr/bin:/bin", "OF_IMAGE=yes"], "User": "1000:1001", "Labels": { "of": "base" } });
        image.config["history"] =
            json!([{ "created_by": "base" }, { "created_by": "USER", "empty_layer": true }]);
        let staged = path("image");
        let base = image.write(&staged);
        fs_err::create_dir_all(path("kaniko/cache/base")).unwrap();
        fs_err::rename(&staged, path("kaniko/cache/base").join(&base.digest)).unwrap();
        let inputs = ExtenderInputs {
            platform_api: PlatformApi::V0_13,
            kind,
            app: path("app"),
            layers: root.join("layers"),
            platform: root.join("platform"),
            generated: path("generated"),
            extended: path("extended"),
            kaniko: path("kaniko"),
            cache_ttl: Duration::from_hours(1),
            group: Group::default(),
            base_image: format!("reg.example/base@{}", base.digest),
            root,
        };
        Self { inputs, base, directory }
    }

    pub(crate) fn run_image() -> Self {
        Self::new(DockerfileKind::Run)
    }

    /// Adds an extension whose Dockerfile has these instructions behind `FROM`.
    pub(crate) fn extension(&mut self, id: &str, instructions: &str) -> &mut Self {
        let name = format!("{}/{}", id.replace('/', "_"), self.inputs.kind.file_name());
        let element = format!("[[group-extensions]]\nid = '{id}'\nversion = '1'\napi = '0.10'");
        let group: Group = spec_model::text::parse(&element).unwrap();
        self.inputs.group.extensions.extend(group.extensions);
        self.generated(&name, &format!("ARG base_image\nFROM ${{base_image}}\n{instructions}\n"));
        self
    }

    /// Writes a file below `<generated>`.
    pub(crate) fn generated(&self, name: &str, contents: &str) {
        write(&self.inputs.generated.join(name), contents);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A file in the root.
    pub(crate) fn in_root(&self, name: &str) -> PathBuf {
        self.inputs.root.join(name)
    }

    /// The text of a file in the root.
    #[track_caller]
    pub(crate) fn text(&self, name: &str) -> String {
        fs_err::read_to_string(self.in_root(name)).unwrap()
    }

    pub(crate) fn try_extend(&self) -> Result<Option<ContainerConfig>, ExtendError> {
        extend(&self.inputs)
    }

    #[track_caller]
    pub(crate) fn extend(&self) {
        self.try_extend().unwrap_or_else(|error| panic!("{error}"));
    }

    /// Extends; what is wrong.
    #[track_caller]
    pub(crate) fn failure(&self) -> String {
        self.try_extend().expect_err("it fails").to_string()
    }

    /// The extended run image.
    #[track_caller]
    pub(crate) fn image(&self) -> (LayoutStore, StoredImage) {
        let images: Vec<_> = fs_err::read_dir(self.inputs.extended.join("run")).unwrap().collect();
        let [Ok(only)] = images.as_slice() else { panic!("{images:?}") };
        let store = LayoutStore::new(&only.path()).unwrap();
        let image = store.resolve(&format!("{}/", only.path().display())).unwrap().unwrap();
        assert_eq!(only.file_name().to_str().unwrap(), image.manifest_document.digest.to_string());
        (store, image)
    }

    /// The names in each layer that was added.
    #[track_caller]
    pub(crate) fn layers(&self) -> Vec<Vec<String>> {
        let (store, image) = self.image();
        let added = image.layers().skip(self.base.layers.len());
        added.map(|layer| names(store.open_layer(&image, &layer.diff_id).unwrap())).collect()
    }
}

/// The names of files and links in a compressed archive, directories left out.
fn names(layer: impl std::io::Read) -> Vec<String> {
    let mut archive = tar::Archive::new(layer::decompress(layer).unwrap());
    let entries = archive.entries().unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| !entry.header().entry_type().is_dir());
    files.map(|entry| entry.path().unwrap().display().to_string()).collect()
}

fn write(path: &Path, contents: &str) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, contents).unwrap();
}

/// Lets the image's user write somewhere, where tests can.
fn give_to_user(path: &Path) {
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::lchown(path, Some(1000), Some(1001)).unwrap();
    }
    if path.is_dir() {
        for entry in fs_err::read_dir(path).unwrap() {
            give_to_user(&entry.unwrap().path());
        }
    }
}

/// Puts a shell and a few programs of this machine into a root, with the libraries that they need.
fn install_programs(root: &Path) {
    fs_err::create_dir_all(root.join("usr/bin")).unwrap();
    fs_err::os::unix::fs::symlink("usr/bin", root.join("bin")).unwrap();
    for program in ["sh", "cat", "id", "env", "rm", "mkdir", "chmod", "ln", "cp"] {
        let program = fs_err::canonicalize(Path::new("/bin").join(program)).map(|path| (program, path));
        let (name, path) = program.unwrap();
        fs_err::copy(&path, root.join("usr/bin").join(name)).unwrap();
        for library in test_kit::libraries(&path) {
            let target = root.join(library.strip_prefix("/").unwrap());
            if !target.exists() {
                fs_err::create_dir_all(target.parent().unwrap()).unwrap();
                fs_err::copy(library, target).unwrap();
            }
        }
    }
}
