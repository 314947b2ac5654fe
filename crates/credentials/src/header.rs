//! Credentials in the form of `Authorization` headers and of docker's base64 texts.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::{Credential, Secret};

/// Base64 that takes texts with and without the padding, as they are both about.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a text is no value of an `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeader {
    /// There is no scheme, or nothing after it.
    #[error("a scheme such as 'Basic' or 'Bearer' must come first, then a space and the credential")]
    NoScheme,
    /// A line break or another character that is not printable ASCII.
    #[error("it holds a line break or another character that no HTTP header may hold")]
    Character,
}

/// Reads the value of an `Authorization` header.
///
/// The scheme `X-Identity`, which no registry knows, stands for an identity token. A value of an unknown
/// scheme, or of scheme `Basic` without a user and a password in it, is kept to be sent as it is.
pub(crate) fn parse(value: &str) -> Result<Credential, InvalidHeader> {
    if !is_sendable(value) {
        return Err(InvalidHeader::Character);
    }
    let (scheme, rest) = value.split_once(' ').ok_or(InvalidHeader::NoScheme)?;
    let rest = rest.trim();
    if scheme.is_empty() || rest.is_empty() {
        return Err(InvalidHeader::NoScheme);
    }
    Ok(match scheme.to_ascii_lowercase().as_str() {
        "basic" => user_and_password(rest).unwrap_or_else(|| Credential::Header(Secret::new(value))),
        "bearer" => Credential::Bearer(Secret::new(rest)),
        "x-identity" => Credential::IdentityToken { user: String::new(), token: Secret::new(rest) },
        _ => Credential::Header(Secret::new(value)),
    })
}

/// Reads the base64 of `<user>:<password>`.
pub(crate) fn user_and_password(text: &str) -> Option<Credential> {
    let decoded = String::from_utf8(BASE64.decode(text.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some(Credential::Basic { user: user.to_owned(), password: Secret::new(password) })
}

/// Whether the text can be part of a header's value.
pub(crate) fn is_sendable(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ' || byte == b'\t' || byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(user: &str, password: &str) -> Credential {
        Credential::Basic { user: user.to_owned(), password: Secret::new(password) }
    }

    #[test]
    fn schemes_are_told_apart_whatever_their_case() {
        let header = |value: &str| Credential::Header(Secret::new(value));
        let token = Credential::IdentityToken { user: String::new(), token: Secret::new("id=") };
        let table = [
            ("Basic Y25iOnNlY3JldA==", basic("cnb", "secret")),
            ("basic Y25iOnNlY3JldA", basic("cnb", "secret")),
            ("BASIC  Y25iOnNlY3JldA== ", basic("cnb", "secret")),
            ("Basic Y25iOmE6Yg==", basic("cnb", "a:b")),
            ("Basic Y25iOg==", basic("cnb", "")),
            ("Basic not base64", header("Basic not base64")),
            ("Basic bm9jb2xvbg==", header("Basic bm9jb2xvbg==")),
            ("Bearer abc=", Credential::Bearer(Secret::new("abc="))),
            ("beArer a b", Credential::Bearer(Secret::new("a b"))),
            ("X-Identity id=", token.clone()),
            ("x-identity id=", token),
            ("AWS4-HMAC-SHA256 Credential=x", header("AWS4-HMAC-SHA256 Credential=x")),
            ("Some Bad Header", header("Some Bad Header")),
        ];
        for (value, expected) in table {
            let parsed = parse(value);
            assert!(
                parsed.as_ref() == Ok(&expected),
                "{value}: {parsed:?}, not {expected:?}, or other texts"
            );
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        use InvalidHeader::{Character, NoScheme};
        let table = [
            ("", NoScheme),
            ("Basic", NoScheme),
            ("Basic ", NoScheme),
            (" Basic x", NoScheme),
            ("dXNlcjpwYXNz", NoScheme),
            ("Bearer a\r\nHost: elsewhere", Character),
            ("Bearer a\0", Character),
            ("Bearer \u{e9}", Character),
        ];
        for (value, expected) in table {
            assert_eq!(parse(value), Err(expected), "{value:?}");
        }
    }
}
