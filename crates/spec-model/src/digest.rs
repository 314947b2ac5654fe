//! Content digests: of blobs as stored ([`Digest`]) and of uncompressed layers ([`DiffId`]).
//!
//! Two types, because mixing them up is the classic fault of image code.
//! Spec: OCI image-spec descriptor.md § Digests, config.md § Layer `DiffID`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is not a digest that can be used here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a digest; it has the form sha256:<64 lower-case hexadecimal digits>")]
pub struct MalformedDigest(pub String);

fn parse(text: &str) -> Result<[u8; 64], MalformedDigest> {
    let malformed = || MalformedDigest(text.to_owned());
    let hex = text.strip_prefix("sha256:").ok_or_else(malformed)?;
    if hex.bytes().any(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(malformed());
    }
    hex.as_bytes().try_into().map_err(|_| malformed())
}

macro_rules! digest_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 64]);

        impl $name {
            /// Makes it from the 32 bytes that SHA-256 yields.
            #[must_use]
            pub fn from_sha256(hash: [u8; 32]) -> Self {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let mut hex = [0; 64];
                for (pair, byte) in hex.chunks_exact_mut(2).zip(hash) {
                    for (digit, value) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                        *digit = DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
                    }
                }
                Self(hex)
            }

            /// The 64 hexadecimal digits, without the algorithm.
            #[must_use]
            pub fn hex(&self) -> &str {
                std::str::from_utf8(&self.0).unwrap_or_default()
            }
        }

        impl FromStr for $name {
            type Err = MalformedDigest;

            fn from_str(text: &str) -> Result<Self, MalformedDigest> {
                parse(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedDigest;

            fn try_from(text: String) -> Result<Self, MalformedDigest> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(digest: $name) -> Self {
                digest.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "sha256:{}", self.hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

digest_type! {
    /// The digest of a blob as it is stored: a compressed layer, a manifest, a config.
    Digest
}
digest_type! {
    /// The digest of a layer's uncompressed tar archive.
    DiffId
}

impl DiffId {
    /// The digest of the archive as a blob that is stored without compression.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{DiffId, Digest};

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_digest_prints_as_it_was_read() {
        let digest: Digest = EMPTY.parse().unwrap();
        assert_eq!(digest.to_string(), EMPTY);
        assert_eq!(format!("sha256:{}", digest.hex()), EMPTY);
    }

    #[test]
    fn bytes_become_lower_case_digits() {
        let mut hash = [0; 32];
        (hash[0], hash[31]) = (0xaf, 0x01);
        assert_eq!(DiffId::from_sha256(hash).hex(), format!("af{}01", "0".repeat(60)));
    }

    #[test]
    fn anything_else_is_refused() {
        let upper = EMPTY.to_uppercase();
        for text in ["", "sha256:", "sha512:00", "sha256:zz", &EMPTY[..70], &upper, &format!("{EMPTY}0")] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
