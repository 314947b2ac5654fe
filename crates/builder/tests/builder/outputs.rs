//! What a build leaves for the phases behind: metadata.toml, SBOM files, layers.

use crate::support::{build, buildpack, detected, inputs, tree};
use spec_model::PlatformApi;
use test_kit::Scratch;

/// A shell script that writes a file of the buildpack.
fn writes(file: &str, contents: &str) -> String {
    format!("cat > \"$1/{file}\" <<'END'\n{contents}\nEND\n")
}

fn build_with(scratch: &Scratch, api: PlatformApi) {
    builder::build(&builder::BuilderInputs { platform_api: api, ..inputs(scratch) }).unwrap();
}

#[test]
fn metadata_tells_all_that_buildpacks_contribute() {
    let first = writes(
        "launch.toml",
        "[[labels]]\nkey = 'k'\nvalue = 'first'\n[[slices]]\npaths = ['a/*']\n\
         [[processes]]\ntype = 'web'\ncommand = ['serve & run', 'x']\nargs = ['1']\ndefault = true\n\
         [[processes]]\ntype = 'a.b_c-1'\ncommand = ['job']\nworking-dir = '/srv'\nexec-env = ['test']",
    );
    let second = writes(
        "launch.toml",
        "[[labels]]\nkey = 'k'\nvalue = 'second'\n[[processes]]\ntype = 'sh'\ncommand = 'a && b'\n\
         [[processes]]\ntype = 'dir'\ncommand = '/bin/ls'\nargs = []\ndirect = true",
    );
    let scratch = detected(&[buildpack("a/b", "0.12", &first), buildpack("c", "0.8", &second)]);
    let group = scratch.read("layers/group.toml");
    let extension =
        "[[group-extensions]]\nid = 'e'\nversion = '2'\napi = '0.12'\noptional = true\nhomepage = 'h'\n";
    scratch.write("layers/group.toml", &format!("{group}{extension}"));
    let metadata = build(&scratch).unwrap();
    // Taken from what the Go lifecycle 0.21.17 writes, byte for byte: the file is part of a layer.
    let expected = r#"buildpack-default-process-type = "web"

[[buildpacks]]
  id = "a/b"
  version = "1.0.0"
  api = "0.12"

[[buildpacks]]
  id = "c"
  version = "1.0.0"
  api = "0.8"

[[extensions]]
  id = "e"
  version = "2"
  api = "0.12"
  homepage = "h"

[[labels]]
  key = "k"
  value = "first"

[[labels]]
  key = "k"
  value = "second"

[[processes]]
  type = "a.b_c-1"
  command = ["job"]
  direct = true
  buildpack-id = "a/b"
  working-dir = "/srv"
  exec-env = ["test"]

[[processes]]
  type = "dir"
  command = ["/bin/ls"]
  args = []
  direct = true
  buildpack-id = "c"

[[processes]]
  type = "sh"
  command = ["a \u0026\u0026 b"]
  direct = false
  buildpack-id = "c"

[[processes]]
  type = "web"
  command = ["serve \u0026 run", "x"]
  args = ["1"]
  direct = true
  buildpack-id = "a/b"

[[slices]]
  paths = ["a/*"]
"#;
    assert_eq!(scratch.read("layers/config/metadata.toml"), expected);
    assert_eq!(metadata, spec_model::text::parse(expected).unwrap());
}

#[test]
fn old_platforms_find_a_command_line_and_the_rest_in_front_of_the_arguments() {
    let script = writes(
        "launch.toml",
        "[[processes]]\ntype = 'w'\ncommand = ['run', 'always']\nargs = ['opt']\n\
         [[processes]]\ntype = 'bare'\ncommand = ['x']",
    );
    let scratch = detected(&[buildpack("a", "0.9", &script)]);
    build_with(&scratch, PlatformApi::V0_9);
    let metadata = scratch.read("layers/config/metadata.toml");
    assert!(metadata.contains("command = \"run\"\n  args = [\"always\", \"opt\"]\n"), "{metadata}");
    assert!(metadata.contains("command = \"x\"\n  args = []\n"), "{metadata}");
}

#[test]
fn a_working_directory_needs_buildpack_api_0_8() {
    let script = writes("launch.toml", "[[processes]]\ntype = 'w'\ncommand = 'x'\nworking-dir = '/d'");
    for (api, kept) in [("0.7", ""), ("0.8", "/d")] {
        let metadata = build(&detected(&[buildpack("a", api, &script)])).unwrap();
        assert_eq!(metadata.processes[0].working_dir, kept, "{api}");
    }
}

#[test]
fn an_empty_build_still_has_metadata() {
    let scratch = detected(&[]);
    build(&scratch).unwrap();
    assert_eq!(scratch.read("layers/config/metadata.toml"), "processes = []\n");
}

const LEGACY: &str =
    "[[bom]]\nname = 'dep'\n[bom.metadata]\nz = 1\na = '<'\n[bom.metadata.m]\ny = 1.0\nb = 1979-05-27";

