//! HOST:PORT.

use std::fmt;
use std::net::IpAddr;

/// A host, by name or address, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The name or the address, without brackets.
    pub host: String,
    /// The port; 0 takes a free one.
    pub port: u16,
}

impl Address {
    /// Reads `host:port`; an IPv6 address stands in brackets.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let legal = match bare {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && !host.contains([':', '/', ' ', '[', ']', '@']),
        };
        legal.then_some(Self {
            host: bare.unwrap_or(host).to_owned(),
            port: port.parse().ok()?,
        })
    }

    /// Whether only this machine can reach it. A name other than `localhost` may be anything.
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether it is all of this machine's addresses, which no client can connect to.
    pub fn is_unspecified(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn addresses_are_read_and_shown() {
        for text in [
            "127.0.0.1:9092",
            "localhost:0",
            "[::1]:9092",
            "broker.example.com:65535",
        ] {
            assert_eq!(Address::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "9092", ":9092", "a:b", "a:65536", "::1:9092", "http://a:1", "[a]:1"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
        assert!(Address::parse("[::1]:1").unwrap().is_loopback());
        assert!(!Address::parse("10.0.0.1:1").unwrap().is_loopback());
    }
}
