//! The hosts that are reached without a proxy: the machine itself, and those listed in `NO_PROXY`.

use std::net::IpAddr;

/// What `NO_PROXY` lists.
#[derive(Debug, Default)]
pub(crate) struct Exceptions(Vec<Exception>);

#[derive(Debug, PartialEq, Eq)]
enum Exception {
    /// `*`
    All,
    /// `10.0.0.0/8`
    Network { address: IpAddr, prefix: u32 },
    /// `10.1.2.3`, `10.1.2.3:5000`
    Address { address: IpAddr, port: Option<String> },
    /// `example.com` for the domain and those below it, `.example.com` and `*.example.com` for the latter.
    Domain { suffix: String, and_itself: bool, port: Option<String> },
}

impl Exceptions {
    /// Reads the list. Entries that make no sense match nothing.
    pub(crate) fn parse(list: &str) -> Self {
        let entries = list.split(',').map(|entry| entry.trim().to_ascii_lowercase());
        Self(entries.filter_map(|entry| Exception::parse(&entry)).collect())
    }

    /// Whether requests to a host are not for a proxy.
    pub(crate) fn hold(&self, host: &str, port: u16) -> bool {
        let host = unbracketed(host).to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return true;
        }
        let port = port.to_string();
        self.0.iter().any(|exception| match address {
            Some(address) => exception.holds_address(address, &port),
            None => exception.holds_name(&host, &port),
        })
    }
}

impl Exception {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::All);
        }
        if let Some(network) = Self::network(entry) {
            return Some(network);
        }
        let (host, port) = host_and_port(entry);
        let port = port.filter(|port| !port.is_empty()).map(ToOwned::to_owned);
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(Self::Address { address: address.to_canonical(), port });
        }
        let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        let (suffix, and_itself) =
            if host.starts_with('.') { (host.to_owned(), false) } else { (format!(".{host}"), true) };
        (!host.is_empty()).then_some(Self::Domain { suffix, and_itself, port })
    }

    fn network(entry: &str) -> Option<Self> {
        let (address, prefix) = entry.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let prefix: u32 = prefix.parse().ok()?;
        (prefix <= bits(address)).then_some(Self::Network { address, prefix })
    }

    fn holds_address(&self, host: IpAddr, host_port: &str) -> bool {
        match self {
            Self::All => true,
            Self::Network { address, prefix } => is_within(host, *address, *prefix),
            Self::Address { address, port } => {
                *address == host && port.as_ref().is_none_or(|port| port == host_port)
            }
            Self::Domain { .. } => false,
        }
    }

    fn holds_name(&self, host: &str, host_port: &str) -> bool {
        match self {
            Self::All => true,
            Self::Network { .. } | Self::Address { .. } => false,
            Self::Domain { suffix, and_itself, port } => {
                let is_itself = *and_itself && suffix.strip_prefix('.') == Some(host);
                (is_itself || host.ends_with(suffix.as_str()))
                    && port.as_ref().is_none_or(|port| port == host_port)
            }
        }
    }
}

fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Whether the first bits of both addresses are the same.
fn is_within(address: IpAddr, network: IpAddr, prefix: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (address.to_bits() ^ network.to_bits()).checked_shr(32 - prefix).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            (address.to_bits() ^ network.to_bits()).checked_shr(128 - prefix).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// The parts of `<host>:<port>`; an IPv6 address with a port is in brackets.
fn host_and_port(entry: &str) -> (&str, Option<&str>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (unbracketed(host), Some(port)),
        _ => (unbracketed(entry), None),
    }
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_itself_needs_no_proxy() {
        let none = Exceptions::default();
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1"] {
            assert!(none.hold(host, 443), "{host}");
        }
        for host in ["localhost.example", "128.0.0.1", "[::2]", "registry.example", "0.0.0.0"] {
            assert!(!none.hold(host, 443), "{host}");
        }
    }

    #[test]
    fn entries_match_by_name_address_network_and_port() {
        let table = [
            ("example.com", "example.com", true),
            ("example.com", "Registry.Example.com", true),
            ("EXAMPLE.com", "a.b.example.com", true),
            ("example.com", "notexample.com", false),
            ("example.com", "example.com.evil.org", false),
            (".example.com", "registry.example.com", true),
            (".example.com", "example.com", false),
            ("*.example.com", "registry.example.com", true),
            ("*.example.com", "example.com", false),
            ("*example.com", "registry.example.com", false),
            ("example.com:443", "example.com", true),
            ("example.com:5000", "example.com", false),
            ("example.com:", "example.com", true),
            (".example.com:443", "a.example.com", true),
            ("*", "example.com", true),
            ("*", "10.1.2.3", true),
            ("a.org, example.com ,b.org", "example.com", true),
            ("a.org,*", "example.com", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3:443", "10.1.2.3", true),
            ("10.1.2.3:5000", "10.1.2.3", false),
            ("10.1.2.3", "10.1.2.30", false),
            ("2.3", "10.1.2.3", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.1.2.0/24", "10.1.3.3", false),
            ("10.1.2.3/32", "10.1.2.3", true),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "fd00::1", false),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("10.0.0.0/8", "ten.example", false),
            ("fd00::/8", "[fd12::1]", true),
            ("fd00::/8", "fe00::1", false),
            ("::/0", "[fd12::1]", true),
            ("fd00::1", "[fd00::1]", true),
            ("[fd00::1]", "fd00::1", true),
            ("[fd00::1]:443", "[fd00::1]", true),
            ("[fd00::1]:5000", "[fd00::1]", false),
            ("::ffff:10.1.2.3", "10.1.2.3", true),
            ("", "example.com", false),
            (",,", "example.com", false),
            (":443", "example.com", false),
            (".", "example.com", false),
        ];
        for (list, host, expected) in table {
            assert_eq!(Exceptions::parse(list).hold(host, 443), expected, "NO_PROXY={list} {host}");
        }
    }
}
