//! Credentials, and where they come from.

use std::fmt;
use std::path::PathBuf;

/// A text that must not be shown: it prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, to be sent and never to be shown.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What a registry, or the token server that it points to, is shown as proof.
///
/// `Display` and `Debug` tell the kind alone: with some registries the user name is a secret, too.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A user with a password, for the registry or its token server.
    Basic {
        /// The user's name.
        user: String,
        /// The password, or the token that stands for one.
        password: Secret,
    },
    /// A token for the registry itself, sent as it is.
    Bearer(Secret),
    /// A token that the registry's token server exchanges for others.
    IdentityToken {
        /// The user's name; empty or `<token>` where the source knows none.
        user: String,
        /// The token.
        token: Secret,
    },
    /// The whole value of the `Authorization` header, of a scheme not known here.
    Header(Secret),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Basic { .. } => "Basic",
            Self::Bearer(_) => "Bearer",
            Self::IdentityToken { .. } => "IdentityToken",
            Self::Header(_) => "Header",
        };
        write!(f, "{kind}(***)")
    }
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "user name and password",
            Self::Bearer(_) => "registry token",
            Self::IdentityToken { .. } => "identity token",
            Self::Header(_) => "Authorization header",
        })
    }
}

/// Where a credential comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The variable `CNB_REGISTRY_AUTH`.
    RegistryAuth,
    /// The docker configuration file at this path, or one of podman's in the same format.
    DockerConfig(PathBuf),
    /// The credential helper of this file name, such as `docker-credential-ecr-login`.
    Helper(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RegistryAuth => f.write_str("CNB_REGISTRY_AUTH"),
            Self::DockerConfig(path) => write!(f, "docker config '{}'", path.display()),
            Self::Helper(program) => write!(f, "credential helper {program}"),
        }
    }
}

/// A credential with its source; prints as `<kind> from <source>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The credential.
    pub credential: Credential,
    /// Where it comes from.
    pub source: Source,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.credential, self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_printed_holds_a_secret() {
        let secret = || Secret::new("hunter2");
        let credentials = [
            Credential::Basic { user: "hunter2".to_owned(), password: secret() },
            Credential::Bearer(secret()),
            Credential::IdentityToken { user: "hunter2".to_owned(), token: secret() },
            Credential::Header(secret()),
        ];
        assert_eq!(format!("{:?} {}", secret(), secret()), "*** ***");
        for credential in credentials {
            let found = Found { credential, source: Source::RegistryAuth };
            let printed = format!("{found:?} {found:#?} {found} {}", found.credential);
            assert!(!printed.contains("hunter2"), "{printed}");
        }
    }

    #[test]
    fn a_credential_tells_its_kind_and_source() {
        let table = [
            (Source::RegistryAuth, "registry token from CNB_REGISTRY_AUTH"),
            (
                Source::DockerConfig("/root/.docker/config.json".into()),
                "registry token from docker config '/root/.docker/config.json'",
            ),
            (
                Source::Helper("docker-credential-ecr-login".to_owned()),
                "registry token from credential helper docker-credential-ecr-login",
            ),
        ];
        for (source, expected) in table {
            let found = Found { credential: Credential::Bearer(Secret::new("t")), source };
            assert_eq!(found.to_string(), expected);
        }
    }
}
