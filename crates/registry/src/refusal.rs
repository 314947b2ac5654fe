//! Answers that say no, and what they say of it.

use std::io::Read;

use serde::Deserialize;
use spec_model::Digest;

use crate::error::{ErrorCode, Reason};
use crate::exchange::Response;
use crate::url::Url;

/// More of an answer that tells an error is not read.
const LONGEST_ERROR: u64 = 256 * 1024;

/// An image has hardly more layers; a registry may miss each of them.
const MOST_ERRORS: usize = 512;

/// Turns an answer of another status than those expected into a refusal.
pub(crate) fn expect(response: Response, url: &Url, expected: &[u16]) -> Result<Response, Reason> {
    let status = response.status().as_u16();
    if expected.contains(&status) { Ok(response) } else { Err(refusal(response, url)) }
}

/// What an answer says of why it is not the one that was hoped for.
pub(crate) fn refusal(mut response: Response, url: &Url) -> Reason {
    let status = response.status().as_u16();
    let mut text = Vec::new();
    // An answer that cannot be read leaves the status, which says enough.
    let _ = response.body_mut().as_reader().take(LONGEST_ERROR).read_to_end(&mut text);
    Reason::Refused { server: url.authority.clone(), status, codes: codes(&text) }
}

#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<ErrorEntry>,
}

#[derive(Deserialize)]
struct ErrorEntry {
    #[serde(default)]
    code: serde_json::Value,
    #[serde(default)]
    message: serde_json::Value,
    #[serde(default)]
    detail: serde_json::Value,
}

/// The errors in an answer, if they are in the form of the specification.
fn codes(answer: &[u8]) -> Vec<ErrorCode> {
    let errors: Option<Errors> = serde_json::from_slice(answer).ok();
    let entries = errors.map(|errors| errors.errors).unwrap_or_default();
    let code = |entry: ErrorEntry| {
        let detail = entry.detail.get("digest").or(Some(&entry.detail));
        let digest = detail.and_then(serde_json::Value::as_str).and_then(|text| text.parse::<Digest>().ok());
        ErrorCode { code: line(&entry.code), message: line(&entry.message), digest }
    };
    entries.into_iter().take(MOST_ERRORS).map(code).collect()
}

/// A short line, whatever a registry writes.
fn line(value: &serde_json::Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::codes;

    #[test]
    fn errors_are_read_in_the_forms_that_registries_write() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let read = |text: &str| {
            let codes = codes(text.as_bytes());
            codes.into_iter().map(|code| (code.to_string(), code.digest)).collect::<Vec<_>>()
        };
        assert_eq!(
            read(r#"{"errors":[{"code":"DENIED","message":"no\u0007t"}]}"#),
            [("DENIED: not".into(), None)]
        );
        for detail in [format!(r#"{{"digest":"{digest}"}}"#), format!(r#""{digest}""#)] {
            let text = format!(r#"{{"errors":[{{"code":"BLOB_UNKNOWN","detail":{detail}}}]}}"#);
            assert_eq!(read(&text), [("BLOB_UNKNOWN".into(), digest.parse().ok())]);
        }
        for text in ["", "<html>", "{}", r#"{"errors":{}}"#, r#"{"errors":[1]}"#, "null"] {
            assert_eq!(read(text), [], "{text}");
        }
    }
}
