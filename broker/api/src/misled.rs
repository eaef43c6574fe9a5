//! Clients on other machines that are told to connect to `localhost`: they find themselves there, and their users a puzzle.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use corvid_env::clock::Instant;
use parking_lot::Mutex;

use crate::dispatch::Client;

/// Who was told an address that leads to itself. Each is warned of once, and never many at a time.
#[derive(Debug, Default)]
pub struct Misled {
    warned: Mutex<Warned>,
}

#[derive(Debug, Default)]
struct Warned {
    clients: BTreeSet<IpAddr>,
    last: Option<Instant>,
}

/// Between two warnings; who is passed over is warned of at its next question.
const PAUSE: Duration = Duration::from_secs(10);
/// After so many, everything is said.
const CLIENTS_MAX: usize = 100;

impl Misled {
    /// What to warn of when `client` is told that these hosts and ports are brokers.
    pub(crate) fn warning<'a>(
        &self,
        client: &Client,
        brokers: impl IntoIterator<Item = (&'a str, u16)>,
        now: Instant,
    ) -> Option<String> {
        let address = client.address.ip().to_canonical();
        // Whoever reaches this machine by one of its own addresses is on it.
        if address.is_loopback() || address == client.reached.ip().to_canonical() {
            return None;
        }
        let (host, port) = brokers.into_iter().find(|(host, _)| is_loopback(host))?;
        self.is_due(address, now).then(|| {
            format!(
                "a client at {address} was told to connect to {host}:{port}, which is the client's own machine; say where \
                 clients find this node: `advertise = \"HOST:PORT\"` in [listeners], or --advertise HOST:PORT"
            )
        })
    }

    fn is_due(&self, address: IpAddr, now: Instant) -> bool {
        let mut warned = self.warned.lock();
        let paused = warned.last.is_none_or(|last| now >= last + PAUSE);
        let due = paused && warned.clients.len() < CLIENTS_MAX && warned.clients.insert(address);
        if due {
            warned.last = Some(now);
        }
        due
    }
}

/// Whether a host that clients are told is whatever machine they are on.
fn is_loopback(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let ip: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    name == "localhost" || name.ends_with(".localhost") || ip.is_some_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        Client {
            address: format!("{address}:50000").parse().expect("an address"),
            reached: "10.0.0.1:9092".parse().expect("an address"),
        }
    }

    #[test]
    fn only_others_and_only_loopback_are_warned_of() {
        let warned = |address: &str, host: &str| {
            let misled = Misled::default();
            misled.warning(&client(address), [(host, 9092)], Instant::now())
        };
        for host in [
            "localhost",
            "LocalHost.",
            "a.localhost",
            "127.0.0.1",
            "127.8.9.1",
            "::1",
            "[::1]",
        ] {
            assert!(warned("10.0.0.7", host).is_some(), "{host}");
            assert!(warned("[::ffff:10.0.0.7]", host).is_some(), "{host}");
            for here in ["127.0.0.1", "127.3.3.3", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1"] {
                assert_eq!(warned(here, host), None, "{here}");
            }
        }
        for host in ["10.0.0.1", "broker.example.com", "localhost.example.com", "0.0.0.0"] {
            assert_eq!(warned("10.0.0.7", host), None, "{host}");
        }
        let told = warned("10.0.0.7", "localhost").expect("a warning");
        assert!(
            told.contains("10.0.0.7") && told.contains("localhost:9092") && told.contains("--advertise"),
            "{told}"
        );
    }

    /// The bug it is for: a client that asks every few seconds, or a thousand of them, fill the log.
    #[test]
    fn each_is_warned_of_once_and_never_many_at_a_time() {
        let misled = Misled::default();
        let mut now = Instant::now();
        let told = |address: &str, now| misled.warning(&client(address), [("localhost", 9092)], now).is_some();
        assert!(told("10.0.0.7", now));
        assert!(!told("10.0.0.8", now), "too soon");
        now += PAUSE;
        assert!(!told("10.0.0.7", now), "it was told before");
        assert!(told("10.0.0.8", now));
        let mut count = 2;
        for last in 0..=255 {
            now += PAUSE;
            count += usize::from(told(&format!("10.0.1.{last}"), now));
        }
        assert_eq!(count, CLIENTS_MAX);
    }
}
