//! Where couriers begin after a restart: `outbox-delivered-checkpoint`, beside the logs.
//!
//! In the manner of Kafka's checkpoints: a version, a count, and a line for each source partition:
//!
//! ```text
//! <topic id> <partition> <leader epoch> <offset> <checksum of what is before it in the line>
//! ```
//!
//! It says that the targets' disks have whatever the source's entries below the offset sent them; the epoch is that of
//! the batch just below it. A line that is missing, or is too low, costs time. One that is too high would lose records,
//! so a line is taken only where it fits: the topic is the one that is there now, and the log has had that offset, in
//! that epoch, ever since. A log that was cut below it and written again has another epoch there.

use std::collections::BTreeMap;
use std::io;

use corvid_env::fs::Dir;
use corvid_metadata::PartitionIndex;
use corvid_record::hidden::LinkPosition;
use corvid_record::{LeaderEpoch, Offset, crc32c};
use corvid_replication::PartitionId;
use corvid_storage::Log;
use corvid_storage::checkpoint_file::{self, CheckpointError};

const FILE: &str = "outbox-delivered-checkpoint";
/// Beyond any node's number of partitions.
const BYTES_MAX: u64 = 64 << 20;

/// A position for each source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hints {
    positions: BTreeMap<PartitionId, LinkPosition>,
}

impl Hints {
    /// Reads the file; one that is not there, or damaged, is as good as an empty one.
    pub fn read(dir: &Dir) -> Self {
        let text = match dir.read(FILE, BYTES_MAX) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::default(),
            Err(error) => {
                tracing::warn!(file = FILE, %error, "delivery begins at the logs' starts");
                return Self::default();
            }
        };
        Self::parse(&String::from_utf8_lossy(&text)).unwrap_or_else(|error| {
            tracing::warn!(file = FILE, %error, "a damaged checkpoint: delivery begins at the logs' starts");
            Self::default()
        })
    }

    /// Replaces the file.
    pub async fn write(&self, dir: &Dir) -> io::Result<()> {
        dir.write_atomic(FILE, self.text().as_bytes()).await
    }

    /// Says how far a source is.
    pub fn set(&mut self, id: PartitionId, log: &Log, offset: Offset) {
        let epoch = log.epoch_below(offset);
        self.positions.insert(id, LinkPosition { epoch, offset });
    }

    /// Takes out the offset at which a source's courier may begin; `None`: at the log's start.
    pub fn take(&mut self, id: PartitionId, log: &Log) -> Option<Offset> {
        let hint = self.positions.remove(&id)?;
        // What it says of a log that begins above it says nothing of the log's first entry.
        let (epoch, end) = log.epoch_end(hint.epoch, log.end());
        let fits = epoch == hint.epoch && log.start() <= hint.offset && hint.offset <= end;
        fits.then_some(hint.offset)
    }

    fn text(&self) -> String {
        checkpoint_file::format(self.positions.iter().map(|(id, position)| {
            let (topic, index) = (id.topic, id.index);
            let line = format!("{topic} {index} {} {}", position.epoch, position.offset);
            let sum = crc32c(line.as_bytes());
            format!("{line} {sum:08x}")
        }))
    }

    fn parse(text: &str) -> Result<Self, CheckpointError> {
        let lines = checkpoint_file::lines(text)?;
        let positions = lines
            .into_iter()
            .map(|line| parse_line(line).ok_or_else(|| CheckpointError::Line(line.to_owned())))
            .collect::<Result<_, _>>()?;
        Ok(Self { positions })
    }
}

fn parse_line(line: &str) -> Option<(PartitionId, LinkPosition)> {
    let (line, sum) = line.rsplit_once(' ')?;
    if u32::from_str_radix(sum, 16).ok()? != crc32c(line.as_bytes()) {
        return None;
    }
    let mut words = line.split(' ');
    let topic = words.next()?.parse().ok()?;
    let index = PartitionIndex(words.next()?.parse().ok()?);
    let epoch = LeaderEpoch(words.next()?.parse().ok()?);
    let offset = Offset(words.next()?.parse().ok().filter(|offset| *offset >= 0)?);
    let id = PartitionId { topic, index };
    words.next().is_none().then_some((id, LinkPosition { epoch, offset }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use corvid_metadata::TopicId;

    fn hints(offset: i64) -> Hints {
        let id = PartitionId {
            topic: TopicId([7; 16]),
            index: PartitionIndex(3),
        };
        let position = LinkPosition {
            epoch: LeaderEpoch(2),
            offset: Offset(offset),
        };
        Hints {
            positions: BTreeMap::from([(id, position)]),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for hints in [Hints::default(), hints(0), hints(17)] {
            assert_eq!(Hints::parse(&hints.text()).unwrap(), hints);
        }
    }

    /// The bug it is for: a digit that has changed on the disk makes a courier pass over entries.
    #[test]
    fn a_line_that_has_changed_is_damage() {
        let text = hints(17).text();
        for (at, byte) in text.bytes().enumerate() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if byte == b'9' { b'8' } else { b'9' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(Hints::parse(&changed).is_err(), "{changed:?}");
        }
        for cut in 1..text.len() {
            assert!(Hints::parse(&text[..cut]).is_err(), "{:?}", &text[..cut]);
        }
    }
}
