//! Held records that are cancelled while they wait, and what was answered.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::bail;
use serde_json::json;

use crate::admin::{self, UNAVAILABLE, UNPROCESSABLE};
use crate::rng::Rng;

/// What the answer to a cancel was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cancelled {
    /// None, or one that leaves it open: the record comes, or it does not.
    Perhaps,
    /// It was held, and is no more: it never comes.
    Surely,
}

/// A held record: its topic, its key, and how many attempts it has behind it.
type Held = (String, Vec<u8>, u32);

/// All that was cancelled, perhaps.
#[derive(Debug, Clone, Default)]
pub struct Cancels(BTreeMap<Held, Cancelled>);

/// The same, while it grows.
pub type Cancelling = Arc<Mutex<Cancels>>;

impl Cancels {
    /// What was answered of this record; none if nobody has asked, or it was not held any more.
    pub fn of(&self, topic: &str, key: &[u8], attempts: u32) -> Option<Cancelled> {
        self.0.get(&(topic.to_owned(), key.to_vec(), attempts)).copied()
    }

    /// How many surely.
    pub fn count(&self) -> usize {
        let surely = self.0.values().filter(|cancelled| **cancelled == Cancelled::Surely);
        surely.count()
    }

    /// Notes an answer. What was surely cancelled stays so.
    pub fn note(&mut self, held: Held, cancelled: Cancelled) {
        let known = self.0.entry(held).or_insert(cancelled);
        *known = cancelled.max(*known);
    }
}

/// All there is so far.
pub fn copy(cancelling: &Cancelling) -> Cancels {
    cancelling.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Cancels some of what is held in a partition, each by itself, so that the answer is about one.
pub async fn cancel_some(
    address: SocketAddr,
    (topic, partition): (&str, i32),
    rng: &mut Rng,
    cancelling: &Cancelling,
) -> anyhow::Result<()> {
    const LISTED: u64 = 40;
    let path = format!("/v1/delayed/{topic}?partition={partition}&limit={LISTED}");
    let (status, listed) = admin::get(address, &path).await?;
    match status {
        200 => {}
        UNAVAILABLE | UNPROCESSABLE => return Ok(()),
        _ => bail!("the list of what is held in {topic}-{partition} is answered {status}: {listed}"),
    }
    for held in listed.as_array().into_iter().flatten() {
        // Of several that are due together nobody knows the keys.
        let Some(key) = held["key"].as_str().filter(|_| held["records"] == 1) else {
            continue;
        };
        if !rng.chance(8) {
            continue;
        }
        let attempts = admin::number(held, "attempts")? as u32;
        let name = admin::number(held, "offset")?;
        let cancelled = cancel(address, topic, partition, name).await;
        let answer = match &cancelled {
            Ok(0) => continue,
            Ok(_) => Cancelled::Surely,
            Err(_) => Cancelled::Perhaps,
        };
        let held = (topic.to_owned(), key.as_bytes().to_vec(), attempts);
        cancelling
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .note(held, answer);
        cancelled?;
    }
    Ok(())
}

/// How many of the one hold were cancelled.
async fn cancel(address: SocketAddr, topic: &str, partition: i32, name: i64) -> anyhow::Result<i64> {
    let path = format!("/v1/delayed/{topic}/cancel");
    let body = json!({ "partition": partition, "offsets": [name] });
    let (status, body) = admin::post(address, &path, &body).await?;
    match status {
        200 => admin::number(&body, "cancelled"),
        // What it came to is not told: as if the node had died.
        UNAVAILABLE | UNPROCESSABLE => Err(std::io::Error::from(std::io::ErrorKind::Interrupted).into()),
        _ => bail!("a cancel of {name} in {topic}-{partition} is answered {status}: {body}"),
    }
}
