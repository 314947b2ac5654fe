//! How entries of archives are written.
#![expect(clippy::expect_used, reason = "a set-up that fails ends the test")]

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use test_kit::ArchiveEntry;

use super::{DEPS, built, exported, named};
use crate::scene::{Layer, Scene};
use crate::test::{Test, test};
use crate::verdict::{Failure, Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(names_begin_with_a_slash_and_end_without).with_images(),
        test!(every_entry_is_of_one_time).with_images(),
        test!(owners_have_ids_and_no_names).with_images(),
        test!(headers_are_ustar).with_images(),
        test!(long_names_are_split_where_they_can_be).with_images(),
        test!(what_does_not_fit_is_a_pax_record).with_images(),
        test!(a_record_has_a_header_of_its_own).with_images(),
        test!(an_archive_ends_with_1024_zero_bytes).with_images(),
        test!(modes_keep_their_special_bits).with_images(),
        test!(hard_links_are_files).with_images(),
        test!(pipes_are_kept_and_sockets_are_not).with_images(),
    ]
}

/// The layers of an export that has each kind of them.
fn layers(scene: &Scene<'_>) -> Verdict<Vec<Layer>> {
    built(scene);
    scene.write(&format!("{DEPS}/bin/tool"), "a tool");
    scene.link(&format!("{DEPS}/link"), "bin/tool");
    let (deps, image) = exported(scene)?;
    let others = ["/app/0/sha", "/launcher/sha", "/config/sha", "/process-types/sha"];
    let others = others.iter().map(|pointer| named(&image, pointer)).collect::<Verdict<Vec<_>>>()?;
    Ok([vec![deps], others].concat())
}

/// Every entry of every layer has to be so.
fn every(scene: &Scene<'_>, demand: &str, is_so: impl Fn(&ArchiveEntry) -> bool) -> Verdict {
    let entries: Vec<_> = layers(scene)?.into_iter().flat_map(|layer| layer.entries).collect();
    match entries.iter().find(|entry| !is_so(entry)) {
        None => Ok(()),
        Some(entry) => Err(Failure::new(&entry.path, demand, format!("{entry:?}"))),
    }
}

/// The entry of the launch layer for a name.
fn entry<'l>(layer: &'l Layer, name: &str) -> Verdict<&'l ArchiveEntry> {
    let found = layer.entry(&format!("{DEPS}/{name}"));
    found.ok_or_else(|| Failure::new(name, "it is in the layer", layer.paths().join(", ")))
}

fn names_begin_with_a_slash_and_end_without(scene: &Scene<'_>) -> Verdict {
    every(scene, "a name that begins with / and doesn't end with it", |entry| {
        entry.path.starts_with('/') && !entry.path.ends_with('/')
    })
}

fn every_entry_is_of_one_time(scene: &Scene<'_>) -> Verdict {
    every(scene, "1980-01-01T00:00:01Z", |entry| entry.mtime == 315_532_801)
}

fn owners_have_ids_and_no_names(scene: &Scene<'_>) -> Verdict {
    every(scene, "a user's and a group's id without names", |entry| {
        let (user, group) = &entry.owner_names;
        user.is_empty() && group.is_empty() && [(0, 0), (1000, 1000)].contains(&entry.owner)
    })
}

fn headers_are_ustar(scene: &Scene<'_>) -> Verdict {
    every(scene, "a header of ustar and no pax records", |entry| {
        entry.header.get(257..265) == Some(b"ustar\x0000") && entry.records.is_empty()
    })
}

fn long_names_are_split_where_they_can_be(scene: &Scene<'_>) -> Verdict {
    built(scene);
    let name = format!("{}/{}/short", "d".repeat(60), "e".repeat(60));
    scene.write(&format!("{DEPS}/{name}"), "");
    let (layer, _) = exported(scene)?;
    let entry = entry(&layer, &name)?;
    let field = |from, to| {
        let bytes = entry.header.get(from..to).unwrap_or_default();
        String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
    };
    equal("the pax records", &entry.records, &[])?;
    equal("the name", &field(0, 100), "short")?;
    let prefix = format!("{DEPS}/{}/{}", "d".repeat(60), "e".repeat(60));
    equal("the prefix", &field(345, 500), &prefix)
}

