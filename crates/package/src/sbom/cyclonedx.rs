//! The form of `CycloneDX` 1.5.

use serde_json::{Value, json};

use super::{Bill, Component, TOOL, uuid};
use crate::descriptor::VERSION;

pub(super) fn document(bill: &Bill) -> Value {
    let dependencies: Vec<_> = bill
        .all()
        .map(|component| json!({ "ref": component.reference, "dependsOn": component.uses }))
        .collect();
    let tool = json!({ "type": "application", "name": TOOL, "version": VERSION });
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(&bill.subject), "tools": { "components": [tool] } },
        "components": bill.components.iter().map(component).collect::<Vec<_>>(),
        "dependencies": dependencies,
    });
    let serial_number = format!("urn:uuid:{}", uuid(&document));
    if let Value::Object(keys) = &mut document {
        keys.insert("serialNumber".to_owned(), serial_number.into());
    }
    document
}

fn component(component: &Component) -> Value {
    let mut value = json!({
        "bom-ref": component.reference,
        "type": if component.is_application { "application" } else { "library" },
        "name": component.name,
        "version": component.version,
    });
    let Value::Object(keys) = &mut value else { return value };
    if !component.license.is_empty() {
        keys.insert("licenses".to_owned(), json!([{ "expression": component.license }]));
    }
    if let Some(sha256) = &component.sha256 {
        keys.insert("hashes".to_owned(), json!([{ "alg": "SHA-256", "content": sha256 }]));
    }
    if let Some(purl) = component.purl() {
        keys.insert("purl".to_owned(), purl.into());
    }
    value
}
