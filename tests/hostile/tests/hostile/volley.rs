//! Many requests, each on a connection of its own, some at a time.

use std::time::Duration;

use bytes::Bytes;
use corvid_wire::guard::generator::{self, Generated, Plan};
use corvid_wire::kafka::messages::ApiVersionsRequest;
use corvid_wire::versions::{APIS, Api};
use futures_util::stream::{self, StreamExt};
use tokio::time::timeout;

use crate::scene::Scene;

/// How many at once.
const AT_ONCE: usize = 32;

/// A request that nobody in his right mind sends.
pub struct Shot {
    /// For messages.
    pub what: String,
    /// With its header and length.
    pub frame: Bytes,
}

/// What came of a shot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was an answer.
    Answered,
    /// The broker has closed the connection.
    Closed,
    /// The broker has something to wait for.
    Waiting,
}

/// Fires all of them, waiting no longer than `patience` for each.
pub async fn fire(scene: &Scene, shots: Vec<Shot>, patience: Duration) -> Vec<(String, Outcome)> {
    let fired = stream::iter(shots).map(|shot| async move {
        let mut pipe = scene.pipe().await;
        // Behind it something that is always answered: a Produce with acks=0 is not. The broker may have closed before it has read all.
        let behind = bed::pipe::frame(0, 2, &ApiVersionsRequest::default()).expect("it encodes");
        let sent = pipe.send_bytes(&[&shot.frame[..], &behind[..]].concat()).await;
        let outcome = match timeout(patience, pipe.receive_frame()).await {
            Ok(Ok(_)) => Outcome::Answered,
            Ok(Err(_)) => Outcome::Closed,
            Err(_) if sent.is_err() => Outcome::Closed,
            Err(_) => Outcome::Waiting,
        };
        (shot.what, outcome)
    });
    fired.buffer_unordered(AT_ONCE).collect().await
}

/// Every API in every version that is decoded.
pub fn every_version() -> impl Iterator<Item = (&'static Api, i16)> {
    APIS.iter()
        .flat_map(|api| (api.decoded_min..=api.max).map(move |version| (api, version)))
}

/// A request in which each array has two elements, down to the lowest.
pub fn full(api: &Api, version: i16) -> Generated {
    // Of each choice the one that is neither null nor empty.
    let choices = [6; 4_000];
    generator::request(api, version, Plan::Random(generator::Choices::new(&choices)))
}

/// A body as a frame.
pub fn frame(api: &Api, version: i16, body: &[u8]) -> Bytes {
    bed::pipe::frame_of(api.key, version, 1, body)
}