#[test]
fn the_legacy_bill_of_materials_depends_on_the_platform() {
    let script = writes("launch.toml", LEGACY) + &writes("build.toml", "[[bom]]\nname = 'tool'");
    let scratch = detected(&[buildpack("a/b", "0.8", &script)]);
    build_with(&scratch, PlatformApi::V0_8);
    let metadata = scratch.read("layers/config/metadata.toml");
    let expected = r#"[[bom]]
  name = "dep"
  [bom.metadata]
    a = "<"
    z = 1
    [bom.metadata.m]
      b = 1979-05-27
      y = 1.0
  [bom.buildpack]
    id = "a/b"
    version = "1.0.0"
"#;
    assert!(metadata.contains(expected), "{metadata}");
    assert!(!scratch.has("layers/sbom"));

    build_with(&scratch, PlatformApi::V0_9);
    assert!(!scratch.read("layers/config/metadata.toml").contains("bom"));
    assert_eq!(
        scratch.read("layers/sbom/launch/sbom.legacy.json"),
        r#"[{"name":"dep","metadata":{"a":"\u003c","m":{"b":"1979-05-27T00:00:00Z","y":1},"z":1},"buildpack":{"id":"a/b","version":"1.0.0"}}]"#.to_owned() + "\n"
    );
    assert_eq!(
        scratch.read("layers/sbom/build/sbom.legacy.json"),
        r#"[{"name":"tool","metadata":null,"buildpack":{"id":"a/b","version":"1.0.0"}}]"#.to_owned() + "\n"
    );
}

const SBOM_SCRIPT: &str = r#"
printf '[types]\nlaunch = true\ncache = true\n' > "$1/v1.2.toml"
printf '[types]\nbuild = true\n' > "$1/tool.toml"
for name in v1.2 tool launch build; do echo "$name" > "$1/$name.sbom.cdx.json"; done
"#;

#[test]
fn sbom_files_are_gathered_and_old_ones_go() {
    let declared = "sbom-formats = ['application/vnd.cyclonedx+json']";
    let scratch = detected(&[buildpack("a/b", "0.7", SBOM_SCRIPT).key(declared)]);
    scratch.write("layers/sbom/launch/old/sbom.cdx.json", "{}");
    build_with(&scratch, PlatformApi::V0_8);
    assert_eq!(
        tree(&scratch.path("layers/sbom")),
        [
            "755 build",
            "755 build/a_b",
            "644 build/a_b/sbom.cdx.json",
            "755 build/a_b/tool",
            "644 build/a_b/tool/sbom.cdx.json",
            "755 cache",
            "755 cache/a_b",
            "755 cache/a_b/v1.2",
            "644 cache/a_b/v1.2/sbom.cdx.json",
            "755 launch",
            "755 launch/a_b",
            "644 launch/a_b/sbom.cdx.json",
            "755 launch/a_b/v1.2",
            "644 launch/a_b/v1.2/sbom.cdx.json",
        ]
    );
    assert_eq!(scratch.read("layers/sbom/launch/a_b/v1.2/sbom.cdx.json"), "v1.2\n");
    build_with(&scratch, PlatformApi::V0_7);
    assert!(!scratch.has("layers/sbom"));
}

#[test]
fn ignored_layers_are_set_aside_before_the_next_buildpack() {
    let first = r#"
mkdir "$1/off" "$1/on" "$1/undeclared"
printf '[types]\ncache = false\n' > "$1/off.toml"; : > "$1/gone.toml"
printf '[types]\ncache = true\n' > "$1/on.toml""#;
    let scratch =
        detected(&[buildpack("a", "0.12", first), buildpack("b", "0.12", "ls \"$1/../a\" > listing")]);
    build(&scratch).unwrap();
    assert_eq!(scratch.read("app/listing"), "gone.toml\noff.ignore\noff.toml\non\non.toml\nundeclared\n");
    // The directories of an earlier build may still be there.
    fs_err::remove_dir_all(scratch.path("layers/a/on")).unwrap();
    fs_err::remove_dir_all(scratch.path("layers/a/undeclared")).unwrap();
    build(&scratch).unwrap();
    assert!(scratch.has("layers/a/off.ignore") && !scratch.has("layers/a/off"));
}

#[test]
fn restored_layers_stay_as_the_buildpack_left_them() {
    let scratch =
        detected(&[buildpack("a", "0.12", "printf '[types]\\nlaunch = true\\n' >> \"$1/dep.toml\"")]);
    scratch.write("layers/a/dep.toml", "[metadata]\nv = 1\n");
    scratch.write("layers/a/store.toml", "[metadata]\nkept = true\n");
    build(&scratch).unwrap();
    assert_eq!(scratch.read("layers/a/dep.toml"), "[metadata]\nv = 1\n[types]\nlaunch = true\n");
    assert_eq!(scratch.read("layers/a/store.toml"), "[metadata]\nkept = true\n");
    assert!(!scratch.has("layers/a/dep"));
}
