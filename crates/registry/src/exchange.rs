//! Requests and their answers: redirects, and attempts as far as patience goes.

use std::error::Error;
use std::io::{self, Read};
use std::thread;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use spec_model::Digest;
use ureq::http::header::{AUTHORIZATION, LOCATION, RETRY_AFTER};
use ureq::http::{self, Method};
use ureq::{SendBody, Timeout};

use crate::client::Shared;
use crate::error::{ErrorCode, Reason, is_passing};
use crate::patience::retry_after;
use crate::url::Url;

pub(crate) type Response = http::Response<ureq::Body>;

/// Where blobs are kept elsewhere, registries redirect once or twice.
const REDIRECTS: usize = 5;

/// More of an answer that tells an error is not read.
const LONGEST_ERROR: u64 = 64 * 1024;

/// A request that can be sent again.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a [(&'static str, &'a str)],
    pub(crate) body: Body<'a>,
    /// The longest silence before the answer.
    pub(crate) silence: Duration,
}

/// What is sent with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body<'a> {
    Nothing,
    Bytes(&'a [u8]),
}

/// Sends a request until there is an answer that does not ask for patience, or patience ends.
pub(crate) fn patiently(
    shared: &Shared,
    request: &Request<'_>,
    authorization: Option<&str>,
) -> Result<Response, Reason> {
    let mut failed = 0;
    loop {
        let outcome = once(shared, request, authorization);
        failed += 1;
        let Some(wait) = wait(shared, &outcome, failed) else { return outcome };
        log::debug!("Trying again in {wait:?}: {}", told(&outcome));
        thread::sleep(wait);
    }
}

/// Whether anything that speaks HTTP answers at an address.
pub(crate) fn probe(shared: &Shared, url: &Url) -> Result<(), Reason> {
    let silence = shared.patience.silence;
    let request = Request { method: Method::GET, url, headers: &[], body: Body::Nothing, silence };
    send(shared, &request, url, None).map(|_| ())
}

/// How long to wait before the next attempt; `None` when there is none to be made.
fn wait(shared: &Shared, outcome: &Result<Response, Reason>, failed: u32) -> Option<Duration> {
    match outcome {
        Ok(response) if is_passing(response.status().as_u16()) => {
            let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            shared.patience.wait(failed, asked.and_then(|value| retry_after(value, SystemTime::now())))
        }
        Err(Reason::Cut { .. } | Reason::Silent { .. }) => shared.patience.wait(failed, None),
        // Who is not there now, is hardly there a moment later: one more attempt will do.
        Err(Reason::Unreachable { .. }) if failed == 1 => shared.patience.wait(failed, None),
        Ok(_) | Err(_) => None,
    }
}

fn told(outcome: &Result<Response, Reason>) -> String {
    match outcome {
        Ok(response) => format!("the answer was {}", response.status()),
        Err(reason) => reason.to_string(),
    }
}

/// Sends a request once and follows where the answer leads.
fn once(shared: &Shared, request: &Request<'_>, authorization: Option<&str>) -> Result<Response, Reason> {
    let reads = request.method == Method::GET || request.method == Method::HEAD;
    let mut url = request.url.clone();
    for _ in 0..=REDIRECTS {
        // What is meant for the registry is not told to those it sends us to.
        let authorization = authorization.filter(|_| url.has_same_origin(request.url));
        let response = send(shared, request, &url, authorization)?;
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        match location.filter(|_| reads && response.status().is_redirection()) {
            None => return Ok(response),
            Some(location) => {
                let nonsense = || nonsense(&url, &format!("a redirect to '{location}'"));
                url = url.join(location).ok_or_else(nonsense)?;
            }
        }
    }
    Err(nonsense(&url, "too many redirects"))
}

fn send(
    shared: &Shared,
    request: &Request<'_>,
    url: &Url,
    authorization: Option<&str>,
) -> Result<Response, Reason> {
    let agent = shared.agents.get(url).map_err(|cause| Reason::Setup { cause })?;
    let head = head(&request.method, url, request.headers, authorization);
    let outcome = match request.body {
        Body::Nothing if request.silence == shared.patience.silence => {
            head.body(()).map_err(ureq::Error::from).and_then(|request| agent.run(request))
        }
        body => {
            let bytes = match body {
                Body::Nothing => &[],
                Body::Bytes(bytes) => bytes,
            };
            head.body(bytes).map_err(ureq::Error::from).and_then(|inner| {
                let configured =
                    agent.configure_request(inner).timeout_per_read(Some(request.silence)).build();
                agent.run(configured)
            })
        }
    };
    outcome.map_err(|error| failure(url, &error))
}

