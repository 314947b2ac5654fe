//! The names that configuration files and variables give registries, brought to one form.

use std::collections::BTreeMap;

/// Docker Hub, as image references name it.
const DOCKER_HUB: &str = "index.docker.io";

/// Docker Hub, as docker and its credential helpers name it.
const DOCKER_HUB_ADDRESS: &str = "https://index.docker.io/v1/";

/// Other host names of Docker Hub.
const DOCKER_HUB_ALIASES: [&str; 2] = ["docker.io", "registry-1.docker.io"];

/// The host name, with the port if there is one, of a registry that may be named by a URL.
pub(crate) fn host(key: &str) -> String {
    let (authority, _) = split(key);
    canonical(authority)
}

/// The registry's host, or `<host>/<namespace>` where the key speaks of a part of a registry.
///
/// What follows the host of a URL, and the version of the registry's API, are no namespaces.
pub(crate) fn scope(key: &str) -> String {
    let (authority, path) = split(key);
    let host = canonical(authority);
    let path = path.trim_matches('/');
    if is_url(key) || matches!(path, "" | "v1" | "v2") { host } else { format!("{host}/{path}") }
}

/// The keys that speak of a repository, the most specific one first and the registry's host last.
pub(crate) fn scopes(registry: &str, repository: &str) -> Vec<String> {
    let host = host(registry);
    let mut scopes = Vec::new();
    let mut path = repository;
    while !path.is_empty() {
        scopes.push(format!("{host}/{path}"));
        path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    scopes.push(host);
    scopes
}

/// The name by which credential helpers know a registry.
pub(crate) fn helper_address(registry: &str) -> String {
    let host = host(registry);
    if host == DOCKER_HUB { DOCKER_HUB_ADDRESS.to_owned() } else { host }
}

/// The entries by their keys in the form that `form` gives them.
///
/// Where several keys become one, the one that is written the plain way counts, else the first in the
/// order of their bytes.
pub(crate) fn index<T>(entries: BTreeMap<String, T>, form: fn(&str) -> String) -> BTreeMap<String, T> {
    let (plain, others): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|(key, _)| *key == form(key) || key == DOCKER_HUB_ADDRESS);
    let mut indexed = BTreeMap::new();
    for (key, entry) in plain.into_iter().chain(others) {
        indexed.entry(form(&key)).or_insert(entry);
    }
    indexed
}

fn is_url(key: &str) -> bool {
    key.contains("://")
}

/// The host with its port, and the path after it.
fn split(key: &str) -> (&str, &str) {
    let rest = key.split_once("://").map_or(key, |(_, rest)| rest);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    (authority.rsplit_once('@').map_or(authority, |(_, host)| host), path)
}

fn canonical(authority: &str) -> String {
    let host = authority.to_ascii_lowercase();
    if DOCKER_HUB_ALIASES.contains(&host.as_str()) { DOCKER_HUB.to_owned() } else { host }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_brought_to_one_form() {
        let table = [
            ("registry.example", "registry.example", "registry.example"),
            ("Registry.Example:5000", "registry.example:5000", "registry.example:5000"),
            ("https://registry.example/v1/", "registry.example", "registry.example"),
            ("http://registry.example:5000", "registry.example:5000", "registry.example:5000"),
            ("https://user:secret@registry.example/", "registry.example", "registry.example"),
            ("https://registry.example/team/", "registry.example", "registry.example"),
            ("registry.example/v2/", "registry.example", "registry.example"),
            ("registry.example/team", "registry.example", "registry.example/team"),
            ("registry.example/team/", "registry.example", "registry.example/team"),
            ("https://index.docker.io/v1/", "index.docker.io", "index.docker.io"),
            ("docker.io", "index.docker.io", "index.docker.io"),
            ("registry-1.docker.io", "index.docker.io", "index.docker.io"),
            ("docker.io/library", "index.docker.io", "index.docker.io/library"),
            ("[::1]:5000", "[::1]:5000", "[::1]:5000"),
            ("", "", ""),
        ];
        for (key, as_host, as_scope) in table {
            assert_eq!((host(key), scope(key)), (as_host.to_owned(), as_scope.to_owned()), "{key}");
        }
    }

    #[test]
    fn a_repository_is_looked_up_from_the_most_specific_key_on() {
        let expected =
            ["index.docker.io/a/b/c", "index.docker.io/a/b", "index.docker.io/a", "index.docker.io"];
        assert_eq!(scopes("docker.io", "a/b/c"), expected);
        assert_eq!(scopes("localhost:5000", ""), ["localhost:5000"]);
    }

    #[test]
    fn helpers_know_docker_hub_by_a_url() {
        assert_eq!(helper_address("index.docker.io"), "https://index.docker.io/v1/");
        assert_eq!(helper_address("gcr.io"), "gcr.io");
    }

    #[test]
    fn the_key_written_the_plain_way_counts() {
        let entries = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), (*key).to_owned())).collect();
        let table: [(&[&str], &str, &str); 3] = [
            (&["https://r.example/v1/", "r.example"], "r.example", "r.example"),
            (&["https://r.example", "http://r.example"], "r.example", "http://r.example"),
            (&["docker.io", "https://index.docker.io/v1/"], "index.docker.io", "https://index.docker.io/v1/"),
        ];
        for (keys, host, expected) in table {
            assert_eq!(index(entries(keys), scope).get(host).map(String::as_str), Some(expected), "{keys:?}");
        }
    }
}
