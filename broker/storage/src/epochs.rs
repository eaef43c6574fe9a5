//! Where each leader epoch begins: `leader-epoch-checkpoint`, in Kafka's format.

use corvid_record::{LeaderEpoch, Offset};

use crate::checkpoint_file::{self, CheckpointError};

/// The leader epochs of a log, each with the offset of its first batch.
///
/// Invariant: epochs and offsets both go strictly forward, but for a last epoch that has no batch yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LeaderEpochs {
    entries: Vec<(LeaderEpoch, Offset)>,
    /// The least offset of what the file does not have yet.
    unwritten_from: Option<Offset>,
}

impl LeaderEpochs {
    /// A batch of `epoch`, or its leader's term, begins at `start`. Epochs that have no batch are dropped.
    pub fn assign(&mut self, epoch: LeaderEpoch, start: Offset) {
        if self.latest() >= epoch {
            return;
        }
        while self.entries.last().is_some_and(|&(_, last)| last >= start) {
            self.entries.pop();
        }
        self.entries.push((epoch, start));
        self.changed(start);
    }

    /// The newest epoch, -1 if there is none.
    pub fn latest(&self) -> LeaderEpoch {
        self.entries.last().map_or(LeaderEpoch::NONE, |&(epoch, _)| epoch)
    }

    /// The largest epoch at or below `asked`, and where it ends: at the start of the next one, or at `limit`.
    ///
    /// As in Kafka (KIP-101, KIP-279): `(-1, -1)` for an epoch newer than all; for one older than all, the asked one ends where the
    /// oldest begins.
    pub fn end_of(&self, asked: LeaderEpoch, limit: Offset) -> (LeaderEpoch, Offset) {
        let unknown = (LeaderEpoch::NONE, Offset(-1));
        if asked < LeaderEpoch(0) || asked > self.latest() {
            return unknown;
        }
        let next = self.entries.partition_point(|&(epoch, _)| epoch <= asked);
        let end = self.entries.get(next).map_or(limit, |&(_, start)| start.min(limit));
        match next.checked_sub(1) {
            Some(index) => (self.entries[index].0, end),
            None => (asked, end),
        }
    }

    /// The epoch that the batch just below `offset` is of; -1 if that is not known.
    pub fn below(&self, offset: Offset) -> LeaderEpoch {
        let begun = self.entries.partition_point(|&(_, start)| start < offset);
        begun
            .checked_sub(1)
            .map_or(LeaderEpoch::NONE, |last| self.entries[last].0)
    }

    /// Forgets what begins at or above `end`: the log was cut there.
    pub fn truncate_end(&mut self, end: Offset) {
        let kept = self.entries.partition_point(|&(_, start)| start < end);
        if kept < self.entries.len() {
            self.entries.truncate(kept);
            self.changed(Offset::ZERO);
        }
    }

    /// Forgets epochs that end at or below `start`: the log begins there now.
    pub fn truncate_start(&mut self, start: Offset) {
        let next = self.entries.partition_point(|&(_, first)| first <= start);
        if next == 0 || (next == 1 && self.entries[0].1 == start) {
            return;
        }
        self.entries.drain(..next - 1);
        self.entries[0].1 = start;
        self.changed(start);
    }

    /// Whether the file lacks an epoch that has a batch below `end`.
    pub fn is_due(&self, end: Offset) -> bool {
        self.unwritten_from.is_some_and(|from| from < end)
    }

    /// The file's text; from now on it counts as written.
    pub fn take_text(&mut self) -> String {
        self.unwritten_from = None;
        self.text()
    }

    /// The file is to be written again.
    pub fn touch(&mut self) {
        self.changed(Offset::ZERO);
    }

    pub fn text(&self) -> String {
        checkpoint_file::format(self.entries.iter().map(|(epoch, start)| format!("{epoch} {start}")))
    }

    /// Reads the file.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut epochs = Self::default();
        for line in checkpoint_file::lines(text)? {
            let numbers = line
                .split_once(' ')
                .and_then(|(epoch, start)| Some((epoch.parse().ok()?, start.parse().ok()?)));
            let (epoch, start) = numbers.ok_or_else(|| CheckpointError::Line(line.to_owned()))?;
            let forward = epochs
                .entries
                .last()
                .is_none_or(|&(e, s)| LeaderEpoch(epoch) > e && Offset(start) >= s);
            if !forward {
                return Err(CheckpointError::Line(line.to_owned()));
            }
            epochs.entries.push((LeaderEpoch(epoch), Offset(start)));
        }
        Ok(epochs)
    }

    fn changed(&mut self, from: Offset) {
        self.unwritten_from = Some(self.unwritten_from.map_or(from, |earlier| earlier.min(from)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(entries: &[(i32, i64)]) -> LeaderEpochs {
        let mut epochs = LeaderEpochs::default();
        for &(epoch, start) in entries {
            epochs.assign(LeaderEpoch(epoch), Offset(start));
        }
        epochs
    }

    fn end(epochs: &LeaderEpochs, epoch: i32) -> (i32, i64) {
        let (epoch, offset) = epochs.end_of(LeaderEpoch(epoch), Offset(100));
        (epoch.0, offset.0)
    }

    #[test]
    fn answers_as_kafka_does() {
        let epochs = epochs(&[(2, 10), (4, 30), (7, 60)]);
        let answers = [1, 2, 3, 4, 6, 7, 8].map(|epoch| end(&epochs, epoch));
        assert_eq!(
            answers,
            [(1, 10), (2, 30), (2, 30), (4, 60), (4, 60), (7, 100), (-1, -1)]
        );
        assert_eq!(end(&LeaderEpochs::default(), 0), (-1, -1));
        let below = [10, 11, 30, 31, 99].map(|offset| epochs.below(Offset(offset)).0);
        assert_eq!(below, [-1, 2, 2, 4, 7]);
    }

    #[test]
    fn an_epoch_without_a_batch_is_dropped_by_the_next() {
        let epochs = epochs(&[(1, 0), (2, 50), (3, 50)]);
        assert_eq!(end(&epochs, 2), (1, 50));
        assert_eq!(end(&epochs, 3), (3, 100));
    }

    #[test]
    fn cutting_either_end() {
        let mut cut = epochs(&[(1, 0), (2, 50), (3, 80)]);
        cut.truncate_end(Offset(80));
        assert_eq!(cut.latest(), LeaderEpoch(2));
        cut.truncate_start(Offset(60));
        assert_eq!(cut.text(), "0\n1\n2 60\n");
    }

    #[test]
    fn the_file_comes_back_and_damage_is_noticed() {
        let mut written = epochs(&[(1, 0), (2, 50)]);
        let text = written.take_text();
        assert_eq!(LeaderEpochs::parse(&text).unwrap(), written);
        for damaged in [
            "",
            "1\n0\n",
            "0\n2\n1 0\n",
            "0\n1\n1 x\n",
            "0\n2\n2 5\n1 9\n",
            "0\n1\n1 0\n2 50\n",
        ] {
            assert!(LeaderEpochs::parse(damaged).is_err(), "{damaged:?}");
        }
    }

    #[test]
    fn the_file_is_due_once_a_new_epoch_has_a_batch() {
        let mut epochs = epochs(&[(1, 0)]);
        epochs.take_text();
        epochs.assign(LeaderEpoch(2), Offset(50));
        assert!(!epochs.is_due(Offset(50)));
        assert!(epochs.is_due(Offset(51)));
    }
}
