//! What configs, manifests and indexes have in common: JSON text that is named by its digest.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use spec_model::Digest;

/// The bytes of a document with their digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The JSON text.
    pub bytes: Vec<u8>,
    /// Its digest.
    pub digest: Digest,
}

/// A document that is no JSON or has another shape than its kind has.
#[derive(Debug, thiserror::Error)]
pub enum MalformedDocument {
    /// No JSON.
    #[error("is not JSON: {0}")]
    Syntax(serde_json::Error),
    /// JSON of the wrong shape.
    #[error("has a wrong value at '{path}': {source}")]
    Shape {
        /// The key, from the outermost inwards, joined by dots.
        path: String,
        /// What is wrong there.
        source: serde_json::Error,
    },
}

impl Document {
    /// Takes the bytes as they are.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        let digest = Digest::from_sha256(Sha256::digest(&bytes).into());
        Self { bytes, digest }
    }

    /// Prints `value` as other tools of the ecosystem print it.
    pub(crate) fn print<T: Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        Ok(Self::new(spec_model::json::to_string(value)?.into_bytes()))
    }

    /// The number of bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// Reads a document. A key with a null counts as absent, because tools written in Go print absent lists
/// and tables so.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, MalformedDocument> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(MalformedDocument::Syntax)?;
    remove_null_keys(&mut value);
    serde_path_to_error::deserialize(value).map_err(|error| MalformedDocument::Shape {
        path: error.path().to_string(),
        source: error.into_inner(),
    })
}

/// The depth is bounded by the parser's limit of 128 levels.
fn remove_null_keys(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(remove_null_keys);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_null_keys),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// For keys that are left out when they have nothing to say, as Go's `omitempty` does.
pub(crate) fn unset<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
