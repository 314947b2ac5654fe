//! A registry behind TLS that asks for tokens, and one user for each phase with the rights of the table in
//! docs/platforms.md (§ Credentials).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use test_registry::{Authority, Credential, Skopeo, TestRegistry, TokenServer};

use crate::phase::Phase;
use crate::platform::{Platform, run_image};
use crate::secrets::password;

/// A registry and what belongs to it.
pub(crate) struct Secured {
    pub(crate) authority: Authority,
    pub(crate) tokens: TokenServer,
    pub(crate) registry: TestRegistry,
}

/// The rights of the table in docs/platforms.md: the user of a phase, a repository and what is done there. Who pushes
/// has to be let pull, too: registries ask for both.
pub(crate) const RIGHTS: [(&str, &str, &str); 16] = [
    ("analyzer", "app", "pull,push"),
    ("analyzer", "shop/app", "pull,push"),
    ("analyzer", "cache", "pull,push"),
    ("analyzer", "run", "pull"),
    ("analyzer", "old", "pull"),
    ("restorer", "cache", "pull"),
    ("restorer", "run", "pull"),
    ("exporter", "app", "pull,push"),
    ("exporter", "shop/app", "pull,push"),
    ("exporter", "cache", "pull,push"),
    ("exporter", "run", "pull"),
    ("exporter", "old", "pull"),
    ("rebaser", "app", "pull,push"),
    ("rebaser", "shop/app", "pull,push"),
    ("rebaser", "run", "pull"),
    ("rebaser", "old", "pull"),
];

impl Secured {
    /// A registry with a run image, and the users with all their rights; none where there is no registry.
    pub(crate) fn new() -> Option<Self> {
        let secured = Self::without("", "")?;
        // The creator does the work of all.
        for (_, repository, actions) in RIGHTS {
            secured.tokens.grant("creator", repository, actions);
        }
        Some(secured)
    }

    /// The same, but a user lacks all rights in a repository.
    pub(crate) fn without(user: &str, repository: &str) -> Option<Self> {
        let authority = Authority::new();
        let tokens = TokenServer::tls(&authority);
        let registry = TestRegistry::configure().tls(&authority).token_auth(&tokens).start()?;
        let secured = Self { authority, tokens, registry };
        for user in ["analyzer", "restorer", "exporter", "rebaser", "creator", "witness"] {
            secured.tokens.user(user, &password(user));
        }
        secured.tokens.identity_token("exporter", &password("exporter"));
        for right in RIGHTS.iter().filter(|right| (right.0, right.1) != (user, repository)) {
            secured.tokens.grant(right.0, right.1, right.2);
        }
        for repository in ["app", "shop/app", "cache", "run"] {
            secured.tokens.grant("witness", repository, "pull");
        }
        secured.registry.push("run:base", &run_image("first"));
        Some(secured)
    }

    /// The name of an image, with its registry.
    pub(crate) fn name(&self, image: &str) -> String {
        format!("{}/{image}", self.registry.address())
    }

    /// A phase that trusts the registry's certificate and has no credentials.
    pub(crate) fn stranger(&self, platform: &Platform, phase: &'static str) -> Phase {
        platform.phase(phase).variable("SSL_CERT_FILE", self.authority.pem_file())
    }

    /// The same, with its user's credential as platforms pass it.
    pub(crate) fn phase(&self, platform: &Platform, phase: &'static str) -> Phase {
        self.phase_as(platform, phase, phase)
    }

    /// The same, with another user's credential.
    pub(crate) fn phase_as(&self, platform: &Platform, phase: &'static str, user: &str) -> Phase {
        let header = format!("Basic {}", basic(user));
        let auth = json!({ self.registry.address(): header });
        self.stranger(platform, phase).variable("CNB_REGISTRY_AUTH", auth.to_string())
    }

    /// The same, with the credential in a docker config that nobody else may read.
    pub(crate) fn phase_with_file(&self, platform: &Platform, phase: &'static str, entry: &Value) -> Phase {
        let config = json!({ "auths": { self.registry.address(): entry } });
        let directory = format!("docker-{phase}");
        platform.write(&format!("{directory}/config.json"), &config.to_string());
        let file = platform.path(&directory).join("config.json");
        fs_err::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        self.stranger(platform, phase).variable("DOCKER_CONFIG", platform.path(&directory))
    }

    /// Removes all images but the run image, as if nothing had ever been built.
    pub(crate) fn remove_images(&self) {
        for repository in ["app", "shop", "cache"] {
            let directory = self.registry.data_dir().join("docker/registry/v2/repositories").join(repository);
            fs_err::remove_dir_all(directory).unwrap();
        }
    }

    /// The witness, who may read all.
    pub(crate) fn skopeo(&self) -> Skopeo {
        Skopeo::default().authority(&self.authority).credentials("witness", &password("witness"))
    }

    /// What was asked of the token server since the last time: all that was wanted, by repository and in
    /// order, each once. Nobody but the user asked.
    #[track_caller]
    pub(crate) fn wanted_by(&self, user: &str) -> Vec<String> {
        let requests = self.tokens.requests();
        self.tokens.forget();
        for request in &requests {
            let is_user = match &request.credential {
                Credential::Basic { user: name, password: word } => name == user && *word == password(user),
                Credential::IdentityToken(token) => *token == password(user),
                _ => false,
            };
            assert!(is_user, "{user}: {request:?}");
        }
        let mut wanted: Vec<_> = requests.into_iter().flat_map(|request| request.scopes).collect();
        wanted.sort();
        wanted.dedup();
        wanted
    }
}

/// A user's name and password in Base64.
pub(crate) fn basic(user: &str) -> String {
    STANDARD.encode(format!("{user}:{}", password(user)))
}
