//! Credentials in the variable `CNB_REGISTRY_AUTH`: a JSON object of registries with the value of the
//! `Authorization` header for each.
//!
//! Spec: platform.md § Registry Authentication.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::Value;

use crate::header::{self, InvalidHeader};
use crate::{Credential, registry_key};

/// The variable.
pub(crate) const VARIABLE: &str = "CNB_REGISTRY_AUTH";

/// Why the variable is of no use. The messages hold nothing of its value but the registries' names.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryAuthError {
    /// It is not JSON.
    #[error(
        "{VARIABLE} is not JSON, line {line}, column {column}; \
         it must be an object of registries with the value of the Authorization header for each"
    )]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1; 0 before the first character.
        column: usize,
    },
    /// It is JSON, but no object.
    #[error(
        "{VARIABLE} is not a JSON object; \
         it must be an object of registries with the value of the Authorization header for each"
    )]
    NotAnObject,
    /// What it holds for a registry is no text.
    #[error("{VARIABLE}: the value for {registry} is not a text; it must be that of an Authorization header")]
    NotText {
        /// The registry.
        registry: String,
    },
    /// What it holds for a registry is no header.
    #[error("{VARIABLE}: the value for {registry} is not that of an Authorization header: {reason}")]
    NotAHeader {
        /// The registry.
        registry: String,
        /// What is wrong with it.
        reason: InvalidHeader,
    },
}

/// The credentials by the registries' hosts.
pub(crate) fn parse(value: &OsStr) -> Result<BTreeMap<String, Credential>, RegistryAuthError> {
    // The parser's own message is left out here, it can quote the value.
    let parsed: Value = serde_json::from_slice(value.as_bytes())
        .map_err(|error| RegistryAuthError::NotJson { line: error.line(), column: error.column() })?;
    let object = match parsed {
        Value::Object(object) => object,
        // What platforms written in Go print for an object without entries.
        Value::Null => return Ok(BTreeMap::new()),
        _ => return Err(RegistryAuthError::NotAnObject),
    };
    let mut credentials = BTreeMap::new();
    for (key, value) in object {
        let Value::String(value) = value else {
            return Err(RegistryAuthError::NotText { registry: shown(&key) });
        };
        let credential = header::parse(&value)
            .map_err(|reason| RegistryAuthError::NotAHeader { registry: shown(&key), reason })?;
        credentials.insert(key, credential);
    }
    Ok(registry_key::index(credentials, registry_key::host))
}

/// The registry for a message, unless the key looks like something else: a secret in the wrong place.
fn shown(key: &str) -> String {
    let host = registry_key::host(key);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".:_-[]".contains(&byte);
    if !host.is_empty() && host.bytes().all(is_host) {
        format!("registry '{host}'")
    } else {
        "a key that names no registry".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn bearer(token: &str) -> Credential {
        Credential::Bearer(Secret::new(token))
    }

    #[test]
    fn registries_are_named_by_host_or_url() {
        let value = r#"{
            "https://basic.example/v1/": "Basic Y25iOnNlY3JldA==",
            "bearer.example:5000": "Bearer b",
            "oauth.example/v2/": "X-Identity i",
            "docker.io": "Bearer hub",
            "https://both.example": "Bearer url",
            "both.example": "Bearer host"
        }"#;
        let credentials = parse(OsStr::new(value)).unwrap();
        let basic = Credential::Basic { user: "cnb".to_owned(), password: Secret::new("secret") };
        let identity = Credential::IdentityToken { user: String::new(), token: Secret::new("i") };
        let expected = BTreeMap::from([
            ("basic.example".to_owned(), basic),
            ("bearer.example:5000".to_owned(), bearer("b")),
            ("oauth.example".to_owned(), identity),
            ("index.docker.io".to_owned(), bearer("hub")),
            ("both.example".to_owned(), bearer("host")),
        ]);
        assert!(credentials == expected, "{credentials:?}");
    }

    #[test]
    fn nothing_is_a_value_too() {
        for value in ["{}", "null", " { } "] {
            assert!(parse(OsStr::new(value)).unwrap().is_empty(), "{value}");
        }
    }

    #[test]
    fn errors_name_the_variable_and_the_registry_but_no_value() {
        let table = [
            ("{", "CNB_REGISTRY_AUTH is not JSON, line 1, column 1; "),
            ("hunter2", "CNB_REGISTRY_AUTH is not JSON, line 1, column 1; "),
            (r#"{"r.example": "Bearer hunter2""#, "CNB_REGISTRY_AUTH is not JSON, line 1, column 30; "),
            (r#"["hunter2"]"#, "CNB_REGISTRY_AUTH is not a JSON object; "),
            (r#""hunter2""#, "CNB_REGISTRY_AUTH is not a JSON object; "),
            (r#"{"r.example": 7}"#, "CNB_REGISTRY_AUTH: the value for registry 'r.example' is not a text; "),
            (
                r#"{"r.example": {"auth": "hunter2"}}"#,
                "CNB_REGISTRY_AUTH: the value for registry 'r.example' ",
            ),
            (
                r#"{"https://u:hunter2@r.example/v1/": "hunter2"}"#,
                "CNB_REGISTRY_AUTH: the value for registry 'r.example' is not that of an Authorization header: a scheme",
            ),
            (
                r#"{"Basic hunter2": "r.example"}"#,
                "CNB_REGISTRY_AUTH: the value for a key that names no registry is not that of",
            ),
            (
                r#"{"r.example": "Bearer hunter2\r\nX: y"}"#,
                "CNB_REGISTRY_AUTH: the value for registry 'r.example' is not that of an Authorization header: it holds a line break",
            ),
        ];
        for (value, expected) in table {
            let error = parse(OsStr::new(value)).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{value}: {error}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{value}: {error:?}");
        }
    }

    #[test]
    fn a_value_that_is_no_text_is_not_json() {
        let error = parse(OsStr::from_bytes(b"{\"r\": \"Bearer \xff\"}")).unwrap_err();
        assert!(matches!(error, RegistryAuthError::NotJson { .. }), "{error}");
    }
}
