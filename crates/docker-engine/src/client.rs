//! The connection to an engine.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Deserialize;
use ureq::http::{self, Method};
use ureq::{Agent, AsSendBody, Timeout};

use crate::answer::Response;
use crate::endpoint::Endpoint;
use crate::error::EngineError;
use crate::socket::{NoAddress, SocketConnector};
use crate::version::ApiVersion;

/// Layers are large; small reads and writes cost more than they save.
const BUFFER: usize = 128 * 1024;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an engine that is fine may take to say so.
const PING: Duration = Duration::from_secs(30);

/// How long an engine may be busy before it answers a question.
const ANSWER: Duration = Duration::from_mins(5);

/// How many connections are kept at most.
const CONNECTIONS: usize = 8;

/// Nothing but its own end ends a connection; a process that has given up its rights cannot make a new one.
const FOREVER: Duration = Duration::from_hours(365 * 24);

/// A container engine that answers.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    agent: Agent,
    endpoint: Endpoint,
    /// The version that both sides speak; that of `/_ping` before it is known.
    version: ApiVersion,
    is_podman: bool,
    has_snapshotter: OnceLock<bool>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { endpoint, version, .. } = self.shared.as_ref();
        out.debug_struct("Engine")
            .field("endpoint", endpoint)
            .field("version", version)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Info {
    driver_status: Option<Vec<(String, String)>>,
}

impl Engine {
    /// Finds the engine that the environment names (`DOCKER_HOST`, `DOCKER_CERT_PATH`, `DOCKER_TLS_VERIFY`),
    /// else the one at `/var/run/docker.sock`, and agrees on a version of the API.
    ///
    /// # Errors
    /// It cannot be reached, or is too old.
    pub fn connect(environment: &[(OsString, OsString)]) -> Result<Self, EngineError> {
        let endpoint = Endpoint::of(environment)?;
        let agent = agent(&endpoint)?;
        let shared = Shared {
            agent,
            endpoint,
            version: ApiVersion::OLDEST,
            is_podman: false,
            has_snapshotter: OnceLock::new(),
        };
        let engine = Self { shared: Arc::new(shared) };
        let pong = engine.ping()?;
        let header = |name: &str| pong.headers().get(name).and_then(|value| value.to_str().ok());
        let is_podman = header("libpod-api-version").is_some();
        let version = header("api-version").map_or(Ok(ApiVersion::OLDEST), str::parse);
        let version = version
            .map_err(|()| engine.nonsense("tell its version", "the answer has no version".to_owned()))?;
        engine.bytes(pong, "tell its version")?;
        if version < ApiVersion::OLDEST {
            return Err(EngineError::TooOld {
                engine: engine.name(),
                version: version.to_string(),
                least: ApiVersion::OLDEST.to_string(),
            });
        }
        let version = version.min(ApiVersion::NEWEST);
        log::debug!("The engine at '{}' speaks version {version} of its API", engine.name());
        let Shared { agent, endpoint, .. } = engine.shared.as_ref();
        let shared = Shared {
            agent: agent.clone(),
            endpoint: endpoint.clone(),
            version,
            is_podman,
            has_snapshotter: OnceLock::new(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Asks whether the engine is there.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&self) -> Result<(), EngineError> {
        let pong = self.ping()?;
        self.bytes(pong, "answer").map(|_| ())
    }

    /// Makes all connections that will be needed, because this process is about to give up the right to.
    /// Children do not inherit them.
    ///
    /// # Errors
    /// The engine does not take them.
    pub fn keep_connections(&self) -> Result<(), EngineError> {
        // As long as an answer is not read, its connection serves nothing else.
        let pongs = (0..CONNECTIONS).map(|_| self.ping()).collect::<Result<Vec<_>, _>>()?;
        pongs.into_iter().try_for_each(|pong| self.bytes(pong, "answer").map(|_| ()))
    }

    /// Whether an image may be brought without those of its lowest layers that the engine has.
    #[must_use]
    pub fn takes_partial_images(&self) -> bool {
        !self.shared.is_podman && !self.has_snapshotter()
    }

    /// Whether images are for several platforms.
    pub(crate) fn has_platforms(&self) -> bool {
        self.shared.version >= ApiVersion::WITH_PLATFORMS
    }

    /// Whether the engine keeps images in the form in which registries have them.
    fn has_snapshotter(&self) -> bool {
        let ask = || {
            let action = "describe itself";
            let info = self.get("/info", action).and_then(|answer| self.document::<Info>(answer, action));
            let info = info.unwrap_or_else(|error| {
                log::debug!("{error}");
                Info::default()
            });
            let status = info.driver_status.unwrap_or_default();
            status.iter().any(|(key, value)| key == "driver-type" && value == "io.containerd.snapshotter.v1")
        };
        *self.shared.has_snapshotter.get_or_init(ask)
    }

    /// The engine's address, for errors.
    pub(crate) fn name(&self) -> String {
        self.shared.endpoint.name()
    }

    fn ping(&self) -> Result<Response, EngineError> {
        let url = format!("{}/_ping", self.shared.endpoint.base());
        let response = self.exchange(Method::GET, &url, (), "answer", Some(PING))?;
        self.expect(response, "answer", &[200])
    }

    /// Asks for something.
    pub(crate) fn get(&self, path: &str, action: &str) -> Result<Response, EngineError> {
        let response = self.send(Method::GET, path, (), action, Some(ANSWER))?;
        self.expect(response, action, &[200])
    }

    /// Sends a request below the version's path. Without `silence`, the answer may take however long.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        body: impl AsSendBody,
        action: &str,
        silence: Option<Duration>,
    ) -> Result<Response, EngineError> {
        let url = format!("{}/v{}{path}", self.shared.endpoint.base(), self.shared.version);
        self.exchange(method, &url, body, action, silence)
    }

    /// Sends a request that changes something.
    pub(crate) fn change(&self, method: Method, path: &str, action: &str) -> Result<Response, EngineError> {
        self.send(method, path, [].as_slice(), action, Some(ANSWER))
    }

    fn exchange(
        &self,
        method: Method,
        url: &str,
        body: impl AsSendBody,
        action: &str,
        silence: Option<Duration>,
    ) -> Result<Response, EngineError> {
        let agent = &self.shared.agent;
        let builder = http::Request::builder().method(method).uri(url);
        let builder = builder.header("content-type", "application/x-tar");
        let request = builder.body(body).map_err(|error| self.nonsense(action, error.to_string()))?;
        let request = agent.configure_request(request).timeout_per_read(silence).build();
        agent.run(request).map_err(|error| self.failure(&error, action))
    }

    fn failure(&self, error: &ureq::Error, action: &str) -> EngineError {
        let unreachable =
            |cause: &str| EngineError::Unreachable { engine: self.name(), cause: cause.to_owned() };
        match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => unreachable("no connection in time"),
            ureq::Error::Timeout(_) => self.cut(action, "no answer in time".to_owned()),
            ureq::Error::HostNotFound => unreachable("no such host is known"),
            ureq::Error::ConnectionFailed => unreachable("no connection"),
            ureq::Error::Rustls(error) => self.untrusted(error.to_string()),
            ureq::Error::Tls(cause) => self.untrusted((*cause).to_owned()),
            ureq::Error::Io(error) => self.io_failure(error, action),
            other => self.nonsense(action, other.to_string()),
        }
    }

