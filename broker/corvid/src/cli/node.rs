//! A node's admin listener, as the command line asks it.

use std::io;
use std::time::Duration;

use clap::Args;
use corvid_admin::model::ErrorBody;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Method, Request, StatusCode};

use super::{Done, Exit, Failure};

/// Which node.
#[derive(Args, Debug, Clone, Default)]
pub struct Node {
    /// The node's admin listener; by default $CORVID_ADMIN, or 127.0.0.1:9099
    #[arg(long, value_name = "HOST:PORT")]
    pub admin: Option<String>,
    /// The token that the listener wants; by default $CORVID_TOKEN
    #[arg(long)]
    pub token: Option<String>,
}

/// How long a node may take: compiling a large plugin takes its time.
const TIME_MAX: Duration = Duration::from_mins(15);
/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

const HINT_NOT_ADMIN: &str = "is that a node's admin listener? By default it has port 9099, and Kafka's clients have 9092; --admin HOST:PORT names another";
const HINT: &str = "is a node running there? `corvid serve` starts one; --admin HOST:PORT names another";

impl Node {
    /// `GET`
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.ask(Method::GET, path, Vec::new(), None)
    }

    /// `GET`, for what may not be there.
    pub fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Failure> {
        match self.get(path) {
            Err(failure) if failure.exit() == Exit::Missing => Ok(None),
            other => other.map(Some),
        }
    }

    /// `POST`
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        self.ask(Method::POST, path, json(body)?, Some("application/json"))
    }

    /// `PATCH`
    pub fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        self.ask(Method::PATCH, path, json(body)?, Some("application/json"))
    }

    /// `PUT`
    pub fn put<T: DeserializeOwned>(&self, path: &str, bytes: &[u8]) -> Result<T, Failure> {
        self.ask(Method::PUT, path, bytes.to_vec(), Some("application/wasm"))
    }

    /// `DELETE`
    pub fn delete(&self, path: &str) -> Result<(), Failure> {
        self.send(Method::DELETE, path, Vec::new(), None).map(drop)
    }

    /// `DELETE` of several. One that is not there does not keep the others: all are tried, and the first failure is told.
    pub fn delete_all(&self, names: &[String], path: impl Fn(&str) -> String, mut deleted: impl FnMut(&str)) -> Done {
        let mut failures = Vec::new();
        for name in names {
            match self.delete(&path(name)) {
                Ok(()) => deleted(name),
                // The next one would not be heard either.
                Err(failure) if failure.exit() == Exit::Unreachable => return Err(failure),
                Err(failure) => failures.push(failure),
            }
        }
        match Failure::of_many(failures) {
            None => Ok(()),
            Some(failure) => Err(failure),
        }
    }

    fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        kind: Option<&str>,
    ) -> Result<T, Failure> {
        let answer = self.send(method, path, body, kind)?;
        serde_json::from_slice(&answer).map_err(|error| {
            Failure::failed(format!("the node's answer is not understood: {error}"))
                .hint("is the command line of the same release as the node?")
        })
    }

    fn send(&self, method: Method, path: &str, body: Vec<u8>, kind: Option<&str>) -> Result<Vec<u8>, Failure> {
        self.check_address()?;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address()));
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        if let Some(token) = self.token.clone().or_else(|| variable("CORVID_TOKEN")) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request
            .body(body)
            .map_err(|error| Failure::wrong(format!("{}: {error}", self.address())))?;
        let response = agent().run(request).map_err(|error| self.unreachable(&error))?;
        let (parts, mut body) = response.into_parts();
        let bytes = body
            .with_config()
            .limit(ANSWER_BYTES_MAX)
            .read_to_vec()
            .map_err(|error| self.unreachable(&error))?;
        if parts.status.is_success() {
            return Ok(bytes);
        }
        Err(refused(parts.status, &bytes))
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        // Something is there, and hangs up or speaks no HTTP.
        let hung_up = match error {
            ureq::Error::Io(error) => matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::InvalidData
            ),
            other => matches!(other, ureq::Error::Protocol(_)),
        };
        Failure::new(
            Exit::Unreachable,
            format!("the node at {} does not answer: {error}", self.address()),
        )
        .hint(if hung_up { HINT_NOT_ADMIN } else { HINT })
    }

    /// Without a port, HTTP would take 80, where no node listens.
    fn check_address(&self) -> Done {
        let address = self.address();
        let port = address.rsplit_once(':').map_or("", |(_, port)| port);
        if port.parse::<u16>().is_ok() {
            return Ok(());
        }
        let address = address.trim_start_matches("http://");
        Err(
            Failure::wrong(format!("the admin listener's address has no port: {address}"))
                .hint("--admin, or $CORVID_ADMIN, is HOST:PORT, such as 127.0.0.1:9099"),
        )
    }

    fn address(&self) -> String {
        let given = self.admin.clone().or_else(|| variable("CORVID_ADMIN"));
        let address = given.unwrap_or_else(|| "127.0.0.1:9099".to_owned());
        match address.starts_with("http://") {
            true => address.trim_end_matches('/').to_owned(),
            false => format!("http://{address}"),
        }
    }
}

fn agent() -> ureq::Agent {
    // Every status comes back as an answer, whose body says what is wrong. A proxy has no business here.
    let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    config
        .timeout_connect(Some(CONNECT_MAX))
        .timeout_global(Some(TIME_MAX))
        .max_redirects(0)
        .build()
        .into()
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(body).map_err(|error| Failure::wrong(error.to_string()))
}

fn refused(status: StatusCode, body: &[u8]) -> Failure {
    let ErrorBody { error, hint } = serde_json::from_slice(body).unwrap_or_else(|_| ErrorBody {
        error: match std::str::from_utf8(body) {
            Ok(text) if !text.is_empty() => text.chars().take(500).collect(),
            _ => format!("the node answers {status}"),
        },
        hint: None,
    });
    let exit = if status == StatusCode::NOT_FOUND {
        Exit::Missing
    } else {
        Exit::Failed
    };
    let failure = Failure::new(exit, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A name as one segment of a path.
pub fn segment(name: &str) -> String {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') || (byte == b'.' && name.len() > 2)
    };
    name.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_one_segment() {
        assert_eq!(super::segment("a b/ä.."), "a%20b%2F%C3%A4..");
        assert_eq!(super::segment(".."), "%2E%2E");
    }
}
