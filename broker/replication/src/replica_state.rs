//! What a leader knows of a partition's replicas: pure, no clock and no I/O.
//!
//! With one replica the high watermark is the leader's own progress; the struct is shaped for
//! followers, whose progress will arrive as further events.

use corvid_metadata::NodeId;
use corvid_metadata::config::Durability;
use corvid_record::{LeaderEpoch, Offset};

/// How far one replica is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Behind the last batch that is written (to the page cache).
    pub written: Offset,
    /// Behind the last batch that a completed sync covers.
    pub flushed: Offset,
}

/// Leader epoch, in-sync replicas, and the high watermark that follows from their progress.
#[derive(Debug, Clone)]
pub struct ReplicaState {
    /// The epoch in which this node leads.
    pub leader_epoch: LeaderEpoch,
    /// The replicas whose progress counts, the leader among them.
    pub in_sync: Vec<NodeId>,
    /// Which position of a replica counts for the high watermark.
    pub durability: Durability,
    /// `min.insync.replicas` of the topic.
    pub min_in_sync: usize,
    leader: Progress,
    high_watermark: Offset,
}

impl ReplicaState {
    /// The state of a leader whose log is recovered up to `progress`.
    pub fn new(
        epoch: LeaderEpoch,
        in_sync: Vec<NodeId>,
        durability: Durability,
        min_in_sync: usize,
        leader: Progress,
    ) -> Self {
        let mut state = Self {
            leader_epoch: epoch,
            in_sync,
            durability,
            min_in_sync,
            leader,
            high_watermark: Offset::ZERO,
        };
        state.raise();
        state
    }

    /// Behind the last batch that every in-sync replica holds, in the sense of the topic's durability.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Whether a produce with acks=all may be taken at all.
    pub fn enough_in_sync(&self) -> bool {
        self.in_sync.len() >= self.min_in_sync
    }

    /// The leader's log was written up to `end`. Returns the high watermark if it rose.
    pub fn written(&mut self, end: Offset) -> Option<Offset> {
        self.leader.written = self.leader.written.max(end);
        self.raise()
    }

    /// A sync of the leader's log has covered all below `end`. Returns the high watermark if it rose.
    pub fn flushed(&mut self, end: Offset) -> Option<Offset> {
        self.leader.flushed = self.leader.flushed.max(end);
        self.leader.written = self.leader.written.max(end);
        self.raise()
    }

    /// Changes how the high watermark is counted. It never goes back.
    pub fn set_durability(&mut self, durability: Durability) -> Option<Offset> {
        self.durability = durability;
        self.raise()
    }

    fn raise(&mut self) -> Option<Offset> {
        let counted = match self.durability {
            Durability::Disk => self.leader.flushed,
            Durability::Replicas => self.leader.written,
        };
        if counted <= self.high_watermark {
            return None;
        }
        self.high_watermark = counted;
        Some(counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(durability: Durability) -> ReplicaState {
        let progress = Progress {
            written: Offset(10),
            flushed: Offset(4),
        };
        ReplicaState::new(LeaderEpoch(1), vec![NodeId(1)], durability, 1, progress)
    }

    #[test]
    fn on_disk_the_high_watermark_waits_for_the_sync() {
        let mut disk = state(Durability::Disk);
        assert_eq!(disk.high_watermark(), Offset(4));
        assert_eq!(disk.written(Offset(12)), None);
        assert_eq!(disk.flushed(Offset(12)), Some(Offset(12)));
    }

    #[test]
    fn with_replicas_what_is_written_counts() {
        let mut replicas = state(Durability::Replicas);
        assert_eq!(replicas.high_watermark(), Offset(10));
        assert_eq!(replicas.written(Offset(12)), Some(Offset(12)));
        assert_eq!(replicas.flushed(Offset(12)), None);
    }

    #[test]
    fn two_of_one_replica_is_not_enough() {
        let mut one = state(Durability::Disk);
        assert!(one.enough_in_sync());
        one.min_in_sync = 2;
        assert!(!one.enough_in_sync());
    }

    #[test]
    fn a_stricter_durability_never_takes_the_high_watermark_back() {
        let mut state = state(Durability::Replicas);
        state.set_durability(Durability::Disk);
        assert_eq!(state.high_watermark(), Offset(10));
        assert_eq!(state.flushed(Offset(9)), None);
    }
}
