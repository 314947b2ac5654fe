use std::os::unix::ffi::OsStringExt as _;

use super::*;

fn proxies(variables: &[(&str, &str)]) -> Proxies {
    let environment: Vec<(OsString, OsString)> =
        variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Proxies::from_environment(&environment)
}

#[test]
fn each_scheme_has_its_proxy() {
    let both = [("HTTP_PROXY", "http://plain:3128"), ("HTTPS_PROXY", "http://tls:3128")];
    let small = [("http_proxy", "http://plain:3128"), ("https_proxy", "http://tls:3128")];
    for variables in [both, small] {
        let proxies = proxies(&variables);
        assert_eq!(proxies.choose("http", "registry.example", 80), Some("http://plain:3128"));
        assert_eq!(proxies.choose("https", "registry.example", 443), Some("http://tls:3128"));
        assert_eq!(proxies.choose("ftp", "registry.example", 21), None);
    }
    assert_eq!(proxies(&[]).choose("https", "registry.example", 443), None);
    assert_eq!(proxies(&both[..1]).choose("https", "registry.example", 443), None);
    assert_eq!(proxies(&both[1..]).choose("http", "registry.example", 80), None);
    assert_eq!(proxies(&[("ALL_PROXY", "http://all")]).choose("https", "registry.example", 443), None);
}

#[test]
fn capital_letters_come_first_unless_empty() {
    let table = [
        ([("https_proxy", "http://small"), ("HTTPS_PROXY", "http://capital")], "http://capital"),
        ([("https_proxy", "http://small"), ("HTTPS_PROXY", "")], "http://small"),
    ];
    for (variables, expected) in table {
        assert_eq!(proxies(&variables).choose("https", "registry.example", 443), Some(expected));
    }
}

#[test]
fn exceptions_and_the_machine_itself_are_reached_without_a_proxy() {
    for name in ["NO_PROXY", "no_proxy"] {
        let proxies = proxies(&[("HTTPS_PROXY", "proxy"), (name, "internal.example:5000,10.0.0.0/8")]);
        let table = [
            ("registry.example", 443, true),
            ("internal.example", 443, true),
            ("internal.example", 5000, false),
            ("10.1.2.3", 443, false),
            ("localhost", 5000, false),
            ("[::1]", 5000, false),
        ];
        for (host, port, expected) in table {
            assert_eq!(proxies.choose("https", host, port).is_some(), expected, "{name} {host}:{port}");
        }
    }
}

#[test]
fn a_request_cannot_name_the_proxy() {
    let proxies =
        proxies(&[("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://evil"), ("HTTPS_PROXY", "http://tls")]);
    assert_eq!(proxies.choose("http", "registry.example", 80), None);
    assert_eq!(proxies.choose("https", "registry.example", 443), Some("http://tls"));
}

#[test]
fn addresses_get_a_scheme() {
    let table = [
        ("proxy", "http://proxy"),
        ("proxy:3128", "http://proxy:3128"),
        ("10.0.0.1:3128", "http://10.0.0.1:3128"),
        ("user:pass@proxy:3128", "http://user:pass@proxy:3128"),
        (" http://proxy/ ", "http://proxy/"),
        ("HTTPS://proxy", "HTTPS://proxy"),
        ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
    ];
    for (value, expected) in table {
        assert_eq!(parse(OsStr::new(value)), Ok(expected.to_owned()), "{value}");
    }
}

#[test]
fn what_is_no_proxy_is_not_used() {
    let table = [
        ("http://", Unusable::Malformed),
        ("://proxy", Unusable::Malformed),
        ("http://user:hunter2@", Unusable::Malformed),
        ("http://proxy:port", Unusable::Malformed),
        ("http://proxy:99999", Unusable::Malformed),
        ("two words", Unusable::Malformed),
        ("line\nbreak", Unusable::Malformed),
        ("ftp://proxy", Unusable::Malformed),
        ("socks5://proxy:1080", Unusable::Protocol),
        ("socks5h://user:hunter2@proxy", Unusable::Protocol),
    ];
    for (value, expected) in table {
        assert_eq!(parse(OsStr::new(value)), Err(expected), "{value}");
        assert_eq!(proxies(&[("HTTPS_PROXY", value)]).choose("https", "registry.example", 443), None);
    }
    assert_eq!(parse(&OsString::from_vec(b"http://pro\xff".to_vec())), Err(Unusable::Malformed));
}

#[test]
fn debug_shows_no_password() {
    let proxies = proxies(&[("HTTP_PROXY", "u:hunter2@p"), ("HTTPS_PROXY", "http://u:hunter2@p")]);
    assert!(proxies.choose("http", "registry.example", 80).is_some());
    assert!(!format!("{proxies:?} {proxies:#?}").contains("hunter2"));
}
