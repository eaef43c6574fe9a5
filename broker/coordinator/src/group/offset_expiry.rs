//! Offsets that nobody has used for `offsets.retention.minutes` go, and with the last of them the group.

use corvid_env::clock::WallTime;

use crate::group::event::Now;
use crate::group::{Group, GroupState};
use crate::schema::{OffsetCommit, subscription};

/// From when on the retention of an offset counts.
enum Since {
    /// When the group became empty.
    Emptied(WallTime),
    /// When the offset was committed.
    Committed,
    /// They are in use.
    Never,
}

impl Group {
    pub(super) fn expire_offsets(&mut self, now: Now) {
        let since = self.unused_since();
        let expired: Vec<(String, i32)> = self
            .offsets
            .iter()
            .filter(|(topic, _, offset)| !self.subscribes_to(topic) && self.has_expired(offset, &since, now.wall))
            .map(|(topic, partition, _)| (topic.to_owned(), partition))
            // A tombstone would come behind an offset that is on its way, and take it back.
            .filter(|partition| !self.committing.contains_key(partition))
            .collect();
        let all = expired.len() == self.offsets.len();
        let unused = self.state == GroupState::Empty && self.pending.is_empty() && self.in_flight == 0;
        let group = all && unused && self.in_log;
        if !expired.is_empty() || group {
            tracing::info!(
                group = self.id,
                offsets = expired.len(),
                whole_group = group,
                "offsets have expired"
            );
            self.remove(expired, group, None);
        }
    }

    fn unused_since(&self) -> Since {
        match (&self.protocol_type, self.state) {
            // A group that only stores offsets.
            (None, _) => Since::Committed,
            (Some(_), GroupState::Empty) => self.state_since.map_or(Since::Committed, Since::Emptied),
            // Consumers may have stopped reading a topic while they read others.
            (Some(protocol_type), GroupState::Stable)
                if protocol_type == subscription::CONSUMER && self.subscribed.is_some() =>
            {
                Since::Committed
            }
            (Some(_), _) => Since::Never,
        }
    }

    fn has_expired(&self, offset: &OffsetCommit, since: &Since, now: WallTime) -> bool {
        let since = match since {
            Since::Emptied(at) => at.0,
            Since::Committed => offset.commit_timestamp,
            Since::Never => return false,
        };
        match offset.expire_timestamp {
            Some(at) => now.0 >= at,
            None => now.0.saturating_sub(since) >= self.config.offsets_retention.as_millis() as i64,
        }
    }
}
