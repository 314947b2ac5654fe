//! Which texts are a registry's host name with an optional port, by the rules that Go's `net/url` has for
//! the authority of a URL.

use std::net::Ipv6Addr;

/// Whether `name` can be a registry; the empty text stands for the default registry.
pub(crate) fn is_valid(name: &str) -> bool {
    if let Some(rest) = name.strip_prefix('[') {
        return rest
            .split_once(']')
            .is_some_and(|(address, port)| address.parse::<Ipv6Addr>().is_ok() && is_port(port));
    }
    let (host, port) = name.split_at(name.find(':').unwrap_or(name.len()));
    // Names of directories to layouts, and hosts to nobody.
    !matches!(host, "." | "..") && host.chars().all(is_host_character) && is_port(port)
}

/// An empty text, or a colon with digits or nothing behind it.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_host_character(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || !character.is_ascii()
        || matches!(character, '-' | '_' | '.' | '~' | '!' | '$' | '&' | '\'' | '(' | ')' | '*' | '+' | ',')
        || matches!(character, ';' | '=' | '<' | '>' | '"')
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn host_names_and_ports_are_told_from_other_texts() {
        for name in [
            "",
            "r.example",
            "R_1.example:5000",
            "127.0.0.1:80",
            "r.example:",
            "[::1]",
            "[fe80::1]:5000",
            "ü",
        ] {
            assert!(is_valid(name), "{name}");
        }
        for name in [
            "r example",
            "r.example:x",
            "r.example:1:2",
            "::1",
            "[::1",
            "[x]",
            "[::1]x",
            "u@r",
            "a%41",
            "a\nb",
        ] {
            assert!(!is_valid(name), "{name}");
        }
    }
}
