//! Syft's own form.

use serde_json::{Value, json};

use super::{Bill, Component, TOOL};
use crate::descriptor::VERSION;

const SCHEMA_VERSION: &str = "16.0.0";

pub(super) fn document(bill: &Bill) -> Value {
    let schema = format!(
        "https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-{SCHEMA_VERSION}.json"
    );
    json!({
        "artifacts": bill.components.iter().map(artifact).collect::<Vec<_>>(),
        "artifactRelationships": bill.all().flat_map(relationships).collect::<Vec<_>>(),
        "source": source(&bill.subject),
        "distro": {},
        "descriptor": { "name": TOOL, "version": VERSION },
        "schema": { "version": SCHEMA_VERSION, "url": schema },
    })
}

fn source(subject: &Component) -> Value {
    let sha256 = subject.sha256.iter();
    let digests: Vec<_> = sha256.map(|sum| json!({ "algorithm": "sha256", "value": sum })).collect();
    let path = match &subject.sha256 {
        Some(_) => format!("/cnb/lifecycle/{}", subject.name),
        None => "/cnb/lifecycle".to_owned(),
    };
    json!({
        "id": subject.short_id(),
        "name": subject.name,
        "version": subject.version,
        "type": "file",
        "metadata": { "path": path, "digests": digests, "mimeType": "" },
    })
}

fn artifact(component: &Component) -> Value {
    let license = json!({
        "value": component.license,
        "spdxExpression": component.license,
        "type": "declared",
        "urls": [],
        "locations": [],
    });
    let mut value = json!({
        "id": component.short_id(),
        "name": component.name,
        "version": component.version,
        "type": if component.is_application { "binary" } else { "rust-crate" },
        "foundBy": TOOL,
        "locations": [],
        "licenses": if component.license.is_empty() { json!([]) } else { json!([license]) },
        "language": "rust",
        "cpes": [],
        "purl": component.purl().unwrap_or_default(),
    });
    if let (Value::Object(keys), false) = (&mut value, component.is_application) {
        keys.insert("metadataType".to_owned(), "rust-cargo-lock-entry".into());
        keys.insert("metadata".to_owned(), lock_entry(component));
    }
    value
}

/// The entry of `Cargo.lock` that the package comes from.
fn lock_entry(component: &Component) -> Value {
    let name = |purl: &String| purl.trim_start_matches("pkg:cargo/").split('@').next().map(str::to_owned);
    json!({
        "name": component.name,
        "version": component.version,
        "source": "registry+https://github.com/rust-lang/crates.io-index",
        "checksum": component.sha256.as_deref().unwrap_or_default(),
        "dependencies": component.uses.iter().filter_map(name).collect::<Vec<_>>(),
    })
}

/// The form's relations point from what is used to what uses it.
fn relationships(component: &Component) -> impl Iterator<Item = Value> {
    component.uses.iter().map(|used| {
        let (parent, child) = (super::short_id(used), component.short_id());
        json!({ "parent": parent, "child": child, "type": "dependency-of" })
    })
}