/// Sends a request whose body cannot be sent again.
pub(crate) fn stream(
    shared: &Shared,
    url: &Url,
    headers: &[(&'static str, &str)],
    body: &mut dyn Read,
    authorization: Option<&str>,
) -> Result<Response, Reason> {
    let agent = shared.agents.get(url).map_err(|cause| Reason::Setup { cause })?;
    head(&Method::PATCH, url, headers, authorization)
        .body(SendBody::from_reader(body))
        .map_err(ureq::Error::from)
        .and_then(|request| agent.run(request))
        .map_err(|error| failure(url, &error))
}

fn head(
    method: &Method,
    url: &Url,
    headers: &[(&'static str, &str)],
    authorization: Option<&str>,
) -> http::request::Builder {
    let builder = http::Request::builder().method(method).uri(url.to_string());
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    match authorization {
        Some(value) => builder.header(AUTHORIZATION, value),
        None => builder,
    }
}

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
    entries.into_iter().take(8).map(code).collect()
}

/// A short line, whatever a registry writes.
fn line(value: &serde_json::Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}

/// Reads an answer's body, which must not be longer than `limit` bytes.
pub(crate) fn read_body(response: &mut Response, url: &Url, limit: u64) -> Result<Vec<u8>, Reason> {
    let mut bytes = Vec::new();
    let body = response.body_mut().as_reader();
    body.take(limit + 1).read_to_end(&mut bytes).map_err(|error| failure(url, &error.into()))?;
    if bytes.len() as u64 > limit {
        return Err(nonsense(url, &format!("more than {limit} bytes")));
    }
    Ok(bytes)
}

pub(crate) fn nonsense(url: &Url, what: &str) -> Reason {
    Reason::Nonsense { server: url.authority.clone(), what: what.to_owned() }
}

/// What a failure of the HTTP library means.
pub(crate) fn failure(url: &Url, error: &ureq::Error) -> Reason {
    let server = url.authority.clone();
    let unreachable =
        |cause: &str| Reason::Unreachable { server: url.authority.clone(), cause: cause.into() };
    match error {
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => unreachable("no connection in time"),
        ureq::Error::Timeout(_) => Reason::Silent { server },
        ureq::Error::HostNotFound => unreachable("no such host is known"),
        ureq::Error::ConnectionFailed => unreachable("no connection"),
        ureq::Error::ConnectProxyFailed(cause) => unreachable(&format!("the proxy refuses: {cause}")),
        ureq::Error::Io(error) => io_failure(server, error),
        ureq::Error::Rustls(error) => Reason::Tls { server, cause: error.to_string() },
        ureq::Error::Tls(cause) => Reason::Tls { server, cause: (*cause).to_owned() },
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => {
            Reason::Setup { cause: format!("'{}' is no address", url.authority) }
        }
        ureq::Error::InvalidProxyUrl => Reason::Setup { cause: "the proxy's address is malformed".into() },
        other => Reason::Nonsense { server, what: other.to_string() },
    }
}

fn io_failure(server: String, error: &io::Error) -> Reason {
    use io::ErrorKind as Kind;
    let cause = innermost(error);
    match error.kind() {
        Kind::ConnectionRefused
        | Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::NetworkDown
        | Kind::AddrNotAvailable
        | Kind::NotFound
        | Kind::PermissionDenied => Reason::Unreachable { server, cause },
        // Only TLS makes sense of the bytes below HTTP.
        Kind::InvalidData => Reason::Tls { server, cause },
        Kind::TimedOut => Reason::Silent { server },
        // Looking up a name fails with errors of no kind.
        Kind::Other if cause.contains("lookup") => Reason::Unreachable { server, cause },
        _ => Reason::Cut { server, cause },
    }
}

fn innermost(error: &io::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
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
