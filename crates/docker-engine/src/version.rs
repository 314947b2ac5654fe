//! Versions of the API.

use std::fmt;
use std::str::FromStr;

/// A version of the API, `<major>.<minor>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ApiVersion {
    major: u16,
    minor: u16,
}

impl ApiVersion {
    /// The newest one that this client was made for.
    pub(crate) const NEWEST: Self = Self { major: 1, minor: 51 };

    /// The oldest one that will do; engines that don't tell their version speak it.
    pub(crate) const OLDEST: Self = Self { major: 1, minor: 24 };

    /// The first one in which images may be asked for by platform.
    pub(crate) const WITH_PLATFORMS: Self = Self { major: 1, minor: 49 };
}

impl FromStr for ApiVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (major, minor) = text.split_once('.').ok_or(())?;
        Ok(Self { major: major.parse().map_err(|_| ())?, minor: minor.parse().map_err(|_| ())? })
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::ApiVersion;

    #[test]
    fn versions_are_numbers_and_not_texts() {
        let parse = |text: &str| text.parse::<ApiVersion>();
        assert!(parse("1.9").unwrap() < ApiVersion::OLDEST);
        assert!(parse("1.100").unwrap() > ApiVersion::NEWEST);
        assert_eq!(parse("1.24").unwrap().to_string(), "1.24");
        for text in ["", "1", "v1.24", "1.24.1", "1.-1", "one.two"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
