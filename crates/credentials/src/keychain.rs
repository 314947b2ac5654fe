//! The keychain: all sources of credentials in the order in which they count.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::docker_config::{DockerConfig, DockerConfigError};
use crate::environment::Environment;
use crate::registry_auth::{self, RegistryAuthError};
use crate::{Credential, Found, Source, cloud, helper, registry_key};

/// How long a credential helper may take.
const HELPER_TIME_OUT: Duration = Duration::from_secs(10);

/// Why the credentials cannot be read. The messages name the place, and hold no secret.
#[derive(Debug, thiserror::Error)]
pub enum KeychainError {
    /// The variable `CNB_REGISTRY_AUTH` is malformed.
    #[error(transparent)]
    RegistryAuth(#[from] RegistryAuthError),
    /// The docker configuration file is malformed.
    #[error(transparent)]
    DockerConfig(#[from] DockerConfigError),
}

/// Knows the credential for each registry.
///
/// Clones share what credential helpers answered. The default has no credentials and asks no helpers.
#[derive(Clone, Default)]
pub struct Keychain(Arc<Sources>);

#[derive(Default)]
struct Sources {
    environment: Environment,
    registry_auth: BTreeMap<String, Credential>,
    docker_config: Option<DockerConfig>,
    helper_time_out: Duration,
    answers: Mutex<BTreeMap<Question, Answer>>,
}

/// The name of a helper, and the registry that it is asked about.
type Question = (String, String);

/// What a helper said, as soon as it is known.
type Answer = Arc<OnceLock<Option<Credential>>>;

impl Keychain {
    /// Reads the credentials in `CNB_REGISTRY_AUTH` and the docker configuration file.
    ///
    /// That is done now so that it can be before privileges are given up. Helpers are run when they are
    /// needed, with the environment given here but for `CNB_REGISTRY_AUTH`.
    ///
    /// Spec: platform.md § Registry Authentication.
    pub fn read(environment: &[(OsString, OsString)]) -> Result<Self, KeychainError> {
        Self::read_with(environment, HELPER_TIME_OUT)
    }

    pub(crate) fn read_with(
        environment: &[(OsString, OsString)],
        helper_time_out: Duration,
    ) -> Result<Self, KeychainError> {
        let environment = Environment::new(environment);
        let registry_auth = environment
            .get(registry_auth::VARIABLE)
            .map(registry_auth::parse)
            .transpose()?
            .unwrap_or_default();
        let docker_config = DockerConfig::read(&environment)?;
        let answers = Mutex::default();
        Ok(Self(Arc::new(Sources { environment, registry_auth, docker_config, helper_time_out, answers })))
    }

    /// The credential for a repository of a registry, or `None` for anonymous use.
    ///
    /// The registry is `<host>[:<port>]`. A helper is asked once per registry; one that fails is a warning,
    /// and the next source is asked.
    #[must_use]
    pub fn find(&self, registry: &str, repository: &str) -> Option<Found> {
        let sources = &*self.0;
        let scopes = registry_key::scopes(registry, repository);
        sources
            .of_registry_auth(registry)
            .or_else(|| sources.of_docker_config(registry, &scopes))
            .or_else(|| sources.of_cloud(registry))
    }
}

impl fmt::Debug for Keychain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keychain").finish_non_exhaustive()
    }
}

impl Sources {
    fn of_registry_auth(&self, registry: &str) -> Option<Found> {
        let credential = self.registry_auth.get(&registry_key::host(registry))?.clone();
        Some(Found { credential, source: Source::RegistryAuth })
    }

    /// What the configured helper has, else what the file holds itself. Docker would use nothing if its
    /// helper has nothing, but then the file's credential has no other purpose.
    fn of_docker_config(&self, registry: &str, scopes: &[String]) -> Option<Found> {
        let config = self.docker_config.as_ref()?;
        config.helper(scopes).and_then(|name| self.of_helper(name, registry)).or_else(|| {
            let credential = config.credential(scopes)?.clone();
            Some(Found { credential, source: Source::DockerConfig(config.path.clone()) })
        })
    }

    fn of_cloud(&self, registry: &str) -> Option<Found> {
        let names = cloud::helpers(registry, &self.environment);
        let name = names.iter().find(|name| helper::find(name, &self.environment).is_some())?;
        self.of_helper(name, registry)
    }

    fn of_helper(&self, name: &str, registry: &str) -> Option<Found> {
        let question = (name.to_owned(), registry_key::host(registry));
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = Arc::clone(answers.entry(question).or_default());
        // Helpers for other registries can be asked meanwhile.
        drop(answers);
        let credential = answer.get_or_init(|| self.ask(name, registry)).clone()?;
        Some(Found { credential, source: Source::Helper(helper::program(name)) })
    }

    fn ask(&self, name: &str, registry: &str) -> Option<Credential> {
        let address = registry_key::helper_address(registry);
        helper::ask(name, &address, &self.environment, self.helper_time_out).unwrap_or_else(|failure| {
            let program = helper::program(name);
            log::warn!(
                "credential helper {program} gave nothing for '{registry}': {failure}; going on without it"
            );
            None
        })
    }
}

#[cfg(test)]
mod tests;
