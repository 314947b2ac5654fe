//! `COPY` and `ADD`.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use fs_err::os::unix::fs::symlink;
use test_kit::LayerFixture;

use crate::support::{Fixture, is_root};

#[test]
fn files_get_their_places_owners_and_modes() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::run_image();
    fixture.extension(
        "x",
        "COPY a.txt /new/dir/renamed\nCOPY a.txt /opt\nCOPY *.txt /many/\nCOPY dir /tree\nCOPY --chown=cnb:staff --chmod=0640 a.txt /owned/by/x\n\
         COPY --chown=7 dir /seven\nCOPY a.txt /through/link\nCOPY <<one <<two /texts/\n1\none\n2\ntwo",
    );
    for (name, text) in [("a.txt", "a"), ("b.txt", "b"), ("dir/inner", "i"), ("dir/below/deep", "d")] {
        fixture.generated(&format!("x/context/{name}"), text);
    }
    let inner = fixture.inputs.generated.join("x/context/dir/inner");
    fs_err::set_permissions(&inner, PermissionsExt::from_mode(0o4751)).unwrap();
    symlink("inner", inner.with_file_name("link")).unwrap();
    symlink("/opt/tree", fixture.in_root("through")).unwrap();
    fixture.extend();
    for (name, text) in [
        ("new/dir/renamed", "a"),
        ("opt/a.txt", "a"),
        ("many/a.txt", "a"),
        ("many/b.txt", "b"),
        ("tree/inner", "i"),
        ("tree/below/deep", "d"),
        ("tree/link", "i"),
        ("owned/by/x", "a"),
        ("opt/tree/link", "a"),
        ("texts/one", "1\n"),
        ("texts/two", "2\n"),
    ] {
        assert_eq!(fixture.text(name), text, "{name}");
    }
    let facts = |name: &str| {
        let metadata = fs_err::symlink_metadata(fixture.in_root(name)).unwrap();
        (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
    };
    assert_eq!(facts("tree/inner"), (0, 0, 0o4751));
    assert_eq!(facts("owned/by/x"), (1000, 50, 0o640));
    assert_eq!(facts("owned/by"), (1000, 50, 0o755));
    assert_eq!(facts("seven/below/deep").0, 7);
    assert_eq!((facts("seven/link").0, facts("seven/link").1), (7, 7));
    let modified = |path: &std::path::Path| fs_err::metadata(path).unwrap().mtime();
    assert_eq!(modified(&fixture.in_root("tree/inner")), modified(&inner));
}

#[test]
fn what_is_there_is_replaced_but_not_through_links() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "COPY file /opt/old\nCOPY file /opt/link");
    symlink("/etc/passwd", fixture.in_root("opt/link")).unwrap();
    fixture.extend();
    assert_eq!(
        (fixture.text("opt/old"), fixture.text("opt/link")),
        ("of the app\n".into(), "of the app\n".into())
    );
    assert!(fixture.text("etc/passwd").starts_with("root:"));
    for (instructions, part) in [("COPY file /opt/tree/leaf/x", "leaf"), ("COPY dir /opt/tree", "tree/leaf")]
    {
        let mut fixture = Fixture::run_image();
        fixture.extension("x", instructions);
        fs_err::create_dir_all(fixture.inputs.app.join("dir/leaf")).unwrap();
        let message = fixture.failure();
        assert!(message.contains(part) && message.contains("in the way"), "{message}");
    }
}

#[test]
fn links_of_the_image_lead_into_the_image() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "COPY file /escape/a\nCOPY file /relative/b\nWORKDIR /escape/c");
    let outside = fixture.path("outside");
    fs_err::create_dir(&outside).unwrap();
    symlink(&outside, fixture.in_root("escape")).unwrap();
    symlink("../../../../outside", fixture.in_root("relative")).unwrap();
    fixture.extend();
    assert_eq!(fs_err::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(fixture.text("outside/b"), "of the app\n");
    assert!(fixture.inputs.root.join(outside.strip_prefix("/").unwrap()).join("a").exists());
}

#[test]
fn archives_are_unpacked_by_add_alone() {
    if !is_root() {
        return;
    }
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "ADD archive.tgz /added\nCOPY archive.tgz /copied\nADD file /plain");
    let archive = LayerFixture::of(&[("a/", ""), ("a/b", "text")]);
    fs_err::write(fixture.inputs.app.join("archive.tgz"), &archive.blob).unwrap();
    fixture.extend();
    assert_eq!(fixture.text("added/a/b"), "text");
    assert_eq!(fs_err::read(fixture.in_root("copied")).unwrap(), archive.blob);
    assert_eq!(fixture.text("plain"), "of the app\n");
}

#[test]
fn hostile_archives_are_refused() {
    if !is_root() {
        return;
    }
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..7].copy_from_slice(b"../evil");
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o644);
    header.set_size(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "ADD archive /added");
    fs_err::write(fixture.inputs.app.join("archive"), [header.as_bytes().as_slice(), &[0; 1024]].concat())
        .unwrap();
    let message = fixture.failure();
    assert!(message.contains("line 3: ADD archive /added") && message.contains(".."), "{message}");
    assert!(!fixture.in_root("evil").exists());
}

#[test]
fn the_context_is_that_of_the_kind() {
    let mut fixture = Fixture::run_image();
    fixture.extension("x", "COPY which /which");
    for (context, text) in
        [("x/context.build/which", "build"), ("x/context/which", "shared"), ("x/context.run/which", "run")]
    {
        fixture.generated(context, text);
        if context.contains("build") {
            assert!(fixture.failure().contains("no 'which'"), "the app is the context");
            continue;
        }
        if is_root() {
            fixture.extend();
            assert_eq!(fixture.text("which"), text);
        }
    }
}
