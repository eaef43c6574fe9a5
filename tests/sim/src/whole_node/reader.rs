//! Readers: while the node dies, and when it does no more.

use std::time::Duration;

use corvid_env::clock;
use corvid_wire::client::{ClientError, ConsumedRecord, Consumer, ConsumerOptions, Start};
use corvid_wire::kafka::error::ResponseError;

use super::{Ledger, connect};
use crate::Outcome;

/// How long a reader waits for a node that is down. Not as long as producers do, or they would knock in step.
const READ_AGAIN: Duration = Duration::from_millis(25);
/// In this time a second copy of anything would have come, too.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Tries again and again, until the ledger says stop: the node is down, or the topic not there yet. But what was there to be read is
/// never out of range.
pub async fn until_stopped<Own>(ledger: &Ledger<Own>, mut attempt: impl AsyncFnMut() -> Result<(), ClientError>) {
    while !ledger.is_stopped() {
        if let Err(error) = attempt().await
            && let ClientError::Broker(broker) = &error
            && broker.error == ResponseError::OffsetOutOfRange
        {
            ledger.complain(format!("a reader: {error}"));
        }
        clock::sleep(READ_AGAIN).await;
    }
}

/// Reads topics from their start when nothing dies any more: until `is_complete`, in `patience` at the most, and what comes afterwards.
pub async fn read_back(
    topics: &[&str],
    patience: Duration,
    mut saw: impl FnMut(&ConsumedRecord),
    is_complete: impl Fn() -> bool,
) -> Outcome {
    let mut consumer = Consumer::new(connect().await?, ConsumerOptions::default());
    for topic in topics {
        consumer.assign_topic(topic, Start::Earliest).await?;
    }
    let deadline = clock::now() + patience;
    while clock::now() < deadline && !(consumer.is_at_end() && is_complete()) {
        consumer.poll().await?.iter().for_each(&mut saw);
    }
    let until = clock::now() + AFTERWARDS;
    while clock::now() < until || !consumer.is_at_end() {
        consumer.poll().await?.iter().for_each(&mut saw);
    }
    Ok(())
}
