//! HTTP agents: one for each combination of proxy and trust. An agent keeps connections for later requests.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::patience::Patience;
use crate::proxy::Proxies;
use crate::roots;
use crate::url::{Scheme, Url};

/// Makes agents and keeps them.
pub(crate) struct Agents {
    environment: Vec<(OsString, OsString)>,
    proxies: Proxies,
    /// Registries whose certificates are not checked.
    insecure: Vec<String>,
    patience: Patience,
    roots: OnceLock<RootCerts>,
    made: Mutex<BTreeMap<(Option<String>, Trust), Agent>>,
}

/// Whose certificates are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trust {
    /// There are none: no TLS.
    Plain,
    /// Those that the trusted roots vouch for.
    Roots,
    /// Anyone's.
    Anyone,
}

/// The environment and the addresses of proxies may hold secrets.
impl fmt::Debug for Agents {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Agents").field("insecure", &self.insecure).finish_non_exhaustive()
    }
}

impl Agents {
    pub(crate) fn new(environment: &[(OsString, OsString)], insecure: &[String], patience: Patience) -> Self {
        Self {
            environment: environment.to_vec(),
            proxies: Proxies::from_environment(environment),
            insecure: insecure.to_vec(),
            patience,
            roots: OnceLock::new(),
            made: Mutex::default(),
        }
    }

    /// The agent for requests to an address.
    ///
    /// # Errors
    /// The proxy's address makes no sense.
    pub(crate) fn get(&self, url: &Url) -> Result<Agent, String> {
        let (host, port) = url.host_and_port();
        let proxy = self.proxies.choose(url.scheme.name(), host, port).map(ToOwned::to_owned);
        let trust = match url.scheme {
            Scheme::Http => Trust::Plain,
            Scheme::Https if self.is_insecure(&url.authority) => Trust::Anyone,
            Scheme::Https => Trust::Roots,
        };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = made.get(&(proxy.clone(), trust)) {
            return Ok(agent.clone());
        }
        let agent = self.make(proxy.as_deref(), trust)?;
        made.insert((proxy, trust), agent.clone());
        Ok(agent)
    }

    /// Whether a registry may go without TLS or with a certificate that nobody vouches for.
    pub(crate) fn is_insecure(&self, registry: &str) -> bool {
        self.insecure.iter().any(|insecure| insecure == registry)
    }

    fn make(&self, proxy: Option<&str>, trust: Trust) -> Result<Agent, String> {
        // What the proxy library says of a malformed address could quote its password.
        let proxy = proxy
            .map(ureq::Proxy::new)
            .transpose()
            .map_err(|_| "the proxy named by HTTPS_PROXY or HTTP_PROXY is no address of a proxy")?;
        let tls = TlsConfig::builder().disable_verification(trust == Trust::Anyone);
        let tls = if trust == Trust::Roots { tls.root_certs(self.roots()) } else { tls };
        let Patience { connect, silence, .. } = self.patience;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("cnb-lifecycle/", env!("CARGO_PKG_VERSION")))
            .proxy(proxy)
            .tls_config(tls.build())
            .timeout_connect(Some(connect))
            .timeout_resolve(Some(connect))
            .timeout_per_read(Some(silence))
            .timeout_per_write(Some(silence))
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .build();
        Ok(config.new_agent())
    }

    fn roots(&self) -> RootCerts {
        let load = || {
            let roots = roots::load(&self.environment);
            for warning in &roots.warnings {
                log::warn!("{warning}");
            }
            let certificates = roots.certificates.iter();
            RootCerts::from(certificates.map(|certificate| Certificate::from_der(certificate).to_owned()))
        };
        self.roots.get_or_init(load).clone()
    }
}

/// Layers are large; small reads and writes cost more than they save.
const BUFFER: usize = 128 * 1024;
