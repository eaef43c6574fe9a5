//! Who may ask. A page in somebody's browser can send requests to a listener on loopback: it gives itself away by its
//! `Origin`, and, where it has bent a name of its own to this machine, by its `Host`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;

/// What the gate lets through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate {
    /// What callers must send as a bearer token.
    pub token: Option<String>,
    /// Names, besides `localhost` and addresses, by which the listener may be called.
    pub hosts: Vec<String>,
}

/// Open without a token: they tell nothing, and their callers keep no secrets.
const OPEN: &[&str] = &["/health", "/ready"];

pub(crate) async fn check(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    match gate.admits(request.headers(), request.uri().path()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

impl Gate {
    fn admits(&self, headers: &HeaderMap, path: &str) -> Result<(), ApiError> {
        let refused = |message: &str, hint: &str| Err(ApiError::new(StatusCode::FORBIDDEN, message).hint(hint));
        let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
            return refused("the request has no Host header", "use HTTP/1.1");
        };
        if !self.knows(host) {
            return refused(
                "the request is for another host",
                "call by an address, by localhost, or add the name to `hosts` in [admin]",
            );
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        if origins.any(|origin| origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://")) != Some(host)) {
            return refused(
                "the request comes from a page of another origin",
                "this API is not for other sites' pages",
            );
        }
        self.check_token(headers, path)
    }

    fn knows(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        let known = |known: &str| known.eq_ignore_ascii_case(name);
        // No name can be bent when there is none.
        name.parse::<IpAddr>().is_ok() || known("localhost") || self.hosts.iter().any(|host| known(host))
    }

    fn check_token(&self, headers: &HeaderMap, path: &str) -> Result<(), ApiError> {
        let Some(token) = self.token.as_ref().filter(|_| !OPEN.contains(&path)) else {
            return Ok(());
        };
        let sent = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if sent.is_some_and(|sent| same(sent.as_bytes(), token.as_bytes())) {
            return Ok(());
        }
        let error = ApiError::new(StatusCode::UNAUTHORIZED, "the token is missing or wrong");
        Err(error.hint("send `Authorization: Bearer TOKEN`, with the token of [admin]; on the command line, --token or CORVID_TOKEN"))
    }
}

/// Takes as long for a near miss as for a far one.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    fn admitted(gate: &Gate, pairs: &[(HeaderName, &'static str)]) -> bool {
        gate.admits(&headers(pairs), "/v1/topics").is_ok()
    }

    /// The bug: a page that the operator happens to visit deletes topics, by way of the browser, from `http://localhost:9099`
    /// or from a name of its own that resolves to 127.0.0.1.
    #[test]
    fn pages_of_strangers_are_refused() {
        let gate = Gate {
            hosts: vec!["broker.internal".to_owned()],
            ..Gate::default()
        };
        for host in [
            "127.0.0.1:9099",
            "localhost:9099",
            "LOCALHOST",
            "[::1]:9099",
            "broker.internal:9099",
        ] {
            assert!(admitted(&gate, &[(HOST, host)]), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:9099", "", "localhost.evil:1"] {
            assert!(!admitted(&gate, &[(HOST, host)]), "{host}");
        }
        assert!(!admitted(&gate, &[]));
        assert!(admitted(
            &gate,
            &[(HOST, "localhost:9099"), (ORIGIN, "http://localhost:9099")]
        ));
        for origin in [
            "http://evil.example",
            "null",
            "https://localhost:9099",
            "http://localhost:1",
        ] {
            assert!(
                !admitted(&gate, &[(HOST, "localhost:9099"), (ORIGIN, origin)]),
                "{origin}"
            );
        }
    }

    #[test]
    fn a_token_is_wanted_where_there_is_one() {
        let gate = Gate {
            token: Some("0123456789abcdef".to_owned()),
            hosts: Vec::new(),
        };
        assert!(!admitted(&gate, &[(HOST, "10.0.0.1:9099")]));
        assert!(!admitted(
            &gate,
            &[(HOST, "10.0.0.1:9099"), (AUTHORIZATION, "Bearer 0123456789abcdeg")]
        ));
        assert!(admitted(
            &gate,
            &[(HOST, "10.0.0.1:9099"), (AUTHORIZATION, "Bearer 0123456789abcdef")]
        ));
        assert!(gate.admits(&headers(&[(HOST, "10.0.0.1:9099")]), "/ready").is_ok());
    }
}
