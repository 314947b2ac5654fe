//! Requests and their answers: redirects, and attempts as far as patience goes.

use std::io::Read;
use std::thread;
use std::time::{Duration, SystemTime};

use ureq::http::header::{AUTHORIZATION, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use ureq::http::{self, Method};
use ureq::{Agent, AsSendBody, SendBody};

use crate::client::Shared;
use crate::error::{Reason, is_passing};
use crate::failure::{failure, nonsense};
use crate::patience::{Patience, retry_after};
use crate::url::Url;

pub(crate) type Response = http::Response<ureq::Body>;

/// Where blobs are kept elsewhere, registries redirect once or twice.
const REDIRECTS: usize = 5;

/// A request that can be sent again.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a [(&'static str, &'a str)],
    pub(crate) body: Body<'a>,
    /// The longest silence before the answer.
    pub(crate) silence: Duration,
    /// How often it is sent at most.
    pub(crate) attempts: u32,
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
    let mut waited = Duration::ZERO;
    loop {
        let outcome = once(shared, request, authorization);
        failed += 1;
        let patience = Patience { attempts: request.attempts, ..shared.patience };
        let Some(wait) = wait(&patience, &outcome, failed, waited) else { return outcome };
        log::debug!("Trying again in {wait:?}: {}", told(&outcome));
        thread::sleep(wait);
        waited += wait;
    }
}

/// Whether anything that speaks HTTP answers at an address.
pub(crate) fn probe(shared: &Shared, url: &Url) -> Result<(), Reason> {
    let Patience { silence, .. } = shared.patience;
    let request =
        Request { method: Method::GET, url, headers: &[], body: Body::Nothing, silence, attempts: 1 };
    send(shared, &request, url, None).map(|_| ())
}

/// How long to wait before the next attempt; `None` when there is none to be made.
fn wait(
    patience: &Patience,
    outcome: &Result<Response, Reason>,
    failed: u32,
    waited: Duration,
) -> Option<Duration> {
    match outcome {
        Ok(response) if is_passing(response.status().as_u16()) => {
            patience.wait(failed, waited, asked(response))
        }
        Err(Reason::Cut { .. }) => patience.wait(failed, waited, None),
        // Who is not there now, is hardly there a moment later: one more attempt will do.
        Err(Reason::Unreachable { .. } | Reason::Silent { .. }) if failed == 1 => {
            patience.wait(failed, waited, None)
        }
        Ok(_) | Err(_) => None,
    }
}

/// How long an answer asks to wait.
pub(crate) fn asked(response: &Response) -> Option<Duration> {
    let header = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    retry_after(header, SystemTime::now())
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
        let mut response = send(shared, request, &url, authorization)?;
        if !url.has_same_origin(request.url) {
            // Nor are others asked what the registry wants to be told.
            response.headers_mut().remove(WWW_AUTHENTICATE);
        }
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        match location.filter(|_| reads && response.status().is_redirection()) {
            None => return Ok(response),
            Some(location) => {
                let nonsense = || nonsense(&url, "a redirect to what is no address");
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
    let takes_body = [Method::POST, Method::PUT, Method::PATCH].contains(&request.method);
    let outcome = match request.body {
        Body::Bytes(bytes) => run(&agent, head, bytes, request.silence),
        // Some servers want to be told that there is none.
        Body::Nothing if takes_body => run(&agent, head, &[][..], request.silence),
        Body::Nothing => run(&agent, head, (), request.silence),
    };
    outcome.map_err(|error| failure(url, &error))
}

fn run(
    agent: &Agent,
    head: http::request::Builder,
    body: impl AsSendBody,
    silence: Duration,
) -> Result<Response, ureq::Error> {
    let request = head.body(body)?;
    agent.run(agent.configure_request(request).timeout_per_read(Some(silence)).build())
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
