//! What a process knows of the registries it talks to.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credentials::Keychain;
use image::Reference;

use crate::agents::Agents;
use crate::authorization::Authorizations;
use crate::error::Reason;
use crate::exchange;
use crate::patience::Patience;
use crate::repository::Repository;
use crate::url::{Scheme, Url};

/// What a process knows of the registries it talks to. Clones share it.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) agents: Agents,
    pub(crate) authorizations: Authorizations,
    pub(crate) patience: Patience,
    /// The protocol of registries that have answered.
    schemes: Mutex<BTreeMap<String, Scheme>>,
}

/// What is to be done in a repository; credentials are asked for no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Reading.
    Pull,
    /// Reading and writing.
    Push,
    /// Reading and removing.
    Delete,
}

impl Client {
    /// Makes a client. `environment` names proxies and trusted roots, `insecure` registries (host and port)
    /// that may go without TLS or with a certificate that nobody vouches for.
    #[must_use]
    pub fn new(
        environment: &[(OsString, OsString)],
        keychain: Keychain,
        insecure: &[String],
        patience: Patience,
    ) -> Self {
        let shared = Shared {
            agents: Agents::new(environment, insecure, patience),
            authorizations: Authorizations::new(keychain),
            patience,
            schemes: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The repository that an image is in.
    #[must_use]
    pub fn repository(&self, reference: &Reference, access: Access) -> Repository {
        Repository::new(Arc::clone(&self.shared), reference.registry(), reference.repository(), access)
    }
}

impl Shared {
    /// The protocol that a registry speaks. Registries on this machine and insecure ones often go without
    /// TLS; whether they do is found out once.
    pub(crate) fn scheme(&self, registry: &str) -> Scheme {
        if let Some(scheme) = self.known_scheme(registry) {
            return scheme;
        }
        if !self.agents.is_insecure(registry) && !is_local(registry) {
            return Scheme::Https;
        }
        let scheme = match exchange::probe(self, &Url::new(Scheme::Https, registry, "/v2/")) {
            Err(reason) if reason.is_no_tls() => Scheme::Http,
            // If there is something wrong with its TLS, the request itself will tell.
            Ok(()) | Err(Reason::Tls { .. }) => Scheme::Https,
            // Nobody can tell. The request is tried without TLS, see `Shared::speaks`.
            Err(_) => return Scheme::Http,
        };
        self.speaks(registry, scheme);
        scheme
    }

    /// The protocol that a registry is known to speak.
    pub(crate) fn known_scheme(&self, registry: &str) -> Option<Scheme> {
        self.known_schemes().get(registry).copied()
    }

    /// Remembers what a registry speaks, unless that is known already.
    pub(crate) fn speaks(&self, registry: &str, scheme: Scheme) {
        self.known_schemes().entry(registry.to_owned()).or_insert(scheme);
    }

    fn known_schemes(&self) -> MutexGuard<'_, BTreeMap<String, Scheme>> {
        self.schemes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a registry's name is one that never leaves the machine or its network, by the rules of the other
/// tools of the ecosystem.
fn is_local(registry: &str) -> bool {
    let host = match registry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => registry.split(':').next().unwrap_or_default(),
    };
    if matches!(host.rsplit('.').next(), Some("localhost"))
        || host.strip_suffix("local").is_some_and(|rest| rest.ends_with('.'))
    {
        return true;
    }
    match host.parse() {
        Ok(std::net::IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(std::net::IpAddr::V6(address)) => address.is_loopback(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn local_registries() {
        for (registry, expected) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("10.1.2.3", true),
            ("192.168.0.1:80", true),
            ("172.16.0.1", true),
            ("172.32.0.1", false),
            ("[::1]:5000", true),
            ("[fe80::1]:5000", false),
            ("registry.local:5000", true),
            ("localhost.example", false),
            ("index.docker.io", false),
        ] {
            assert_eq!(is_local(registry), expected, "{registry}");
        }
    }
}
