use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Layer, LayerMetadataError, LayersDir, LayersDirError};
use crate::sbom::SbomFormat;

/// A `<layers>` directory with the buildpack `a/b` in it.
struct Fixture(tempfile::TempDir);

impl Fixture {
    fn new(files: &[(&str, &str)], directories: &[&str]) -> Self {
        let layers = tempfile::tempdir().unwrap();
        let fixture = Self(layers);
        for directory in directories {
            fs_err::create_dir_all(fixture.path().join(directory)).unwrap();
        }
        for (name, contents) in files {
            fs_err::create_dir_all(fixture.path()).unwrap();
            fs_err::write(fixture.path().join(name), contents).unwrap();
        }
        fixture
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("a_b")
    }

    fn try_read(&self) -> Result<LayersDir, LayersDirError> {
        LayersDir::read(self.0.path(), &"a/b".parse().unwrap())
    }

    fn read(&self) -> LayersDir {
        self.try_read().unwrap()
    }
}

fn names<'a>(layers: impl IntoIterator<Item = &'a Layer>) -> Vec<&'a str> {
    layers.into_iter().map(Layer::name).collect()
}

#[test]
fn layers_are_directories_and_files_sorted_by_name() {
    let fixture = Fixture::new(
        &[("b.toml", "[types]\nlaunch = true"), ("a-x.toml", ""), ("a.txt", ""), ("c.sbom.cdx.json", "")],
        &["c", "a", "a.x", "b"],
    );
    let dir = fixture.read();
    assert_eq!(names(dir.layers()), ["a", "a-x", "a.x", "b", "c"]);
    let layer = dir.layer("b").unwrap();
    assert_eq!((layer.identifier(), layer.path()), ("a/b:b", fixture.path().join("b").as_path()));
    assert_eq!(dir.layer("a.x").unwrap().toml_path(), fixture.path().join("a.x.toml"));
}

#[test]
fn files_about_the_whole_buildpack_are_no_layers() {
    let fixture = Fixture::new(
        &[
            ("launch.toml", "[types]\nlaunch = true"),
            ("build.toml", ""),
            ("store.toml", "[metadata]\nkept = 1979-05-27"),
        ],
        &["launch", "store"],
    );
    let dir = fixture.read();
    assert!(dir.layers().is_empty());
    assert_eq!(dir.store().unwrap().metadata["kept"].to_string(), "1979-05-27");
}

#[test]
fn a_directory_that_does_not_exist_has_no_layers() {
    let dir = Fixture::new(&[], &[]).read();
    assert!(dir.layers().is_empty() && dir.store().is_none());
}

#[test]
fn layers_are_found_by_type() {
    let fixture = Fixture::new(
        &[
            ("all.toml", "[types]\nlaunch = true\nbuild = true\ncache = true\n[metadata]\nv = 1"),
            ("build-only.toml", "[types]\nbuild = true"),
            ("cache-only.toml", "[types]\ncache = true"),
            ("none.toml", "[types]\n"),
            ("bare.toml", "[metadata]\nv = 1"),
        ],
        &["no-file"],
    );
    let dir = fixture.read();
    assert_eq!(names(dir.launch_layers()), ["all"]);
    assert_eq!(names(dir.build_layers()), ["all", "build-only"]);
    assert_eq!(names(dir.cached_layers()), ["all", "cache-only"]);
    assert_eq!(dir.malformed_layers().count(), 0);
    assert_eq!(dir.layer("all").unwrap().metadata().unwrap().metadata.as_ref().unwrap()["v"], 1.into());
}

#[test]
fn malformed_layers_tell_why_and_have_no_types() {
    let fixture = Fixture::new(
        &[
            ("flags.toml", "launch = true\n[types]\nlaunch = true"),
            ("syntax.toml", "[types\nlaunch = true"),
            ("type.toml", "[types]\nlaunch = 'yes'"),
        ],
        &["dir.toml"],
    );
    // Here a directory stands where the layer's file should be.
    fs_err::create_dir(fixture.path().join("dir")).unwrap();
    let dir = fixture.read();
    let malformed: Vec<_> =
        dir.malformed_layers().map(|(layer, error)| (layer.name(), error.to_string())).collect();
    let [at_dir, flags, syntax, wrong_type] = &malformed[..] else { panic!("{malformed:?}") };
    assert_eq!((at_dir.0, flags.0, syntax.0, wrong_type.0), ("dir", "flags", "syntax", "type"));
    assert!(flags.1.contains("flags.toml") && flags.1.contains("[types]"), "{flags:?}");
    assert!(syntax.1.contains("syntax.toml: line 1"), "{syntax:?}");
    assert!(wrong_type.1.contains("type.toml: line 2") && wrong_type.1.contains("types.launch"));
    assert_eq!(dir.launch_layers().count(), 0);
    let flags = dir.layer("flags").unwrap().metadata();
    assert!(matches!(flags, Err(LayerMetadataError::MisplacedTypes { .. })));
}

#[test]
fn the_first_malformed_layer_spoils_the_directory() {
    let fixture = Fixture::new(&[("b.toml", "cache = true"), ("a.toml", ""), ("c.toml", "[")], &[]);
    let error = fixture.read().require_well_formed().unwrap_err().to_string();
    assert!(error.contains("b.toml"), "{error}");
    let fixture = Fixture::new(&[("b.toml", "")], &["a"]);
    assert_eq!(names(fixture.read().require_well_formed().unwrap().layers()), ["a", "b"]);
}

