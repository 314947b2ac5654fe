//! Bills of materials: their forms, and that nothing is missing from them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::packed::{Packed, VERSION};

/// Names and versions.
type Packages = BTreeSet<(String, String)>;

fn bill(packed: &Packed, name: &str) -> Value {
    serde_json::from_slice(&packed.in_tarball("x86-64", &format!("lifecycle/{name}"))).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The pairs at two keys of objects that pass a filter.
fn pairs(list: &Value, keys: [&str; 2], filter: impl Fn(&Value) -> bool) -> Packages {
    let objects = list.as_array().unwrap().iter().filter(|object| filter(object));
    objects.map(|object| (text(&object[keys[0]]), text(&object[keys[1]]))).collect()
}

/// The packages that a crate consists of by `cargo metadata`. That counts in features which only tests need,
/// so it is an upper bound; without optional dependencies it is a lower one.
fn cargo_metadata(name: &str, with_optional: bool) -> Packages {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--locked", "--format-version", "1"]);
    command.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let by_id = |list: &Value| -> BTreeMap<String, Value> {
        list.as_array().unwrap().iter().map(|item| (text(&item["id"]), item.clone())).collect()
    };
    let (packages, nodes) = (by_id(&metadata["packages"]), by_id(&metadata["resolve"]["nodes"]));
    let root = packages.iter().find(|(_, package)| package["name"] == name && package["source"].is_null());
    let (mut seen, mut waiting) = (BTreeSet::new(), vec![root.unwrap().0.clone()]);
    while let Some(id) = waiting.pop() {
        let is_macro = packages[&id]["targets"].to_string().contains("proc-macro");
        if is_macro || !seen.insert(id.clone()) {
            continue;
        }
        let declared = packages[&id]["dependencies"].as_array().unwrap();
        for used in nodes[&id]["deps"].as_array().unwrap() {
            let is_normal = used["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null());
            let used = text(&used["pkg"]);
            let is_always_there = declared.iter().any(|dependency| {
                dependency["name"] == packages[&used]["name"]
                    && dependency["kind"].is_null()
                    && dependency["optional"] == false
                    && dependency["target"].is_null()
            });
            if is_normal && (with_optional || is_always_there) {
                waiting.push(used);
            }
        }
    }
    let external = seen.iter().map(|id| &packages[id]).filter(|package| !package["source"].is_null());
    external.map(|package| (text(&package["name"]), text(&package["version"]))).collect()
}

/// Checksums by name and version.
fn locked() -> BTreeMap<(String, String), String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");
    let lock: Value = toml::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
    let packages = lock["package"].as_array().unwrap().iter();
    let with_checksum = packages.filter(|package| package.get("checksum").is_some());
    with_checksum
        .map(|package| ((text(&package["name"]), text(&package["version"])), text(&package["checksum"])))
        .collect()
}

#[test]
fn all_forms_list_what_cargo_resolves() {
    let packed = Packed::make();
    let is_crate = |purl: &Value| purl.as_str().is_some_and(|purl| purl.starts_with("pkg:cargo/"));
    let locked = locked();
    for (subject, program) in [("launcher", "launcher"), ("lifecycle", "creator")] {
        let cyclonedx = bill(&packed, &format!("{subject}.sbom.cdx.json"));
        let of_cyclonedx =
            pairs(&cyclonedx["components"], ["name", "version"], |component| is_crate(&component["purl"]));
        let spdx = bill(&packed, &format!("{subject}.sbom.spdx.json"));
        let of_spdx = pairs(&spdx["packages"], ["name", "versionInfo"], |package| {
            is_crate(&package["externalRefs"][0]["referenceLocator"])
        });
        let syft = bill(&packed, &format!("{subject}.sbom.syft.json"));
        let of_syft = pairs(&syft["artifacts"], ["name", "version"], |artifact| is_crate(&artifact["purl"]));
        assert_eq!(of_cyclonedx, of_spdx);
        assert_eq!(of_cyclonedx, of_syft);

        let missing: Vec<_> = cargo_metadata(program, false).difference(&of_cyclonedx).cloned().collect();
        assert!(missing.is_empty(), "missing from the bill of the {subject}: {missing:?}");
        if subject == program {
            let possible = cargo_metadata(program, true);
            let surplus: Vec<_> = of_cyclonedx.difference(&possible).collect();
            assert!(surplus.is_empty(), "not part of the {subject}: {surplus:?}");
        }
        for component in cyclonedx["components"].as_array().unwrap() {
            if is_crate(&component["purl"]) {
                let id = (text(&component["name"]), text(&component["version"]));
                assert_eq!(component["hashes"][0]["content"], locked[&id].as_str());
            }
        }
    }
}

#[test]
fn the_bill_of_the_lifecycle_has_the_other_executables() {
    let packed = Packed::make();
    let bill = bill(&packed, "lifecycle.sbom.cdx.json");
    let applications = pairs(&bill["components"], ["name", "version"], |component| {
        component["type"] == "application" && component["hashes"][0]["alg"] == "SHA-256"
    });
    let names: Vec<_> = applications.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["analyzer", "builder", "creator", "detector", "exporter", "rebaser", "restorer"]);
}

