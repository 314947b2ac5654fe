//! What can go wrong with a request, and with which one it does.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;
use std::time::Duration;

use super::Seen;

/// Something that happens to a request or to its response. Numbers of bytes are of the body, without the
/// marks of chunks.
#[derive(Clone)]
pub enum Fault {
    /// The proxy answers, the registry never sees the request.
    Status {
        /// The status code.
        code: u16,
        /// Fields of the answer, such as `Retry-After`.
        headers: Vec<(String, String)>,
        /// The body of the answer.
        body: String,
    },
    /// The proxy sends the client elsewhere with status 307: to this scheme and host, with the same path.
    Redirect(String),
    /// The connection ends without an answer, and the registry never sees the request.
    Refuse,
    /// The registry gets and handles the request, but the connection ends without an answer.
    LoseResponse,
    /// After so many bytes of the request's body both connections end. A shorter body passes.
    CutRequestAfter(u64),
    /// After so many bytes of the response's body both connections end. A shorter body passes.
    CutResponseAfter(u64),
    /// After so many bytes of the request's body nothing more is read, and never an answer sent.
    StallRequestAfter(u64),
    /// After so many bytes of the response's body nothing more is sent. The connection stays open.
    StallResponseAfter(u64),
    /// The response's body ends after so many bytes, as if that were all of it.
    TruncateBody(u64),
    /// A byte of the request's body, counted from 0, is another one when it reaches the registry.
    FlipRequestByte(u64),
    /// A byte of the response's body, counted from 0, is another one when it reaches the client.
    FlipByte(u64),
    /// A field of the response is set, or removed.
    Header(String, Option<String>),
    /// The request is held back for a time.
    Delay(Duration),
    /// Something is done before the registry gets the request.
    Run(Arc<dyn Fn() + Send + Sync>),
}

impl Fault {
    /// An answer of the proxy without body or fields.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::Status { code, headers: Vec::new(), body: String::new() }
    }

    /// An answer of the proxy with a field.
    #[must_use]
    pub fn status_with(code: u16, name: &str, value: &str) -> Self {
        Self::Status { code, headers: vec![(name.to_owned(), value.to_owned())], body: String::new() }
    }

    /// An answer of the proxy with an error as registries tell it, such as `MANIFEST_BLOB_UNKNOWN`.
    #[must_use]
    pub fn error(code: u16, error: &str) -> Self {
        let body = serde_json::json!({ "errors": [{ "code": error, "message": "told by the proxy" }] });
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self::Status { code, headers, body: body.to_string() }
    }

    /// Something to be done before the registry gets the request, such as damage to its storage.
    #[must_use]
    pub fn run(action: impl Fn() + Send + Sync + 'static) -> Self {
        Self::Run(Arc::new(action))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { code, .. } => write!(formatter, "Status({code})"),
            Self::Redirect(to) => write!(formatter, "Redirect({to})"),
            Self::Refuse => formatter.write_str("Refuse"),
            Self::LoseResponse => formatter.write_str("LoseResponse"),
            Self::CutRequestAfter(bytes) => write!(formatter, "CutRequestAfter({bytes})"),
            Self::CutResponseAfter(bytes) => write!(formatter, "CutResponseAfter({bytes})"),
            Self::StallRequestAfter(bytes) => write!(formatter, "StallRequestAfter({bytes})"),
            Self::StallResponseAfter(bytes) => write!(formatter, "StallResponseAfter({bytes})"),
            Self::TruncateBody(bytes) => write!(formatter, "TruncateBody({bytes})"),
            Self::FlipRequestByte(offset) => write!(formatter, "FlipRequestByte({offset})"),
            Self::FlipByte(offset) => write!(formatter, "FlipByte({offset})"),
            Self::Header(name, _) => write!(formatter, "Header({name})"),
            Self::Delay(time) => write!(formatter, "Delay({time:?})"),
            Self::Run(_) => formatter.write_str("Run"),
        }
    }
}

/// A fault, and the requests it happens to.
pub(super) struct Rule {
    pub(super) matches: Box<dyn Fn(&Seen) -> bool + Send>,
    /// Which of the requests that match, counted from 1.
    pub(super) turns: (Bound<usize>, Bound<usize>),
    pub(super) fault: Fault,
    pub(super) matched: usize,
}

impl Rule {
    /// The fault, if it is this request's turn.
    pub(super) fn fault(&mut self, request: &Seen) -> Option<Fault> {
        if !(self.matches)(request) {
            return None;
        }
        self.matched += 1;
        self.turns.contains(&self.matched).then(|| self.fault.clone())
    }
}