/// A path and a link's target of more than 100 bytes, and a name that is no ASCII.
fn what_does_not_fit_is_a_pax_record(scene: &Scene<'_>) -> Verdict {
    built(scene);
    let long = "n".repeat(120);
    scene.write(&format!("{DEPS}/{long}"), "");
    scene.write(&format!("{DEPS}/grün"), "");
    scene.link(&format!("{DEPS}/far"), &"t".repeat(101));
    scene.link(&format!("{DEPS}/near"), &"t".repeat(100));
    let (layer, _) = exported(scene)?;
    let record = |key: &str, value: String| vec![(key.to_owned(), value.into_bytes())];
    for (name, expected) in [
        (long.as_str(), record("path", format!("{DEPS}/{long}"))),
        ("grün", record("path", format!("{DEPS}/grün"))),
        ("far", record("linkpath", "t".repeat(101))),
        ("near", Vec::new()),
    ] {
        equal(&format!("the pax records of {name}"), &entry(&layer, name)?.records, &expected)?;
    }
    Ok(())
}

fn a_record_has_a_header_of_its_own(scene: &Scene<'_>) -> Verdict {
    built(scene);
    scene.write(&format!("{DEPS}/grün"), "");
    let (layer, _) = exported(scene)?;
    let header = layer
        .archive
        .chunks(512)
        .find(|block| block.get(156) == Some(&b'x') && block.get(257..262) == Some(b"ustar"));
    let header = header
        .ok_or_else(|| Failure::new("the layer", "an entry for pax records", layer.paths().join(", ")))?;
    let field = |from: usize, to: usize| {
        String::from_utf8_lossy(header.get(from..to).unwrap_or_default()).into_owned()
    };
    let name = field(0, 100);
    equal("its name", name.trim_end_matches('\0'), "/layers/of_tests/deps/PaxHeaders.0/grn")?;
    equal("its mode, user and group", &field(100, 124), "0000000\x000000000\x000000000\x00")?;
    equal("its time", &field(136, 148), "00000000000\x00")
}

fn an_archive_ends_with_1024_zero_bytes(scene: &Scene<'_>) -> Verdict {
    for layer in layers(scene)? {
        let end = layer.archive.len().saturating_sub(1024);
        let (rest, zeros) = layer.archive.split_at(end);
        let last = rest.get(end.saturating_sub(512)..).unwrap_or_default();
        let is_so = zeros == [0; 1024] && last.iter().any(|byte| *byte != 0);
        ensure("1024 zero bytes and no more are at the end", is_so, layer.paths().join(", "))?;
    }
    Ok(())
}

fn modes_keep_their_special_bits(scene: &Scene<'_>) -> Verdict {
    built(scene);
    let modes = [("of-user", 0o4755), ("of-group", 0o2755), ("read-only", 0o444), ("for-all", 0o1777)];
    for (name, mode) in modes {
        scene.write(&format!("{DEPS}/{name}"), "");
        scene.set_mode(&format!("{DEPS}/{name}"), mode);
    }
    scene.make_directory(&format!("{DEPS}/sticky"));
    scene.set_mode(&format!("{DEPS}/sticky"), 0o1777);
    scene.link(&format!("{DEPS}/link"), "of-user");
    let (layer, _) = exported(scene)?;
    for (name, mode) in modes.into_iter().chain([("sticky", 0o1777), ("link", 0o777)]) {
        equal(
            &format!("the mode of {name}"),
            &format!("{:o}", entry(&layer, name)?.mode),
            &format!("{mode:o}"),
        )?;
    }
    Ok(())
}

fn hard_links_are_files(scene: &Scene<'_>) -> Verdict {
    built(scene);
    scene.write(&format!("{DEPS}/first"), "content");
    let path = |name| scene.path(&format!("{DEPS}/{name}"));
    fs_err::hard_link(path("first"), path("second")).expect("a hard link");
    let (layer, _) = exported(scene)?;
    for name in ["first", "second"] {
        let entry = entry(&layer, name)?;
        equal(
            &format!("type and content of {name}"),
            &(entry.kind, entry.content.as_slice()),
            &('0', &b"content"[..]),
        )?;
    }
    Ok(())
}

fn pipes_are_kept_and_sockets_are_not(scene: &Scene<'_>) -> Verdict {
    built(scene);
    let pipe = scene.path(&format!("{DEPS}/pipe"));
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o600)).expect("a pipe");
    fs_err::set_permissions(&pipe, PermissionsExt::from_mode(0o644)).expect("its mode");
    let _socket = UnixListener::bind(scene.path(&format!("{DEPS}/socket"))).expect("a socket");
    let (layer, _) = exported(scene)?;
    equal("the type of the pipe", &entry(&layer, "pipe")?.kind, &'6')?;
    ensure("the socket is not in the layer", entry(&layer, "socket").is_err(), layer.paths().join(", "))
}
