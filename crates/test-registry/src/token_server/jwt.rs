//! The tokens: signed so that the registry accepts them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use super::TokenServer;
use crate::Authority;

/// Who signs, as registries are told.
pub(super) const ISSUER: &str = "token-server.of.tests";

/// For how long the registry accepts a token, in seconds.
const LIFETIME: u64 = 3600;

/// Signs tokens.
#[derive(Debug)]
pub(super) struct Signer {
    key: EcdsaKeyPair,
    random: SystemRandom,
    certificate: String,
    issued: AtomicU64,
}

impl Signer {
    /// A signer whose key is certified by an authority.
    pub(super) fn new(authority: &Authority) -> Self {
        let certified = authority.certify(&[]);
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            certified.key.serialized_der(),
            &random,
        );
        Self {
            key: key.expect("a key"),
            random,
            certificate: STANDARD.encode(certified.der),
            issued: AtomicU64::new(0),
        }
    }

    /// A token that lets a user do what is granted, if it isn't stale.
    pub(super) fn token(&self, user: &str, granted: &[Value], stale: bool) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        // Registries tolerate clocks that differ by some time.
        let begin = if stale { now - 3 * LIFETIME } else { now - 10 };
        let header = json!({ "typ": "JWT", "alg": "ES256", "x5c": [self.certificate] });
        let claims = json!({
            "iss": ISSUER,
            "sub": user,
            "aud": TokenServer::SERVICE,
            "iat": begin,
            "nbf": begin,
            "exp": begin + LIFETIME,
            // No two tokens are alike.
            "jti": self.issued.fetch_add(1, Ordering::Relaxed).to_string(),
            "access": granted,
        });
        let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let payload = format!("{}.{}", encode(header), encode(claims));
        let signature = self.key.sign(&self.random, payload.as_bytes()).expect("a signature");
        format!("{payload}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
