//! A token server that a registry trusts.
//!
//! Spec: the token authentication of Docker's registry, by `GET` with Basic credentials or none, and by `POST`
//! as of OAuth 2 with a refresh token ("identity token") or a password.

mod access;
mod jwt;
mod request;
mod tls;

use std::io::{self, BufReader, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

pub use request::{Credential, TokenRequest};

use crate::Authority;
use crate::http::Head;
use crate::server::Server;
use access::Access;
use jwt::Signer;
use tls::Tls;

/// A token server on loopback. Nobody may do anything until a test grants it.
#[derive(Debug)]
pub struct TokenServer {
    // Dropped first: its threads use the rest.
    server: Server,
    shared: Arc<Shared>,
    authority: Authority,
    scheme: &'static str,
}

#[derive(Debug)]
struct Shared {
    signer: Signer,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    access: Access,
    /// What clients are told about the lifetime, in seconds.
    expires_in: Option<u64>,
    /// How many of the next tokens are too old.
    stale: usize,
    /// How many of the next requests fail with a status.
    failures: (usize, u16),
    posts: bool,
    requests: Vec<TokenRequest>,
}

impl Default for TokenServer {
    fn default() -> Self {
        Self::start()
    }
}

impl TokenServer {
    /// What the server calls the registry it gives tokens for.
    pub const SERVICE: &str = "registry.of.tests";

    /// Starts a token server that speaks HTTP.
    #[must_use]
    pub fn start() -> Self {
        // Clients that hang up are their own concern.
        Self::start_with("http", |shared| {
            Server::start(move |client, _| drop(shared.serve(&mut BufReader::new(client))))
        })
    }

    /// Starts a token server that speaks HTTPS, as `localhost` and `127.0.0.1`, certified by an authority.
    #[must_use]
    pub fn tls(authority: &Authority) -> Self {
        let tls = Tls::new(authority);
        Self::start_with("https", |shared| {
            Server::start(move |client, _| {
                let _ = tls.accept(client).and_then(|client| shared.serve(&mut BufReader::new(client)));
            })
        })
    }

    fn start_with(scheme: &'static str, serve: impl FnOnce(Arc<Shared>) -> Server) -> Self {
        let authority = Authority::new();
        let state = State {
            access: Access::default(),
            expires_in: Some(300),
            stale: 0,
            failures: (0, 0),
            posts: true,
            requests: Vec::new(),
        };
        let shared = Arc::new(Shared { signer: Signer::new(&authority), state: Mutex::new(state) });
        Self { server: serve(Arc::clone(&shared)), shared, authority, scheme }
    }

    /// Makes a user known.
    pub fn user(&self, name: &str, password: &str) {
        self.shared.state().access.user(name, password);
    }

    /// Lets a user be known by an identity token too, which is a refresh token.
    pub fn identity_token(&self, user: &str, token: &str) {
        self.shared.state().access.identity_token(user, token);
    }

    /// Lets a user do things, such as `pull,push`, in a repository.
    pub fn grant(&self, user: &str, repository: &str, actions: &str) {
        self.shared.state().access.grant(Some(user), repository, actions);
    }

    /// Lets everybody pull from a repository, without credentials too.
    pub fn grant_anonymous(&self, repository: &str) {
        self.shared.state().access.grant(None, repository, "pull");
    }

    /// The lifetime of tokens that clients are told, in seconds; none is told if there is none.
    pub fn expires_in(&self, seconds: Option<u64>) {
        self.shared.state().expires_in = seconds;
    }

    /// The next tokens are too old for the registry, whatever is told about their lifetime.
    pub fn stale(&self, turns: usize) {
        self.shared.state().stale = turns;
    }

    /// The next requests fail with a status.
    pub fn fail(&self, turns: usize, status: u16) {
        self.shared.state().failures = (turns, status);
    }

    /// No tokens by `POST`, as from servers that are older than OAuth 2.
    pub fn without_posts(&self) {
        self.shared.state().posts = false;
    }

    /// A token for scopes such as `repository:app:pull,push`, as far as the user may do that.
    #[must_use]
    pub fn token(&self, user: &str, scopes: &[&str]) -> String {
        let scopes: Vec<_> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let granted = self.shared.state().access.granted(Some(user), &scopes);
        self.shared.signer.token(user, &granted, false)
    }

    /// The requests so far, in the order in which they arrived.
    #[must_use]
    pub fn requests(&self) -> Vec<TokenRequest> {
        self.shared.state().requests.clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared.state().requests.clear();
    }

    /// Where clients ask for tokens.
    #[must_use]
    pub fn realm(&self) -> String {
        format!("{}://{}/token", self.scheme, self.server.address())
    }

    /// What the registry has to know about this server: its configuration and the certificate in it, which
    /// is expected in a file.
    pub(crate) fn registry_configuration(&self, certificate: &str) -> (Value, String) {
        let configuration = json!({
            "realm": self.realm(),
            "service": Self::SERVICE,
            "issuer": jwt::ISSUER,
            "rootcertbundle": certificate,
        });
        (configuration, self.authority.pem())
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Answers the one request of a connection.
    fn serve(&self, client: &mut BufReader<impl Read + Write>) -> io::Result<()> {
        let Some(request) = TokenRequest::read(client)? else { return Ok(()) };
        let (status, body) = self.answer(&request);
        let mut head = Head::new(&format!("HTTP/1.1 {status} Told"));
        let body = body.to_string();
        head.set("Content-Type", "application/json");
        head.set("Content-Length", &body.len().to_string());
        head.set("Connection", "close");
        let client = client.get_mut();
        head.write(client)?;
        client.write_all(body.as_bytes())?;
        client.flush()
    }

    fn answer(&self, request: &TokenRequest) -> (u16, Value) {
        let mut state = self.state();
        state.requests.push(request.clone());
        let refusal =
            |error: &str| json!({ "details": error, "errors": [{ "code": error, "message": error }] });
        if state.failures.0 > 0 {
            state.failures.0 -= 1;
            return (state.failures.1, refusal("UNAVAILABLE"));
        }
        if !request.path.starts_with("/token") || (request.method == "POST" && !state.posts) {
            return (404, refusal("NOT_FOUND"));
        }
        let Ok(user) = state.access.user_of(&request.credential) else {
            return (401, refusal("UNAUTHORIZED"));
        };
        if request.service.as_deref() != Some(TokenServer::SERVICE) {
            return (400, refusal("UNKNOWN_SERVICE"));
        }
        let granted = state.access.granted(user.as_deref(), &request.scopes);
        let too_old = state.stale > 0;
        state.stale = state.stale.saturating_sub(1);
        let token = self.signer.token(user.as_deref().unwrap_or_default(), &granted, too_old);
        // Servers use either name for a token that is asked for by GET, but this one only for others.
        let name = if request.method == "POST" { "access_token" } else { "token" };
        let mut body = json!({ name: token });
        if let (Some(seconds), Some(fields)) = (state.expires_in, body.as_object_mut()) {
            fields.insert("expires_in".to_owned(), seconds.into());
        }
        (200, body)
    }
}
