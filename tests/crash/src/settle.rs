//! Waits, with a broker that lives, until all that is promised has come, or ought to have.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use corvid_wire::client::ClientError;

use crate::broker::Broker;
use crate::cancels;
use crate::checker::Logs;
use crate::clients::SoFar;
use crate::history::{StreamHistory, key};
use crate::read_back::read_back;
use crate::setup::{AGAIN, JOBS_LETTERS, LATER_LETTERS, RETRY};
use crate::watcher;

/// After it is due, and the broker lives, what was held is there within this time.
const RELEASED_WITHIN: Duration = Duration::from_secs(8);
/// What would come twice, comes within this time.
const AGAIN_WITHIN: Duration = Duration::from_millis(500);

/// Waits until all that was held is there, or ought to be.
pub async fn wait_for_held(broker: &Broker, streams: &[StreamHistory], so_far: &SoFar) -> Result<(), ClientError> {
    let last = streams
        .iter()
        .flat_map(|stream| stream.later.values())
        .map(|asked| asked.due);
    let left = last.max().unwrap_or(0) - corvid_env::clock::wall_clock().0;
    tokio::time::sleep(Duration::from_millis(left.max(0) as u64)).await;
    let deadline = Instant::now() + RELEASED_WITHIN;
    while Instant::now() < deadline {
        let mut logs = watcher::copy(&so_far.watched);
        logs.extend(read_back(broker.address(), &[LATER_LETTERS]).await?);
        let there: BTreeSet<_> = logs.values().flatten().map(|found| found.key.clone()).collect();
        let cancels = cancels::copy(&so_far.cancelling);
        let missing = streams.iter().any(|stream| {
            let is_open = |key: &[u8]| !there.contains(key) && cancels.of(&stream.target.0, key, 0).is_none();
            let mut acknowledged = stream.later.iter().filter(|(_, asked)| asked.acknowledged_at.is_some());
            acknowledged.any(|(number, _)| is_open(key(stream.id, *number).as_bytes()))
        });
        if !missing {
            break;
        }
        tokio::time::sleep(AGAIN_WITHIN).await;
    }
    tokio::time::sleep(AGAIN_WITHIN).await;
    Ok(())
}

/// Waits until each record that a consumer has failed on has come back or died, or nothing happens any more.
pub async fn wait_for_retries(broker: &Broker, so_far: &SoFar) -> Result<(), ClientError> {
    let mut last = (0, Instant::now());
    while last.1.elapsed() < RELEASED_WITHIN {
        let letters = read_back(broker.address(), &[JOBS_LETTERS]).await?;
        let dead: BTreeSet<_> = letters
            .values()
            .flatten()
            .map(|found| (found.key.clone(), found.attempts.unwrap_or(0)))
            .collect();
        let cancels = cancels::copy(&so_far.cancelling);
        let (open, events) = {
            let retries = so_far.retries.now();
            (retries.open(), retries.events())
        };
        let is_open = |(key, attempts): &(Vec<u8>, u32)| cancels.of(RETRY, key, *attempts).is_none();
        if open.iter().all(|attempt| dead.contains(attempt) || !is_open(attempt)) {
            break;
        }
        if events != last.0 {
            last = (events, Instant::now());
        }
        tokio::time::sleep(AGAIN_WITHIN).await;
    }
    tokio::time::sleep(AGAIN_WITHIN).await;
    Ok(())
}

/// What was redriven, when it is all there: a link delivers what the answer doesn't wait for.
pub async fn redriven(broker: &Broker) -> Result<Logs, ClientError> {
    let mut count = None;
    loop {
        let again = read_back(broker.address(), &[AGAIN]).await?;
        let now = again.values().map(Vec::len).sum::<usize>();
        if count.replace(now) == Some(now) {
            return Ok(again);
        }
        tokio::time::sleep(AGAIN_WITHIN).await;
    }
}
