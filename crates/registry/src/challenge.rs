//! What a registry wants to see before it answers: the `WWW-Authenticate` header.
//!
//! Spec: RFC 7235 § 4.1; Docker registry token authentication.

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// User name and password.
    Basic,
    /// A token of a token server.
    Bearer {
        /// The token server's address.
        realm: String,
        /// What the token server calls the registry.
        service: Option<String>,
    },
    /// Something that is not known here, or nothing that it names: whoever has a value for the header may know.
    Other,
}

/// The challenge to take up of those in the headers' values: a token's before a password's.
pub(crate) fn choose<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = None;
    for (scheme, parameters) in headers.flat_map(challenges) {
        let parameter = |name: &str| {
            let found = parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };
        if scheme.eq_ignore_ascii_case("bearer")
            && let Some(realm) = parameter("realm")
        {
            return Some(Challenge::Bearer { realm, service: parameter("service") });
        }
        if scheme.eq_ignore_ascii_case("basic") {
            basic = Some(Challenge::Basic);
        }
    }
    basic
}

type Parameters = Vec<(String, String)>;

/// Splits a header's value; what makes no sense is left out.
fn challenges(header: &str) -> Vec<(String, Parameters)> {
    let mut found: Vec<(String, Parameters)> = Vec::new();
    let mut rest = header.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (word, behind) = token(rest);
        if word.is_empty() {
            break;
        }
        let value = behind.trim_start_matches([' ', '\t']).strip_prefix('=');
        match (value, found.last_mut()) {
            (Some(value), Some((_, parameters))) => {
                let (value, behind) = parameter_value(value.trim_start_matches([' ', '\t']));
                parameters.push((word.to_owned(), value));
                rest = behind;
            }
            (Some(_), None) => break,
            (None, _) => {
                found.push((word.to_owned(), Vec::new()));
                rest = behind;
            }
        }
        rest = rest.trim_start_matches([' ', '\t', ',']);
    }
    found
}

fn token(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '=' | ',' | '"')).unwrap_or(text.len());
    text.split_at(end)
}

/// A quoted text, in which a backslash takes the next character as it is, or a bare word.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (word, rest) = token(text);
        return (word.to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => value.extend(characters.next()),
            other => value.push(other),
        }
    }
    (value, characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::{Challenge, choose};

    fn bearer(realm: &str, service: &str) -> Challenge {
        let service = Some(service.to_owned()).filter(|service| !service.is_empty());
        Challenge::Bearer { realm: realm.into(), service }
    }

    #[test]
    fn challenges_are_found_in_all_their_forms() {
        for (headers, expected) in [
            (&["Basic realm=\"r\""][..], Some(Challenge::Basic)),
            (&["basic"], Some(Challenge::Basic)),
            (
                &[
                    "Bearer realm=\"https://t.example/token\",service=\"r.example\",scope=\"repository:a/b:pull,push\"",
                ],
                Some(bearer("https://t.example/token", "r.example")),
            ),
            (&["BEARER Realm = \"https://t/a?b=c,d\""], Some(bearer("https://t/a?b=c,d", ""))),
            (&["Bearer realm=https://t/token, service=s"], Some(bearer("https://t/token", "s"))),
            (&["Basic realm=\"r\", Bearer realm=\"https://t\""], Some(bearer("https://t", ""))),
            (&["Basic realm=r", "Bearer realm=\"https://t\""], Some(bearer("https://t", ""))),
            (&["Bearer realm=\"a\\\"b\""], Some(bearer("a\"b", ""))),
            (&["Bearer service=\"s\""], None),
            (&["Bearer realm=\"\""], None),
            (&["Negotiate"], None),
            (&["realm=\"r\""], None),
            (&["Bearer realm=\"unclosed"], Some(bearer("unclosed", ""))),
            (&["", ",,", "=", "\"\""], None),
            (&[], None),
        ] {
            assert_eq!(choose(headers.iter().copied()), expected, "{headers:?}");
        }
    }
}