#[test]
fn ignored_layers_are_set_aside() {
    let fixture =
        Fixture::new(&[("dep.toml", ""), ("bare.toml", "")], &["dep/new", "dep.ignore/old", "undeclared"]);
    let dir = fixture.read();
    let declared: Vec<_> = dir.layers().iter().filter(|layer| layer.is_declared()).map(Layer::name).collect();
    assert_eq!(declared, ["bare", "dep"]);
    dir.layer("bare").unwrap().set_aside().unwrap();
    dir.layer("dep").unwrap().set_aside().unwrap();
    assert!(!fixture.path().join("dep").exists() && !fixture.path().join("bare.ignore").exists());
    assert!(
        fixture.path().join("dep.ignore/new").exists() && !fixture.path().join("dep.ignore/old").exists()
    );
}

#[test]
fn a_declared_layer_does_not_give_way_to_one_set_aside() {
    let files = [("dep.toml", ""), ("dep.ignore.toml", "[types]\nlaunch = true")];
    let fixture = Fixture::new(&files, &["dep", "dep.ignore/kept"]);
    let error = fixture.read().layer("dep").unwrap().set_aside().unwrap_err().to_string();
    assert!(error.contains("dep.ignore") && fixture.path().join("dep.ignore/kept").exists(), "{error}");
}

#[test]
fn a_malformed_store_is_an_error_that_names_it() {
    let error = Fixture::new(&[("store.toml", "metadata = 1")], &[]).try_read().unwrap_err().to_string();
    assert!(error.contains("'a/b'") && error.contains("store.toml: line 1"), "{error}");
}

#[test]
fn names_that_leave_the_directory_are_refused() {
    for name in [".toml", "..toml", "...toml"] {
        let error = Fixture::new(&[(name, "[types]\nlaunch = true")], &[]).try_read().unwrap_err();
        assert!(
            matches!(&error, LayersDirError::UnusableName { path, .. } if path.ends_with(name)),
            "{error}"
        );
    }
}

#[test]
fn names_that_are_no_text_are_refused_once_they_have_a_file() {
    let fixture = Fixture::new(&[], &["plain"]);
    let odd = |name: &[u8]| fixture.path().join(std::ffi::OsStr::from_bytes(name));
    fs_err::create_dir(odd(b"\xff")).unwrap();
    assert_eq!(names(fixture.read().layers()), ["plain"]);
    fs_err::write(odd(b"\xff.toml"), "[types]\ncache = true").unwrap();
    assert!(matches!(fixture.try_read(), Err(LayersDirError::UnusableName { .. })));
}

#[test]
fn a_link_is_a_layer_by_its_file_only() {
    let fixture = Fixture::new(&[("linked.toml", "[types]\nlaunch = true"), ("gone.toml", "")], &["real"]);
    for (link, target) in [("linked", "real"), ("gone", "nowhere"), ("unnamed", "real")] {
        fs_err::os::unix::fs::symlink(target, fixture.path().join(link)).unwrap();
    }
    let dir = fixture.read();
    assert_eq!(names(dir.layers()), ["gone", "linked", "real"]);
    assert!(dir.layer("linked").unwrap().has_contents() && !dir.layer("gone").unwrap().has_contents());
    dir.layer("linked").unwrap().remove().unwrap();
    assert!(fixture.path().join("real").is_dir());
    assert!(fixture.path().join("linked").symlink_metadata().is_err());
}

#[test]
fn restored_metadata_has_no_types() {
    let fixture = Fixture::new(&[], &[]);
    let id = "a/b".parse().unwrap();
    let layer = Layer::read(&fixture.path(), &id, "dep".into());
    let metadata: toml::Table = toml::from_str("at = 1979-05-27\n[inner]\nx = 1").unwrap();
    layer.write_restored_metadata(Some(metadata.into())).unwrap();
    let text = fs_err::read_to_string(fixture.path().join("dep.toml")).unwrap();
    assert_eq!(text, "[metadata]\n  at = 1979-05-27\n  [metadata.inner]\n    x = 1\n");
    layer.write_restored_metadata(None).unwrap();
    assert_eq!(fs_err::read_to_string(fixture.path().join("dep.toml")).unwrap(), "");
}

#[test]
fn removal_takes_directory_and_file() {
    let fixture = Fixture::new(&[("dep.toml", ""), ("dep.sbom.cdx.json", "")], &["dep/deep", "other"]);
    let dir = fixture.read();
    dir.layer("dep").unwrap().remove().unwrap();
    dir.layer("other").unwrap().remove().unwrap();
    assert!(fixture.read().layers().is_empty());
    dir.layer("dep").unwrap().remove().unwrap();
}

#[test]
fn sbom_files_of_a_layer_are_found() {
    let fixture = Fixture::new(
        &[("v1.2.toml", ""), ("v1.2.sbom.spdx.json", "{}"), ("v1.sbom.cdx.json", "{}")],
        &["v1.2"],
    );
    let dir = fixture.read();
    let found: Vec<_> = dir.layer("v1.2").unwrap().sbom_files().collect();
    assert_eq!(found, [(SbomFormat::Spdx, fixture.path().join("v1.2.sbom.spdx.json"))]);
}

#[test]
fn an_unlistable_directory_is_an_error_that_names_it() {
    let layers = tempfile::tempdir().unwrap();
    fs_err::write(layers.path().join("a_b"), "").unwrap();
    let error = LayersDir::read(layers.path(), &"a/b".parse().unwrap()).unwrap_err();
    assert!(error.to_string().contains(&Path::new("a_b").display().to_string()), "{error}");
}
