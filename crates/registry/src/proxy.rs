//! Which proxy a request goes through, by the variables `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.
//!
//! The rules are those of Go's `httpproxy`, which the other tools of the ecosystem follow. The names in capital
//! letters come before those in small ones.

mod exceptions;

use std::ffi::{OsStr, OsString};
use std::fmt;

use ureq::{Proxy, ProxyProtocol};

use self::exceptions::Exceptions;

/// The proxies, and the hosts that are reached without them.
#[derive(Default)]
pub(crate) struct Proxies {
    http: Option<String>,
    https: Option<String>,
    exceptions: Exceptions,
}

/// Proxies can have passwords in their addresses.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies")
            .field("http", &self.http.is_some())
            .field("https", &self.https.is_some())
            .finish_non_exhaustive()
    }
}

/// Why the value of a variable is no proxy; nothing of the value is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unusable {
    #[error("is not the address of a proxy, [http://][<user>:<password>@]<host>[:<port>]")]
    Malformed,
    #[error("names a proxy that speaks neither HTTP nor HTTPS, which is not supported")]
    Protocol,
}

impl Proxies {
    /// Reads the variables. A value that is no use is a warning, and the same as none.
    pub(crate) fn from_environment(environment: &[(OsString, OsString)]) -> Self {
        // A web server sets HTTP_PROXY for the programs that it runs from a header that any client can send.
        let is_request = value(environment, &["REQUEST_METHOD"]).is_some();
        let proxy = |names: &[&str]| value(environment, names).and_then(|(name, value)| usable(name, value));
        Self {
            http: proxy(&["HTTP_PROXY", "http_proxy"]).filter(|_| !is_request),
            https: proxy(&["HTTPS_PROXY", "https_proxy"]),
            exceptions: value(environment, &["NO_PROXY", "no_proxy"])
                .map(|(_, list)| Exceptions::parse(&list.to_string_lossy()))
                .unwrap_or_default(),
        }
    }

    /// The address of the proxy for requests to a host, with its scheme; `None` is no proxy.
    ///
    /// An IPv6 address may be in brackets.
    pub(crate) fn choose(&self, scheme: &str, host: &str, port: u16) -> Option<&str> {
        let proxy = match scheme {
            "http" => self.http.as_deref(),
            "https" => self.https.as_deref(),
            _ => None,
        }?;
        (!self.exceptions.hold(host, port)).then_some(proxy)
    }
}

/// The first of the variables that is set and not empty.
fn value<'a, 'n>(environment: &'a [(OsString, OsString)], names: &[&'n str]) -> Option<(&'n str, &'a OsStr)> {
    names.iter().find_map(|name| {
        let (_, value) = environment.iter().find(|(key, _)| key == name)?;
        (!value.is_empty()).then_some((*name, value.as_os_str()))
    })
}

fn usable(variable: &str, value: &OsStr) -> Option<String> {
    parse(value).inspect_err(|reason| log::warn!("{variable} {reason}; going on without this proxy")).ok()
}

/// The proxy's address, with its scheme.
fn parse(value: &OsStr) -> Result<String, Unusable> {
    let value = value.to_str().ok_or(Unusable::Malformed)?.trim();
    let address = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    match Proxy::new(&address) {
        Ok(proxy) if proxy.host().is_empty() || !has_sound_port(&proxy) => Err(Unusable::Malformed),
        Ok(proxy) if matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https) => Ok(address),
        Ok(_) => Err(Unusable::Protocol),
        // What the library says of it could quote the password.
        Err(_) => Err(Unusable::Malformed),
    }
}

/// Whether what follows the host is a port, or nothing: the library takes the default for anything else.
fn has_sound_port(proxy: &Proxy) -> bool {
    let authority = proxy.uri().authority().map_or("", |authority| authority.as_str());
    let address = authority.rsplit('@').next().unwrap_or_default();
    let port = address.strip_prefix(proxy.host()).unwrap_or_default().trim_start_matches(':');
    port.is_empty() || proxy.uri().port_u16().is_some()
}

#[cfg(test)]
mod tests;
