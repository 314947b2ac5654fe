//! Where the engine is, by the variables that Docker's own client reads.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use crate::error::EngineError;

const DEFAULT: &str = "unix:///var/run/docker.sock";

/// Where the engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// A Unix socket.
    Socket(PathBuf),
    /// A host with its port and what is in front of all paths, with or without TLS.
    Tcp { authority: String, tls: Option<Tls> },
}

/// How to speak TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tls {
    /// The directory of `ca.pem`, `cert.pem` and `key.pem`.
    certificates: Option<PathBuf>,
    /// Whether the engine has to prove who it is.
    verify: bool,
}

impl Endpoint {
    /// What `DOCKER_HOST`, `DOCKER_CERT_PATH` and `DOCKER_TLS_VERIFY` say.
    ///
    /// # Errors
    /// The address is of a kind that is not supported.
    pub(crate) fn of(environment: &[(OsString, OsString)]) -> Result<Self, EngineError> {
        let variable = |name: &str| {
            let value = environment.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            value.filter(|value| !value.is_empty())
        };
        let host = variable("DOCKER_HOST").map_or(DEFAULT.into(), |host| host.to_string_lossy());
        let problem =
            |problem| EngineError::Address { variable: "DOCKER_HOST", value: host.to_string(), problem };
        let (scheme, rest) = host
            .split_once("://")
            .ok_or_else(|| problem("is no address; it has to begin with unix:// or tcp://"))?;
        let certificates = variable("DOCKER_CERT_PATH").map(PathBuf::from);
        let verify = variable("DOCKER_TLS_VERIFY").is_some();
        let tls = |asked: bool| {
            (asked || certificates.is_some()).then(|| Tls { certificates: certificates.clone(), verify })
        };
        let tls = match scheme {
            "unix" if rest.starts_with('/') => return Ok(Self::Socket(rest.into())),
            "unix" => return Err(problem("names no absolute path")),
            "tcp" => tls(false),
            "http" => None,
            "https" => tls(true),
            "ssh" => {
                return Err(problem(
                    "is an address for ssh, which is not supported; mount the engine's socket",
                ));
            }
            _ => return Err(problem("is no address of an engine; it has to begin with unix:// or tcp://")),
        };
        let authority = rest.trim_end_matches('/');
        if authority.is_empty() || authority.contains(['@', '?', '#', ' ']) {
            return Err(problem("names no host"));
        }
        let authority = if authority.contains('/') || has_port(authority) {
            authority.to_owned()
        } else {
            format!("{authority}:{}", if tls.is_some() { 2376 } else { 2375 })
        };
        Ok(Self::Tcp { authority, tls })
    }

    /// What stands in front of the paths of requests.
    pub(crate) fn base(&self) -> String {
        match self {
            // The name means nothing: there is one socket.
            Self::Socket(_) => "http://engine".to_owned(),
            Self::Tcp { authority, tls: None } => format!("http://{authority}"),
            Self::Tcp { authority, tls: Some(_) } => format!("https://{authority}"),
        }
    }

    /// What errors call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Socket(path) => path.display().to_string(),
            Self::Tcp { authority, .. } => authority.clone(),
        }
    }
}

fn has_port(authority: &str) -> bool {
    authority.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Tls {
    /// Reads the certificates.
    ///
    /// # Errors
    /// A file is missing or holds something else.
    pub(crate) fn config(&self) -> Result<TlsConfig, EngineError> {
        let mut tls = TlsConfig::builder().disable_verification(!self.verify);
        let Some(directory) = &self.certificates else { return Ok(tls.build()) };
        let (authority, certificate) = (directory.join("ca.pem"), directory.join("cert.pem"));
        if self.verify || authority.exists() {
            let roots = certificates(&authority)?;
            tls = tls.root_certs(RootCerts::from(roots.into_iter()));
        }
        if self.verify || certificate.exists() {
            let key = directory.join("key.pem");
            let key = PrivateKey::from_pem(&read(&key)?).map_err(|error| unusable(&key, &error))?;
            tls = tls.client_cert(Some(ClientCert::new_with_certs(&certificates(&certificate)?, key)));
        }
        Ok(tls.build())
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, EngineError> {
    let text = read(path)?;
    let mut certificates = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| unusable(path, &error))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(unusable(path, &"it holds no certificate"));
    }
    Ok(certificates)
}

fn read(path: &Path) -> Result<Vec<u8>, EngineError> {
    fs_err::File::open(path)
        .and_then(|file| {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut std::io::Read::take(file, LONGEST), &mut bytes)?;
            Ok(bytes)
        })
        .map_err(|error| unusable(path, &error))
}

/// More of a file of certificates is not read, in bytes.
const LONGEST: u64 = 1024 * 1024;

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> EngineError {
    EngineError::Certificate { path: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::Endpoint;

    fn of(variables: &[(&str, &str)]) -> Result<Endpoint, String> {
        let environment: Vec<(OsString, OsString)> =
            variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Endpoint::of(&environment).map_err(|error| error.to_string())
    }

    #[test]
    fn variables_tell_where_the_engine_is() {
        for (host, base, name) in [
            ("", "http://engine", "/var/run/docker.sock"),
            ("unix:///run/other.sock", "http://engine", "/run/other.sock"),
            ("tcp://host:1234", "http://host:1234", "host:1234"),
            ("tcp://host", "http://host:2375", "host:2375"),
            ("tcp://[::1]:1234/", "http://[::1]:1234", "[::1]:1234"),
            ("tcp://host:1234/prefix", "http://host:1234/prefix", "host:1234/prefix"),
            ("https://host", "https://host:2376", "host:2376"),
        ] {
            let endpoint = of(&[("DOCKER_HOST", host)]).unwrap();
            assert_eq!((endpoint.base().as_str(), endpoint.name().as_str()), (base, name));
        }
        let tls = of(&[("DOCKER_HOST", "tcp://host"), ("DOCKER_CERT_PATH", "/certificates")]).unwrap();
        assert_eq!(tls.base(), "https://host:2376");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for host in
            ["host:1234", "unix://relative", "tcp://", "ssh://user@host", "npipe:////./pipe", "tcp://a@b"]
        {
            let error = of(&[("DOCKER_HOST", host)]).unwrap_err();
            assert!(error.starts_with(&format!("DOCKER_HOST is '{host}', which ")), "{error}");
        }
    }

    #[test]
    fn certificates_that_cannot_be_used_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_str().unwrap();
        let variables =
            [("DOCKER_HOST", "tcp://host"), ("DOCKER_CERT_PATH", path), ("DOCKER_TLS_VERIFY", "1")];
        let config = || match of(&variables).unwrap() {
            Endpoint::Tcp { tls: Some(tls), .. } => tls.config().map(|_| ()).unwrap_err().to_string(),
            other => panic!("{other:?}"),
        };
        assert!(config().contains("ca.pem"), "{}", config());
        fs_err::write(directory.path().join("ca.pem"), "no certificate").unwrap();
        assert!(config().contains("it holds no certificate"), "{}", config());
    }
}
