//! A repository in a registry, and how its requests get their answers.

use std::sync::Arc;
use std::time::Duration;

use ureq::http::Method;
use ureq::http::header::LOCATION;

use crate::authorization::Scope;
use crate::challenge;
use crate::client::{Access, Shared};
use crate::error::{Reason, RegistryError, Tried};
use crate::exchange::{self, Body, Request, Response};
use crate::refusal;
use crate::token;
use crate::url::{Scheme, Url};

/// For how long a registry may take to clean up what nobody needs any more.
const FAREWELL: Duration = Duration::from_secs(5);

/// So often a registry may ask for another credential than it was shown.
const RENEWALS: usize = 2;

/// A repository in a registry.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(crate) shared: Arc<Shared>,
    pub(crate) scope: Scope,
}

impl Repository {
    pub(crate) fn new(shared: Arc<Shared>, registry: &str, repository: &str, access: Access) -> Self {
        let (registry, repository) = (registry.to_owned(), repository.to_owned());
        Self { shared, scope: Scope { registry, repository, access, from: None } }
    }

    /// The registry's host and port.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.scope.registry
    }

    /// The repository's name in the registry.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.scope.repository
    }

    /// The repository's full name.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.registry(), self.name())
    }

    /// Sends a request without a body to a path below the repository's.
    pub(crate) fn send(
        &self,
        action: &str,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(Response, Url), RegistryError> {
        self.exchange(action, method, &|scheme| self.url(scheme, path), headers, Body::Nothing)
    }

    /// Sends a request, with what the registry wants to see, and tells from where the answer came.
    pub(crate) fn exchange(
        &self,
        action: &str,
        method: Method,
        url: &dyn Fn(Scheme) -> Url,
        headers: &[(&'static str, &str)],
        body: Body<'_>,
    ) -> Result<(Response, Url), RegistryError> {
        let patience = &self.shared.patience;
        let silence = if method == Method::PUT { patience.commit } else { patience.silence };
        let scheme = self.shared.scheme(self.registry());
        let url = url(scheme);
        let request = Request { method, url: &url, headers, body, silence, attempts: patience.attempts };
        let response = self.authorized(action, &request)?;
        Ok((response, url))
    }

    /// Removes what is at an address if that can be done at once; nobody is told whether it was.
    pub(crate) fn try_delete(&self, action: &str, url: &Url) {
        let silence = self.shared.patience.silence.min(FAREWELL);
        let (method, body) = (Method::DELETE, Body::Nothing);
        let request = Request { method, url, headers: &[], body, silence, attempts: 1 };
        if let Err(error) = self.authorized(action, &request) {
            log::debug!("{error}");
        }
    }

    /// Sends a request; if the registry then asks for a credential, again with that.
    fn authorized(&self, action: &str, request: &Request<'_>) -> Result<Response, RegistryError> {
        let reason = |reason| self.error(action, reason);
        if !self.serves(request.url) {
            return exchange::patiently(&self.shared, request, None).map_err(reason);
        }
        let mut header = self.authorization()?;
        // Once nothing or an old token was shown, and once a new token was too old already.
        for _ in 0..RENEWALS {
            let response = exchange::patiently(&self.shared, request, header.as_deref()).map_err(reason)?;
            if response.status() != 400 {
                self.shared.speaks(self.registry(), request.url.scheme);
            }
            if response.status() != 401 {
                return Ok(response);
            }
            self.challenged(&response);
            let next = self.authorization()?;
            if next == header {
                return Ok(response);
            }
            header = next;
        }
        exchange::patiently(&self.shared, request, header.as_deref()).map_err(reason)
    }

    /// Takes note of what the registry asks for in an answer of status 401.
    pub(crate) fn challenged(&self, response: &Response) {
        let values = response.headers().get_all("www-authenticate").iter();
        let challenge = challenge::choose(values.filter_map(|value| value.to_str().ok()));
        self.shared.authorizations.challenged(&self.scope, challenge);
    }

    /// Whether an address is the registry's own; what is meant for it is told to no other, nor without the
    /// TLS that it speaks.
    pub(crate) fn serves(&self, url: &Url) -> bool {
        // Before the first answer there are only addresses of our own making.
        let scheme = self.shared.known_scheme(self.registry()).unwrap_or(url.scheme);
        url.has_same_origin(&Url::new(scheme, self.registry(), "/"))
    }

    /// The `Authorization` header for this repository.
    pub(crate) fn authorization(&self) -> Result<Option<String>, RegistryError> {
        self.shared.authorizations.header(&self.scope, |challenge, found| {
            let scheme = self.shared.scheme(self.registry());
            token::fetch(&self.shared, &self.scope, scheme, challenge, found)
        })
    }

    pub(crate) fn expect(
        &self,
        action: &str,
        response: Response,
        url: &Url,
        expected: &[u16],
    ) -> Result<Response, RegistryError> {
        refusal::expect(response, url, expected).map_err(|reason| self.error(action, reason))
    }

    /// An error of this repository.
    pub(crate) fn error(&self, action: &str, reason: Reason) -> RegistryError {
        let tried = match &reason {
            Reason::Refused { status: 401 | 403, .. } => self.shared.authorizations.tried(&self.scope),
            _ => Tried::Irrelevant,
        };
        RegistryError { action: action.into(), reason, tried }
    }

    pub(crate) fn url(&self, scheme: Scheme, path: &str) -> Url {
        Url::new(scheme, self.registry(), &format!("/v2/{}/{path}", self.name()))
    }

    pub(crate) fn image(&self, identifier: &str) -> String {
        let delimiter = if identifier.contains(':') { '@' } else { ':' };
        format!("{}{delimiter}{identifier}", self.full_name())
    }
}

/// The address in the `Location` header of an answer from `url`.
pub(crate) fn location(response: &Response, url: &Url) -> Option<Url> {
    header(response, LOCATION.as_str()).and_then(|location| url.join(location))
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use credentials::Keychain;

    use crate::url::{Scheme, Url};
    use crate::{Access, Client, Patience};

    #[test]
    fn only_the_registry_itself_is_shown_credentials_and_only_in_its_own_protocol() {
        let client = Client::new(&[], Keychain::default(), &[], Patience::default());
        let repository = client.repository(&"r.example/app".parse().unwrap(), Access::Push);
        repository.shared.speaks("r.example", Scheme::Https);
        for (url, expected) in [
            ("https://r.example/v2/app/blobs/uploads/1", true),
            ("https://R.Example:443/elsewhere", true),
            ("http://r.example/v2/app/blobs/uploads/1", false),
            ("http://r.example:443/v2/app/blobs/uploads/1", false),
            ("https://r.example:5000/v2/app/blobs/uploads/1", false),
            ("https://r.example.org/v2/app/blobs/uploads/1", false),
            ("https://other.example/v2/app/blobs/uploads/1", false),
        ] {
            assert_eq!(repository.serves(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