#[test]
fn cyclonedx_has_what_its_schema_requires() {
    let packed = Packed::make();
    for name in ["launcher", "lifecycle"] {
        let bill = bill(&packed, &format!("{name}.sbom.cdx.json"));
        assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
        let serial_number = text(&bill["serialNumber"]);
        let parts: Vec<_> =
            serial_number.strip_prefix("urn:uuid:").unwrap().split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        let subject = &bill["metadata"]["component"];
        assert_eq!((&subject["name"], &subject["version"]), (&name.into(), &VERSION.into()));
        assert!(bill["metadata"].get("timestamp").is_none());
        let mut references = BTreeSet::from([text(&subject["bom-ref"])]);
        for component in bill["components"].as_array().unwrap() {
            assert!(references.insert(text(&component["bom-ref"])), "{component}");
            assert!(["application", "library"].contains(&component["type"].as_str().unwrap()));
            let license = text(&component["licenses"][0]["expression"]);
            assert!(!license.is_empty() && !license.contains('/'), "{license}");
        }
        for dependency in bill["dependencies"].as_array().unwrap() {
            assert!(references.contains(&text(&dependency["ref"])));
            for used in dependency["dependsOn"].as_array().unwrap() {
                assert!(references.contains(&text(used)), "{used}");
            }
        }
    }
}

#[test]
fn spdx_has_what_its_schema_requires() {
    let packed = Packed::make();
    for name in ["launcher", "lifecycle"] {
        let bill = bill(&packed, &format!("{name}.sbom.spdx.json"));
        assert_eq!((&bill["spdxVersion"], &bill["dataLicense"]), (&"SPDX-2.3".into(), &"CC0-1.0".into()));
        assert_eq!((&bill["SPDXID"], &bill["name"]), (&"SPDXRef-DOCUMENT".into(), &name.into()));
        assert!(text(&bill["documentNamespace"]).starts_with("https://"));
        assert_eq!(bill["creationInfo"]["created"], "1980-01-01T00:00:01Z");
        assert!(text(&bill["creationInfo"]["creators"][0]).starts_with("Tool: "));
        let mut ids = BTreeSet::from(["SPDXRef-DOCUMENT".to_owned()]);
        for package in bill["packages"].as_array().unwrap() {
            assert!(ids.insert(text(&package["SPDXID"])), "{package}");
            assert!(!text(&package["name"]).is_empty() && !text(&package["downloadLocation"]).is_empty());
        }
        let relationships = bill["relationships"].as_array().unwrap();
        for relationship in relationships {
            for key in ["spdxElementId", "relatedSpdxElement"] {
                assert!(ids.contains(&text(&relationship[key])), "{relationship}");
            }
        }
        assert_eq!(relationships[0]["relationshipType"], "DESCRIBES");
    }
}

#[test]
fn syft_has_what_its_schema_requires() {
    let packed = Packed::make();
    for name in ["launcher", "lifecycle"] {
        let bill = bill(&packed, &format!("{name}.sbom.syft.json"));
        let source = &bill["source"];
        let mut ids = BTreeSet::from([text(&source["id"])]);
        assert_eq!((&source["name"], &source["type"]), (&name.into(), &"file".into()));
        assert!(bill["distro"].is_object() && bill["descriptor"]["name"].is_string());
        assert!(
            text(&bill["schema"]["url"]).ends_with(&format!("-{}.json", text(&bill["schema"]["version"])))
        );
        for artifact in bill["artifacts"].as_array().unwrap() {
            assert!(ids.insert(text(&artifact["id"])), "{artifact}");
            for key in ["name", "version", "type", "foundBy", "language", "purl"] {
                assert!(artifact[key].is_string(), "{key} of {artifact}");
            }
            for key in ["locations", "licenses", "cpes"] {
                assert!(artifact[key].is_array(), "{key} of {artifact}");
            }
        }
        for relationship in bill["artifactRelationships"].as_array().unwrap() {
            assert!(ids.contains(&text(&relationship["parent"])), "{relationship}");
            assert!(ids.contains(&text(&relationship["child"])), "{relationship}");
        }
    }
}
