//! Addresses of what registries serve.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All that has to be encoded in the value of a query's parameter.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/')
    .remove(b':')
    .remove(b',');

/// The protocol that a registry speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Https,
    Http,
}

impl Scheme {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// An absolute address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: Scheme,
    /// Host and, where there is one, port.
    pub(crate) authority: String,
    /// What follows, from the first slash on.
    pub(crate) path: String,
}

impl Url {
    pub(crate) fn new(scheme: Scheme, authority: &str, path: &str) -> Self {
        Self { scheme, authority: authority.to_owned(), path: path.to_owned() }
    }

    /// Reads an absolute address. One with a user name in it is none that we want to know.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return None,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.is_empty() || authority.contains('@') {
            return None;
        }
        let path = path.split_once('#').map_or(path, |(path, _)| path);
        let slash = if path.starts_with('/') { "" } else { "/" };
        Some(Self::new(scheme, authority, &format!("{slash}{path}")))
    }

    /// What `location`, the value of a header in an answer from this address, points to.
    /// Spec: RFC 3986 § 5.2.
    pub(crate) fn join(&self, location: &str) -> Option<Self> {
        if location.contains("://") && !location.starts_with(['/', '?']) {
            return Self::parse(location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Self::parse(&format!("{}://{rest}", self.scheme.name()));
        }
        let path = self.path.split('?').next().unwrap_or_default();
        let path = match location {
            "" => return None,
            absolute if absolute.starts_with('/') => absolute.to_owned(),
            query if query.starts_with('?') => format!("{path}{query}"),
            relative => {
                let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
                format!("{directory}/{relative}")
            }
        };
        Some(Self::new(self.scheme, &self.authority, &path))
    }

    /// The address with one more parameter in its query.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(name);
        self.path.push('=');
        self.path.extend(utf8_percent_encode(value, IN_QUERY));
        self
    }

    /// The host without brackets, and the port.
    pub(crate) fn host_and_port(&self) -> (&str, u16) {
        let default = self.scheme.default_port();
        let (host, port) = match self.authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(default)),
            _ => (self.authority.as_str(), default),
        };
        (host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host), port)
    }

    /// Whether both addresses are served by the same host: what is meant for one may be told to the other.
    pub(crate) fn has_same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.host_and_port().1 == other.host_and_port().1
            && self.host_and_port().0.eq_ignore_ascii_case(other.host_and_port().0)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}{}", self.scheme.name(), self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::Url;

    #[test]
    fn locations_are_relative_in_every_way() {
        let here = Url::parse("https://r.example:5000/v2/a/blobs/uploads/?x=1").unwrap();
        for (location, expected) in [
            ("https://other/v2/u?s=1", "https://other/v2/u?s=1"),
            ("//other/u", "https://other/u"),
            ("/v2/a/blobs/uploads/1?s=http://x", "https://r.example:5000/v2/a/blobs/uploads/1?s=http://x"),
            ("1?s=2", "https://r.example:5000/v2/a/blobs/uploads/1?s=2"),
            ("?s=2", "https://r.example:5000/v2/a/blobs/uploads/?s=2"),
        ] {
            assert_eq!(here.join(location).unwrap().to_string(), expected, "{location}");
        }
        for location in ["", "ftp://x/y", "https://user:word@x/y", "https://"] {
            assert_eq!(here.join(location), None, "{location}");
        }
    }

    #[test]
    fn parameters_are_added_and_encoded() {
        let url = Url::parse("http://r/u").unwrap().with("digest", "sha256:ab").with("from", "a/b c&d+");
        assert_eq!(url.to_string(), "http://r/u?digest=sha256:ab&from=a/b%20c%26d%2B");
    }

    #[test]
    fn origins() {
        let url = |text| Url::parse(text).unwrap();
        assert_eq!(url("http://[::1]:80/").host_and_port(), ("::1", 80));
        assert_eq!(url("https://[::1]/").host_and_port(), ("::1", 443));
        assert!(url("https://R.example/a").has_same_origin(&url("https://r.example:443/b")));
        assert!(!url("https://r.example/a").has_same_origin(&url("http://r.example/a")));
        assert!(!url("https://r.example/a").has_same_origin(&url("https://r.example:444/a")));
    }
}
