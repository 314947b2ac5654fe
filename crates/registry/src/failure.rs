//! What a failure of the HTTP library means.

use std::error::Error;
use std::io;

use ureq::Timeout;

use crate::error::Reason;
use crate::url::Url;

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
        // Looking up a name fails with an error of no kind.
        _ if cause.contains("failed to lookup") => Reason::Unreachable { server, cause },
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
