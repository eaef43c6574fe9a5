//! Loading: the log of a partition is replayed into groups.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use corvid_env::{clock, task};
use corvid_record::{Offset, batches};

use super::shard::Shard;
use crate::batch;
use crate::config::CoordinatorConfig;
use crate::error::LogError;
use crate::group::{Group, Now};
use crate::log::OffsetsLog;
use crate::schema::Record;

/// Replays a partition, and lets its groups begin.
pub(super) async fn load(shard: Arc<Shard>) {
    let began = clock::now();
    match replay_all(shard.log.clone(), shard.config.clone()).await {
        Ok(mut replay) => {
            let now = Now {
                instant: clock::now(),
                wall: clock::wall_clock(),
            };
            replay.groups.retain(|_, group| !group.is_void());
            for group in replay.groups.values_mut() {
                group.replayed(now);
            }
            shard.skipped.store(replay.skipped, Ordering::Relaxed);
            if replay.skipped > 0 {
                tracing::warn!(
                    records = replay.skipped,
                    "records of __consumer_offsets of an unknown kind are left alone"
                );
            }
            let (groups, took) = (replay.groups.len(), now.instant - began);
            // Most partitions of most nodes hold none: fifty lines of nothing hide the one that matters.
            if groups > 0 {
                tracing::info!(groups, ?took, "groups are loaded");
            } else {
                tracing::debug!(?took, "no groups to load");
            }
            shard.activate(replay.groups);
        }
        Err(error) => {
            tracing::error!(%error, "a partition of __consumer_offsets can't be loaded; its groups are not served");
            shard.give_up();
        }
    }
}

/// What has been replayed.
struct Replay {
    config: Arc<CoordinatorConfig>,
    groups: BTreeMap<String, Group>,
    skipped: u64,
}

async fn replay_all(log: Arc<dyn OffsetsLog>, config: Arc<CoordinatorConfig>) -> Result<Replay, LogError> {
    let end = log.end();
    let mut at = log.start();
    let mut replay = Replay {
        config,
        groups: BTreeMap::new(),
        skipped: 0,
    };
    while at < end {
        let log = log.clone();
        // Reading and parsing take their time, and the disk's: not on a thread of the network.
        let (next, part) = task::offload(move || {
            let next = replay.part(log.as_ref(), at);
            (next, replay)
        })
        .await;
        replay = part;
        at = match next? {
            next if next > at => next,
            // A log may end in offsets that no batch has.
            _ => end,
        };
    }
    // Nothing that was only written may be answered: a power cut could take it back.
    log.committed(end).await?;
    Ok(replay)
}

impl Replay {
    /// Replays the next batches, and answers the offset behind them.
    fn part(&mut self, log: &dyn OffsetsLog, from: Offset) -> Result<Offset, LogError> {
        let bytes = log.read(from, self.config.load_buffer_bytes)?;
        let mut next = from;
        for batch in batches(&bytes) {
            let batch = batch.map_err(|error| LogError::Corrupt {
                at: next.0,
                what: error.to_string(),
            })?;
            batch::decode(&batch, |record| self.record(record))?;
            next = batch.next_offset();
        }
        Ok(next)
    }

    fn record(&mut self, record: Record) {
        match record {
            Record::Offset {
                group,
                topic,
                partition,
                value: Some(value),
            } => {
                self.group(group).replay_offset(topic, partition, Some(value));
            }
            Record::Offset {
                group,
                topic,
                partition,
                value: None,
            } => {
                if let Some(group) = self.groups.get_mut(&group) {
                    group.replay_offset(topic, partition, None);
                }
            }
            Record::Group {
                group,
                value: Some(value),
            } => self.group(group).replay_group(value),
            Record::Group { group, value: None } => {
                if let Some(group) = self.groups.get_mut(&group) {
                    group.replay_tombstone();
                }
            }
            Record::Unknown => self.skipped += 1,
        }
    }

    fn group(&mut self, id: String) -> &mut Group {
        let config = &self.config;
        let new = |id: &String| Group::new(id.clone(), config.clone(), clock::wall_clock());
        self.groups.entry(id).or_insert_with_key(new)
    }
}
