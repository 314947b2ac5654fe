//! What Platform and Buildpack API versions have in common: the form `<major>.<minor>` or `<major>`.
//!
//! Spec: platform.md § Platform API Version, buildpack.md § Buildpack API Version.

use std::fmt;

/// A version as written, not yet known to be supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ApiVersion {
    pub(crate) major: u64,
    pub(crate) minor: u64,
}

impl ApiVersion {
    /// Reads `0.12`, `1` or (as platforms have long written it) `v0.12`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('v').unwrap_or(text);
        let (major, minor) = digits.split_once('.').unwrap_or((digits, ""));
        let number = |part: &str| {
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u64>().ok()).flatten()
        };
        let minor = if minor.is_empty() { 0 } else { number(minor)? };
        Some(Self { major: number(major)?, minor })
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)
    }
}

/// Why a version cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusableApiVersion {
    /// The text is not of the form `<major>.<minor>`.
    #[error("'{text}' is not an API version; it has the form <major>.<minor>, for example {example}")]
    Malformed {
        /// What was given.
        text: String,
        /// A version that would do.
        example: &'static str,
    },
    /// The version has the right form but is not one of those supported here.
    #[error("version '{text}' is not supported; supported are {oldest} to {newest}")]
    Unsupported {
        /// What was given.
        text: String,
        /// The oldest version supported.
        oldest: &'static str,
        /// The newest version supported.
        newest: &'static str,
    },
}

/// Defines a closed, ordered set of `0.N` versions with parsing, printing and serde.
macro_rules! api_versions {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $minor:literal as $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("Version ", $text, ".")] $variant),+
        }

        impl $name {
            /// All supported versions, oldest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The version in the form `<major>.<minor>`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnusableApiVersion;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let texts = [$($text),+];
                let [oldest, .., newest] = texts;
                match $crate::api_version::ApiVersion::parse(text) {
                    None => Err($crate::UnusableApiVersion::Malformed {
                        text: text.to_owned(), example: newest,
                    }),
                    $(Some($crate::api_version::ApiVersion { major: 0, minor: $minor }) => Ok(Self::$variant),)+
                    Some(_) => Err($crate::UnusableApiVersion::Unsupported {
                        text: text.to_owned(), oldest, newest,
                    }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use api_versions;
