//! Token servers: they turn a credential into a token for a few minutes and a few repositories.
//!
//! Spec: Docker registry token authentication; its OAuth 2 form for identity tokens.

use std::time::Duration;

use credentials::{Credential, Found};
use serde::Deserialize;
use ureq::http::Method;

use crate::authorization::{Scope, basic};
use crate::challenge::Challenge;
use crate::client::Shared;
use crate::error::{Reason, RegistryError};
use crate::exchange::{self, Body, Request};
use crate::refusal;
use crate::url::{Scheme, Url};

/// Token servers that say nothing mean this. Spec: Docker registry token authentication, `expires_in`.
const DEFAULT_LIFETIME: u64 = 60;

/// No token is used for longer, whatever its server says.
const LONGEST_LIFETIME: u64 = 24 * 60 * 60;

/// Answers of token servers are small.
const LONGEST_ANSWER: u64 = 1024 * 1024;

/// A token.
#[derive(Clone)]
pub(crate) struct Token {
    text: String,
    pub(crate) lifetime: Duration,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Token(***, {:?})", self.lifetime)
    }
}

impl Token {
    pub(crate) fn header(&self) -> String {
        format!("Bearer {}", self.text)
    }
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    /// Seconds; some servers write what is no number.
    #[serde(default)]
    expires_in: serde_json::Value,
}

/// Gets a token for a scope. `registry` is where the challenge came from.
///
/// # Errors
/// There is no token server, or it gives no token.
pub(crate) fn fetch(
    shared: &Shared,
    scope: &Scope,
    registry: Scheme,
    challenge: &Challenge,
    found: Option<&Found>,
) -> Result<Token, RegistryError> {
    let Challenge::Bearer { realm, service } = challenge else {
        return Err(error(shared, scope, nonsense(&scope.registry, "it asks for no token")));
    };
    let Some(url) = Url::parse(realm) else {
        // It is not quoted, as there may be a password in it.
        let what = "what it says of its token server is no address";
        return Err(error(shared, scope, nonsense(&scope.registry, what)));
    };
    if found.is_some() && url.scheme == Scheme::Http && registry == Scheme::Https {
        let what = "it wants a password sent to a token server without TLS";
        return Err(error(shared, scope, nonsense(&scope.registry, what)));
    }
    let service = service.iter().map(|service| ("service", service.clone()));
    let parameters: Vec<_> = service.chain(scope.texts().map(|text| ("scope", text))).collect();
    let (method, url, form, header) = match found.map(|found| &found.credential) {
        Some(Credential::IdentityToken { token, .. }) => {
            (Method::POST, url, Some(oauth_form(&parameters, token.reveal())), None)
        }
        other => {
            let url = parameters.iter().fold(url, |url, (name, value)| url.with(name, value));
            (Method::GET, url, None, other.and_then(basic))
        }
    };
    let request = Request {
        method,
        url: &url,
        headers: &[("content-type", "application/x-www-form-urlencoded")],
        body: form.as_deref().map_or(Body::Nothing, |form| Body::Bytes(form.as_bytes())),
        silence: shared.patience.silence,
        attempts: shared.patience.attempts,
    };
    let answer = exchange::patiently(shared, &request, header.as_deref())
        .and_then(|response| refusal::expect(response, &url, &[200]))
        .and_then(|mut response| exchange::read_body(&mut response, &url, LONGEST_ANSWER))
        .map_err(|reason| error(shared, scope, reason))?;
    // A message of the parser could quote the token.
    let parsed: Option<Answer> = serde_json::from_slice(&answer).ok();
    let token = parsed.and_then(|answer| {
        let text = answer.token.or(answer.access_token).filter(|text| !text.is_empty())?;
        let seconds = answer.expires_in.as_u64().unwrap_or(DEFAULT_LIFETIME);
        let lifetime = Duration::from_secs(seconds.min(LONGEST_LIFETIME));
        Some(Token { text, lifetime })
    });
    token.ok_or_else(|| error(shared, scope, nonsense(&url.authority, "there is no token in it")))
}

/// Spec: RFC 6749 § 6.
fn oauth_form(parameters: &[(&'static str, String)], refresh_token: &str) -> String {
    let form = Url::new(Scheme::Https, "form", "");
    let scopes: Vec<_> =
        parameters.iter().filter(|(name, _)| *name == "scope").map(|(_, scope)| scope.as_str()).collect();
    let others = parameters.iter().filter(|(name, _)| *name != "scope");
    let form = others.fold(form, |form, (name, value)| form.with(name, value));
    let form = form
        .with("grant_type", "refresh_token")
        .with("refresh_token", refresh_token)
        .with("client_id", "cnb-lifecycle")
        .with("scope", &scopes.join(" "));
    form.path.trim_start_matches('?').to_owned()
}

fn nonsense(server: &str, what: &str) -> Reason {
    Reason::Nonsense { server: server.to_owned(), what: what.to_owned() }
}

fn error(shared: &Shared, scope: &Scope, reason: Reason) -> RegistryError {
    let action = format!("get a token for '{}/{}'", scope.registry, scope.repository);
    RegistryError { action: action.into(), reason, tried: shared.authorizations.tried(scope) }
}
