//! What can go wrong with a registry, told so that an operator knows where to look.

use std::fmt;
use std::io;

use credentials::Source;
use spec_model::Digest;

/// So many error codes of an answer say enough.
const CODES_TOLD: usize = 8;

/// A registry did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}: {reason}{tried}")]
pub struct RegistryError {
    /// What was to be done, with the image's or repository's name.
    pub action: Box<str>,
    /// Why it was not.
    pub reason: Reason,
    /// With what credential it was tried.
    pub tried: Tried,
}

/// Why a registry did not do what it was asked for.
#[derive(Debug)]
pub enum Reason {
    /// It answered that it would not.
    Refused {
        /// Host and port.
        server: String,
        /// The HTTP status.
        status: u16,
        /// The error codes of its answer.
        codes: Vec<ErrorCode>,
    },
    /// It cannot be reached.
    Unreachable {
        /// Host and port, with the proxy if there is one.
        server: String,
        /// What the system says.
        cause: String,
    },
    /// It cannot be trusted: its certificate, or what it says instead of TLS.
    Tls {
        /// Host and port.
        server: String,
        /// What is wrong.
        cause: String,
    },
    /// The connection ended too early.
    Cut {
        /// Host and port.
        server: String,
        /// What the system says.
        cause: String,
    },
    /// It said nothing for too long.
    Silent {
        /// Host and port.
        server: String,
    },
    /// It answered what makes no sense.
    Nonsense {
        /// Host and port.
        server: String,
        /// What does not.
        what: String,
    },
    /// This process cannot make requests at all.
    Setup {
        /// Why not.
        cause: String,
    },
}

/// An entry of a registry's answer that tells an error. Spec: distribution-spec § Error Codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCode {
    /// The code, in capital letters.
    pub code: String,
    /// A sentence for people; may be empty.
    pub message: String,
    /// The blob it is about, if it names one.
    pub digest: Option<Digest>,
}

/// Which kind of credential was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// Credentials had nothing to do with it.
    Irrelevant,
    /// None, because none was found.
    Nothing,
    /// One from somewhere.
    Credential {
        /// For people, without the secret.
        kind: Box<str>,
        /// Where it is from.
        source: Source,
    },
}

impl RegistryError {
    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match &self.reason {
            Reason::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the registry wants other credentials.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self.status(), Some(401 | 403))
    }

    /// Whether trying again may help.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match &self.reason {
            Reason::Refused { status, .. } => is_passing(*status),
            Reason::Unreachable { .. } | Reason::Cut { .. } | Reason::Silent { .. } => true,
            Reason::Tls { .. } | Reason::Nonsense { .. } | Reason::Setup { .. } => false,
        }
    }

    /// Whether the registry refused a manifest because it does not have all blobs.
    #[must_use]
    pub fn misses_blobs(&self) -> bool {
        self.codes_of_missing_blobs().next().is_some()
    }

    /// The blobs that the registry says it does not have; it may miss some without naming them.
    pub fn missing_blobs(&self) -> impl Iterator<Item = Digest> {
        self.codes_of_missing_blobs().filter_map(|entry| entry.digest)
    }

    fn codes_of_missing_blobs(&self) -> impl Iterator<Item = &ErrorCode> {
        const CODES: [&str; 2] = ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"];
        let codes = match &self.reason {
            Reason::Refused { codes, .. } => codes.as_slice(),
            _ => &[],
        };
        codes.iter().filter(|entry| CODES.contains(&entry.code.as_str()))
    }

    /// The error as one of reading or writing bytes.
    pub(crate) fn into_io(self) -> io::Error {
        io::Error::other(self)
    }
}

impl Reason {
    /// Whether what answered does not speak TLS at all.
    pub(crate) fn is_no_tls(&self) -> bool {
        // The library's error for bytes that are no TLS record is known by its text alone.
        matches!(self, Self::Tls { cause, .. } if cause.starts_with("received corrupt message"))
    }
}

/// Whether a status tells of a state that passes.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502..=599)
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { server, status, codes } => {
                write!(out, "'{server}' answered {}", status_line(*status))?;
                let texts: Vec<_> = codes.iter().take(CODES_TOLD).map(ToString::to_string).collect();
                if texts.is_empty() { Ok(()) } else { write!(out, " ({})", texts.join("; ")) }
            }
            Self::Unreachable { server, cause } => write!(out, "'{server}' cannot be reached: {cause}"),
            Self::Tls { server, cause } => write!(
                out,
                "no trusted connection to '{server}' can be made: {cause}; for a registry with a certificate \
                 of your own set SSL_CERT_FILE, for one without TLS use -insecure-registry"
            ),
            Self::Cut { server, cause } => write!(out, "the connection to '{server}' was cut: {cause}"),
            Self::Silent { server } => write!(out, "'{server}' fell silent"),
            Self::Nonsense { server, what } => write!(out, "'{server}' answered nonsense: {what}"),
            Self::Setup { cause } => out.write_str(cause),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code.is_empty(), self.message.is_empty()) {
            (false, false) => write!(out, "{}: {}", self.code, self.message),
            _ => write!(out, "{}{}", self.code, self.message),
        }
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Irrelevant => Ok(()),
            Self::Nothing => out.write_str(
                "; it was asked without credentials, because none for it are in CNB_REGISTRY_AUTH or the \
                 docker config",
            ),
            Self::Credential { kind, source } => write!(out, "; it was shown {kind} from {source}"),
        }
    }
}

fn status_line(status: u16) -> String {
    let reason = ureq::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}

#[cfg(test)]
mod tests {
    use super::{ErrorCode, Reason, RegistryError, Tried};

    #[test]
    fn a_refusal_names_server_status_codes_and_credential() {
        let code = |code: &str, message: &str| ErrorCode {
            code: code.into(),
            message: message.into(),
            digest: None,
        };
        let error = RegistryError {
            action: "read image 'r.example/a:latest'".into(),
            reason: Reason::Refused {
                server: "r.example".into(),
                status: 403,
                codes: vec![code("DENIED", "not yours"), code("", "go away"), code("X", "")],
            },
            tried: Tried::Nothing,
        };
        assert_eq!(
            error.to_string(),
            "cannot read image 'r.example/a:latest': 'r.example' answered 403 Forbidden (DENIED: not yours; go \
             away; X); it was asked without credentials, because none for it are in CNB_REGISTRY_AUTH or the \
             docker config"
        );
        assert!(error.is_denied() && !error.is_passing());
    }

    #[test]
    fn statuses_that_pass() {
        for (status, expected) in [
            (200, false),
            (401, false),
            (404, false),
            (408, true),
            (429, true),
            (500, true),
            (501, false),
            (503, true),
        ] {
            assert_eq!(super::is_passing(status), expected, "{status}");
        }
    }
}
