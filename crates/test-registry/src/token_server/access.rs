//! Who is known to a token server, and what they may do.

use serde_json::{Value, json};

use super::Credential;

/// The users and what was granted to them.
#[derive(Debug, Default)]
pub(super) struct Access {
    /// Names and passwords.
    users: Vec<(String, String)>,
    /// Names and identity tokens.
    identity_tokens: Vec<(String, String)>,
    grants: Vec<Grant>,
}

#[derive(Debug)]
struct Grant {
    /// Everybody, if none is named.
    user: Option<String>,
    repository: String,
    actions: Vec<String>,
}

/// A credential that nobody has.
#[derive(Debug)]
pub(super) struct Unknown;

impl Access {
    pub(super) fn user(&mut self, name: &str, password: &str) {
        self.users.push((name.to_owned(), password.to_owned()));
    }

    pub(super) fn identity_token(&mut self, user: &str, token: &str) {
        self.identity_tokens.push((user.to_owned(), token.to_owned()));
    }

    pub(super) fn grant(&mut self, user: Option<&str>, repository: &str, actions: &str) {
        let actions = actions.split(',').map(str::to_owned).collect();
        self.grants.push(Grant { user: user.map(str::to_owned), repository: repository.to_owned(), actions });
    }

    /// The user that a credential stands for; none is anonymous.
    pub(super) fn user_of(&self, credential: &Credential) -> Result<Option<String>, Unknown> {
        match credential {
            Credential::None => Ok(None),
            Credential::Basic { user, password } | Credential::Password { user, password } => {
                let known = self.users.iter().find(|known| known.0 == *user && known.1 == *password);
                known.map(|known| Some(known.0.clone())).ok_or(Unknown)
            }
            Credential::IdentityToken(token) => {
                let known = self.identity_tokens.iter().find(|known| known.1 == *token);
                known.map(|known| Some(known.0.clone())).ok_or(Unknown)
            }
            Credential::Other(_) => Err(Unknown),
        }
    }

    /// What of the scopes asked for a user gets, in the form of a token's claim. What is not granted is
    /// left out; that is no error.
    pub(super) fn granted(&self, user: Option<&str>, scopes: &[String]) -> Vec<Value> {
        let mut granted = Vec::new();
        for scope in scopes {
            let Some((kind, rest)) = scope.split_once(':') else { continue };
            let Some((repository, actions)) = rest.rsplit_once(':') else { continue };
            let may = |action: &&str| {
                self.grants.iter().any(|grant| {
                    (grant.user.is_none() || grant.user.as_deref() == user)
                        && grant.repository == repository
                        && grant.actions.iter().any(|granted| granted == action)
                })
            };
            let actions: Vec<_> = actions.split(',').filter(may).collect();
            if kind == "repository" && !actions.is_empty() {
                granted.push(json!({ "type": kind, "name": repository, "actions": actions }));
            }
        }
        granted
    }
}
