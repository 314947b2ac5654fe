//! `cnb image create`.

use fs_err::os::unix::fs::symlink;
use image_store::{ImageStore, LayoutStore, Presence, StoredImage, validate};

use crate::support::{Workspace, stderr, stdout};

const USER: [&str; 2] = ["--user", "1000:1000"];

fn create(workspace: &Workspace, arguments: &[&str]) -> StoredImage {
    let output = workspace
        .cnb(&["image", "create"])
        .arg("--rootfs")
        .arg(workspace.path("rootfs"))
        .args(USER)
        .args(arguments)
        .arg("localhost/base")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("Created image localhost/base "), "{}", stdout(&output));
    let store = LayoutStore::new(&workspace.layout_dir()).unwrap();
    let image = store.resolve("localhost/base").unwrap().unwrap();
    validate(&store, &image, Presence::Complete).unwrap();
    image
}

fn rootfs(workspace: &Workspace, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = workspace.path("rootfs").join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
    }
}

#[test]
fn the_image_is_complete_and_the_same_each_time() {
    let (one, two) = (Workspace::new(), Workspace::new());
    let [first, second] = [&one, &two].map(|workspace| {
        rootfs(workspace, &[("usr/bin/true", "x"), ("etc/hostname", "h")]);
        create(workspace, &["--arch", "amd64"])
    });
    assert_eq!(first.manifest_document, second.manifest_document);
    assert_eq!(first.config_document, second.config_document);

    let config = &first.config;
    assert_eq!((config.os.as_str(), config.architecture.as_str()), ("linux", "amd64"));
    assert_eq!(config.config.user, "1000:1000");
    assert_eq!(config.config.env, ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]);
    assert_eq!(config.created.as_deref(), Some("1980-01-01T00:00:01Z"));
    assert_eq!(config.history.len(), 1);
    assert!(config.config.entrypoint.is_empty());
}

#[test]
fn the_architecture_is_this_machines_unless_given() {
    let workspace = Workspace::new();
    rootfs(&workspace, &[("file", "")]);
    assert_eq!(create(&workspace, &[]).config.architecture, image::Platform::host().architecture);
    assert_eq!(create(&workspace, &["--arch", "s390x"]).config.architecture, "s390x");
}

#[test]
fn the_distribution_becomes_labels_unless_they_are_given() {
    const NAME: &str = "io.buildpacks.base.distro.name";
    const VERSION: &str = "io.buildpacks.base.distro.version";
    let workspace = Workspace::new();
    rootfs(&workspace, &[("usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n"), ("etc/hostname", "h")]);
    // Absolute, and therefore from the root file system's own root.
    symlink("/usr/lib/os-release", workspace.path("rootfs/etc/os-release")).unwrap();
    let image = create(&workspace, &["--label", "a=b=c"]);
    let label = |name| image.config.label(name);
    assert_eq!((label(NAME), label(VERSION), label("a")), (Some("debian"), Some("12"), Some("b=c")));

    let image = create(&workspace, &["--label", &format!("{NAME}=other")]);
    assert_eq!((image.config.label(NAME), image.config.label(VERSION)), (Some("other"), Some("12")));
}

#[test]
fn without_a_distribution_there_are_no_such_labels() {
    let workspace = Workspace::new();
    rootfs(&workspace, &[("file", "")]);
    assert!(create(&workspace, &[]).config.config.labels.is_empty());
}

#[test]
fn variables_are_set_and_may_replace_the_default_path() {
    let workspace = Workspace::new();
    rootfs(&workspace, &[("file", "")]);
    let image = create(&workspace, &["--env", "PATH=/bin", "--env", "A=b=c", "--env", "EMPTY="]);
    assert_eq!(image.config.config.env, ["PATH=/bin", "A=b=c", "EMPTY="]);
}

#[test]
fn an_image_of_that_name_is_replaced() {
    let workspace = Workspace::new();
    rootfs(&workspace, &[("file", "1")]);
    let first = create(&workspace, &[]);
    rootfs(&workspace, &[("file", "2")]);
    let second = create(&workspace, &[]);
    assert_eq!(second.layers().len(), 1);
    assert_ne!(first.top_layer(), second.top_layer());
}

#[test]
fn what_cannot_be_used_is_named() {
    let workspace = Workspace::new();
    rootfs(&workspace, &[("file", "")]);
    let (directory, file) = (workspace.path("rootfs"), workspace.path("rootfs/file"));
    let (absent, directory) = (workspace.path("absent"), directory.to_str().unwrap());
    for (rootfs, user, more, status, named) in [
        (absent.to_str().unwrap(), "1000", &[][..], 1, "absent"),
        (file.to_str().unwrap(), "1000", &[], 1, "file"),
        (directory, "a:b:c", &[], 1, "'a:b:c'"),
        (directory, "1000", &["--env", "NAME"], 2, "NAME=VALUE"),
        (directory, "1000", &["--label", "=value"], 2, "--label"),
        (directory, "1000", &["more"], 2, "more"),
    ] {
        let output = workspace
            .cnb(&["image", "create"])
            .args(["--rootfs", rootfs, "--user", user, "localhost/bad"])
            .args(more)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(status), "{}", stderr(&output));
        assert!(stderr(&output).contains(named), "{}", stderr(&output));
        assert!(!workspace.image_dir("localhost/bad").join("index.json").exists());
    }
}
