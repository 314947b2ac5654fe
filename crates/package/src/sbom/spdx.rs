//! The form of SPDX 2.3.

use serde_json::{Value, json};

use super::{Bill, CREATED, Component, TOOL, short_id, uuid};
use crate::descriptor::VERSION;

const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// What the form writes where nothing is asserted.
const UNKNOWN: &str = "NOASSERTION";

pub(super) fn document(bill: &Bill) -> Value {
    let describes = json!({
        "spdxElementId": DOCUMENT,
        "relationshipType": "DESCRIBES",
        "relatedSpdxElement": id(&bill.subject.reference),
    });
    let relationships: Vec<_> =
        std::iter::once(describes).chain(bill.all().flat_map(relationships)).collect();
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": bill.subject.name,
        "creationInfo": { "created": CREATED, "creators": [format!("Tool: {TOOL}-{VERSION}")] },
        "packages": bill.all().map(package).collect::<Vec<_>>(),
        "relationships": relationships,
    });
    let namespace = format!("https://spdx.org/spdxdocs/{}-{}", bill.subject.name, uuid(&document));
    if let Value::Object(keys) = &mut document {
        keys.insert("documentNamespace".to_owned(), namespace.into());
    }
    document
}

fn id(reference: &str) -> String {
    format!("SPDXRef-{}", short_id(reference))
}

fn relationships(component: &Component) -> impl Iterator<Item = Value> {
    component.uses.iter().map(|used| {
        json!({
            "spdxElementId": id(&component.reference),
            "relationshipType": if used.starts_with("pkg:") { "DEPENDS_ON" } else { "CONTAINS" },
            "relatedSpdxElement": id(used),
        })
    })
}

fn package(component: &Component) -> Value {
    let license = if component.license.is_empty() { UNKNOWN } else { &component.license };
    let mut value = json!({
        "SPDXID": id(&component.reference),
        "name": component.name,
        "versionInfo": component.version,
        "supplier": UNKNOWN,
        "downloadLocation": download_location(component),
        "filesAnalyzed": false,
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": license,
        "copyrightText": UNKNOWN,
        "primaryPackagePurpose": if component.is_application { "APPLICATION" } else { "LIBRARY" },
    });
    let Value::Object(keys) = &mut value else { return value };
    if let Some(sha256) = &component.sha256 {
        let checksum = json!({ "algorithm": "SHA256", "checksumValue": sha256 });
        keys.insert("checksums".to_owned(), json!([checksum]));
    }
    if let Some(purl) = component.purl() {
        let reference = json!({
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": purl,
        });
        keys.insert("externalRefs".to_owned(), json!([reference]));
    }
    value
}

fn download_location(component: &Component) -> String {
    if component.is_application {
        return UNKNOWN.to_owned();
    }
    format!("https://crates.io/crates/{}/{}", component.name, component.version)
}
