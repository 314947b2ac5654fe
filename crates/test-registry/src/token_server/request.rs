//! What is asked of a token server.

use std::io::{self, BufRead, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use crate::http::{Body, Framing, Head};

/// Longer requests are not read to their end.
const LIMIT: u64 = 1024 * 1024;

/// A request for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// The method, in capitals.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The service that the token is wanted for.
    pub service: Option<String>,
    /// The scopes, each in the form `repository:<name>:<actions>`, in the order in which they came.
    pub scopes: Vec<String>,
    /// What the client knows itself by.
    pub credential: Credential,
}

/// What a client knows itself by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    None,
    /// User and password in the request's head.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
    /// User and password in a form, as of OAuth 2.
    Password {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
    /// A refresh token in a form, as of OAuth 2.
    IdentityToken(String),
    /// Anything else: the field `Authorization`, or the form's kind of grant.
    Other(String),
}

impl TokenRequest {
    /// Reads a request; none if the connection ends before its first byte.
    pub(super) fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(head) = Head::read(reader)? else { return Ok(None) };
        let mut body = String::new();
        Body::new(reader, Framing::of_request(&head)).take(LIMIT).read_to_string(&mut body)?;
        let method = head.word(0).to_owned();
        let (path, query) = head.word(1).split_once('?').unwrap_or((head.word(1), ""));
        let is_form = method == "POST";
        let fields = fields(if is_form { &body } else { query });
        let credential = if is_form { of_form(&fields) } else { of_head(&head) };
        let values =
            |name: &'static str| fields.iter().filter(move |field| field.0 == name).map(|field| &field.1);
        let scopes = values("scope").flat_map(|scope| scope.split(' ')).map(str::to_owned).collect();
        let service = values("service").next().cloned();
        Ok(Some(Self { method, path: path.to_owned(), service, scopes, credential }))
    }
}

/// The fields of a query or form.
fn fields(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(a, b)| (decode(a), decode(b)))
        .collect()
}

fn of_form(fields: &[(String, String)]) -> Credential {
    let value = |name: &str| {
        fields.iter().find(|field| field.0 == name).map(|field| field.1.clone()).unwrap_or_default()
    };
    match value("grant_type").as_str() {
        "refresh_token" => Credential::IdentityToken(value("refresh_token")),
        "password" => Credential::Password { user: value("username"), password: value("password") },
        other => Credential::Other(other.to_owned()),
    }
}

fn of_head(head: &Head) -> Credential {
    let Some(field) = head.get("Authorization") else { return Credential::None };
    let basic = || {
        let (scheme, value) = field.split_once(' ')?;
        let decoded = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        let basic = Credential::Basic { user: user.to_owned(), password: password.to_owned() };
        scheme.eq_ignore_ascii_case("basic").then_some(basic)
    };
    basic().unwrap_or_else(|| Credential::Other(field.to_owned()))
}