    fn untrusted(&self, cause: String) -> EngineError {
        EngineError::Untrusted { engine: self.name(), cause }
    }

    fn io_failure(&self, error: &io::Error, action: &str) -> EngineError {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::NotFound | Kind::PermissionDenied | Kind::ConnectionRefused => {
                match &self.shared.endpoint {
                    Endpoint::Socket(path) => EngineError::of_socket(path, error),
                    Endpoint::Tcp { .. } => {
                        EngineError::Unreachable { engine: self.name(), cause: error.to_string() }
                    }
                }
            }
            // What the TLS library refuses, or the engine refuses in its terms.
            Kind::InvalidData if matches!(self.shared.endpoint, Endpoint::Tcp { tls: Some(_), .. }) => {
                self.untrusted(error.to_string())
            }
            Kind::HostUnreachable | Kind::NetworkUnreachable => {
                EngineError::Unreachable { engine: self.name(), cause: error.to_string() }
            }
            _ => self.cut(action, error.to_string()),
        }
    }
}

fn agent(endpoint: &Endpoint) -> Result<Agent, EngineError> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("cnb-lifecycle/", env!("CARGO_PKG_VERSION")))
        .proxy(None)
        .timeout_connect(Some(CONNECT))
        .timeout_resolve(Some(CONNECT))
        .max_idle_age(FOREVER)
        .max_idle_connections(CONNECTIONS)
        .max_idle_connections_per_host(CONNECTIONS)
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER);
    Ok(match endpoint {
        Endpoint::Socket(path) => {
            // The library tells less of why this fails.
            UnixStream::connect(path).map_err(|error| EngineError::of_socket(path, &error))?;
            Agent::with_parts(config.build(), SocketConnector(path.clone()), NoAddress)
        }
        Endpoint::Tcp { tls: Some(tls), .. } => config.tls_config(tls.config()?).build().new_agent(),
        Endpoint::Tcp { tls: None, .. } => config.build().new_agent(),
    })
}
