//! What is shown to a registry so that it answers: nothing, until it asks; then what it asks for.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credentials::{Credential, Found, Keychain};

use crate::challenge::Challenge;
use crate::client::Access;
use crate::error::{RegistryError, Tried};
use crate::token::Token;

/// What a request needs the right to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scope {
    pub(crate) registry: String,
    pub(crate) repository: String,
    pub(crate) access: Access,
    /// A further repository that is read, when a blob is mounted from it.
    pub(crate) from: Option<String>,
}

impl Scope {
    /// The scopes as token servers know them.
    pub(crate) fn texts(&self) -> impl Iterator<Item = String> {
        let actions = match self.access {
            Access::Pull => "pull",
            Access::Push => "pull,push",
            Access::Delete => "pull,delete",
        };
        let own = format!("repository:{}:{actions}", self.repository);
        let from = self.from.as_ref().map(|from| format!("repository:{from}:pull"));
        std::iter::once(own).chain(from)
    }
}

/// Challenges and tokens of all registries.
#[derive(Debug)]
pub(crate) struct Authorizations {
    keychain: Keychain,
    challenges: Mutex<BTreeMap<String, Challenge>>,
    tokens: Mutex<BTreeMap<Scope, (Token, Instant)>>,
}

impl Authorizations {
    pub(crate) fn new(keychain: Keychain) -> Self {
        Self { keychain, challenges: Mutex::default(), tokens: Mutex::default() }
    }

    /// Remembers what a registry asks for, and that the last token was of no use. Without a challenge, what it
    /// asked for before still counts.
    pub(crate) fn challenged(&self, scope: &Scope, challenge: Option<Challenge>) {
        let mut challenges = lock(&self.challenges);
        let known = challenges.entry(scope.registry.clone()).or_insert(Challenge::Other);
        if let Some(challenge) = challenge {
            *known = challenge;
        }
        drop(challenges);
        lock(&self.tokens).remove(scope);
    }

    /// Whether a registry has asked for anything.
    pub(crate) fn challenge(&self, registry: &str) -> Option<Challenge> {
        lock(&self.challenges).get(registry).cloned()
    }

    /// The value of the `Authorization` header, if the registry has asked for one. `fetch` gets a token
    /// from a token server.
    ///
    /// # Errors
    /// The token server gives none.
    pub(crate) fn header(
        &self,
        scope: &Scope,
        fetch: impl FnOnce(&Challenge, Option<&Found>) -> Result<Token, RegistryError>,
    ) -> Result<Option<String>, RegistryError> {
        let Some(challenge) = self.challenge(&scope.registry) else { return Ok(None) };
        let found = self.found(scope);
        match found.as_ref().map(|found| &found.credential) {
            // Whoever hands out such values knows what the registry takes.
            Some(Credential::Header(value)) => return Ok(Some(value.reveal().to_owned())),
            Some(Credential::Bearer(token)) => return Ok(Some(format!("Bearer {}", token.reveal()))),
            Some(Credential::Basic { .. } | Credential::IdentityToken { .. }) | None => {}
        }
        match &challenge {
            Challenge::Other => Ok(None),
            Challenge::Basic => Ok(found.as_ref().and_then(|found| basic(&found.credential))),
            Challenge::Bearer { .. } => {
                // Held while fetching: threads that need the same token wait for it.
                let mut tokens = lock(&self.tokens);
                let now = Instant::now();
                if let Some((token, until)) = tokens.get(scope)
                    && *until > now
                {
                    return Ok(Some(token.header()));
                }
                let token = fetch(&challenge, found.as_ref())?;
                let header = token.header();
                tokens.insert(scope.clone(), (token.clone(), now + token.lifetime));
                Ok(Some(header))
            }
        }
    }

    fn found(&self, scope: &Scope) -> Option<Found> {
        self.keychain.find(&scope.registry, &scope.repository)
    }

    /// What errors say of credentials.
    pub(crate) fn tried(&self, scope: &Scope) -> Tried {
        self.found(scope).map_or(Tried::Nothing, |found| Tried::Credential {
            kind: found.credential.to_string().into(),
            source: found.source,
        })
    }
}

/// The header with a user's password. An identity token is of use to token servers only.
pub(crate) fn basic(credential: &Credential) -> Option<String> {
    match credential {
        Credential::Basic { user, password } => {
            Some(format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.reveal()))))
        }
        Credential::Bearer(_) | Credential::IdentityToken { .. } | Credential::Header(_) => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
