//! What is known of a record that failed with a consumer: how often, since when, where it came from, and why.

use bytes::Bytes;
use corvid_metadata::policy::RetryOf;
use corvid_plugin_host::{FailedStage, Failure};
use corvid_record::Timestamp;

use super::headers::{self, Told};
use crate::delay::HELD_TIMESTAMP_HEADER;
use crate::edit::OwnedHeaders;

/// A record's failures so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The group that failed on it.
    pub group: String,
    /// How many times it was handled, and failed, this time included.
    pub attempts: u32,
    /// When it failed first, ms since the epoch.
    pub first_at: i64,
    /// When it failed this time.
    pub last_at: i64,
    /// The topic that it was in at first.
    pub topic: String,
    /// The partition that it was in at first, if anybody said.
    pub partition: Option<i32>,
    /// Its offset there, if anybody said.
    pub offset: Option<i64>,
    /// Its timestamp there.
    pub timestamp: i64,
    /// Why it failed, for people; from the client, and perhaps empty.
    pub reason: String,
    /// Why it failed, for programs; likewise.
    pub code: String,
}

impl History {
    /// The history of a record that has come to the retry topic `of` now, as its headers tell it.
    pub fn of(of: &RetryOf, timestamp: Timestamp, told: Told, now: i64) -> Self {
        Self {
            group: of.group.clone(),
            attempts: told.failed_before.unwrap_or(0).saturating_add(1),
            // What is later than now was not written by a broker.
            first_at: told.first_at.filter(|first| *first <= now).unwrap_or(now),
            last_at: now,
            topic: told.topic.unwrap_or_else(|| of.source.clone()),
            partition: told.partition,
            offset: told.offset,
            timestamp: told.timestamp.unwrap_or(timestamp.0),
            reason: told.reason.unwrap_or_default(),
            code: told.code.unwrap_or_default(),
        }
    }

    /// As a policy is told.
    pub fn failure(&self, attempts: u32) -> Failure<'_> {
        Failure {
            stage: FailedStage::Consumer,
            attempt: self.attempts,
            attempts,
            first_at: self.first_at,
            last_at: self.last_at,
            topic: &self.topic,
            partition: self.partition.unwrap_or(-1),
            code: &self.code,
            reason: &self.reason,
        }
    }

    /// The headers that the record comes back with, behind its own.
    pub fn headers(&self) -> OwnedHeaders {
        let text = |name: &'static str, value: String| (Bytes::from_static(name.as_bytes()), Some(Bytes::from(value)));
        let mut list = vec![
            text(headers::ATTEMPTS, self.attempts.to_string()),
            text(headers::TOPIC, self.topic.clone()),
            text(headers::TIMESTAMP, self.timestamp.to_string()),
            text(headers::FIRST_AT, self.first_at.to_string()),
            text(headers::LAST_AT, self.last_at.to_string()),
        ];
        list.extend(
            self.partition
                .map(|partition| text(headers::PARTITION, partition.to_string())),
        );
        list.extend(self.offset.map(|offset| text(headers::OFFSET, offset.to_string())));
        for (name, value) in [(headers::REASON, &self.reason), (headers::CODE, &self.code)] {
            if !value.is_empty() {
                list.push(text(name, value.clone()));
            }
        }
        list
    }
}

/// Whether a header is the record's own, and not part of the history so far.
pub fn is_own(key: &[u8]) -> bool {
    !key.starts_with(headers::PREFIX) && key != HELD_TIMESTAMP_HEADER
}
