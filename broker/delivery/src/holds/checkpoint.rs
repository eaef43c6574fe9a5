//! What is held, as a file says it after a restart: `held-checkpoint`, beside the logs.
//!
//! | field | |
//! |---|---|
//! | `u32` `u16` `u32` | magic, format version, how many partitions; each: |
//! | 16 bytes, `i32` | topic id, partition |
//! | `i32` `i64` | the log was looked through up to this offset; the leader epoch of the batch below it |
//! | `u32`, bytes | the names of the pending holds: a roaring bitmap (64 bits) in its portable format |
//! | `u32`, then each `u64` `i64` | pages of the log with pending holds: number, and nothing on it is due before this (ms) |
//! | `u32` | CRC-32C of all before |
//!
//! Numbers are big-endian. It is a hint: without it, the log is read from its start. It is taken where the log has had that offset, in that
//! epoch, ever since; what was released behind the offset counts as pending, and is found released when the log is read on. So it is not
//! taken where the log was compacted: the hold is gone there, and so may be what ended it.

use std::collections::BTreeMap;
use std::io;

use corvid_env::fs::Dir;
use corvid_metadata::{PartitionIndex, TopicId};
use corvid_record::{LeaderEpoch, Offset, Timestamp, crc32c};
use corvid_replication::PartitionId;
use corvid_storage::Log;
use roaring::RoaringTreemap;

use super::{Holds, page_of};

const FILE: &str = "held-checkpoint";
const MAGIC: u32 = 0x4856_4844;
const VERSION: u16 = 1;
/// A bit or two for each hold, of hundreds of millions.
const BYTES_MAX: u64 = 256 << 20;

/// What one partition held.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    pub looked_to: Offset,
    pub epoch: LeaderEpoch,
    pending: RoaringTreemap,
    pages: BTreeMap<u64, Timestamp>,
}

impl Holds {
    /// What the log up to `looked_to` says, whatever was released since.
    pub fn snapshot(&self, log: &Log) -> Snapshot {
        let mut pending = self.pending.clone();
        let mut pages = self.far.clone();
        let later = self.released.iter().filter(|(end, _)| *end > self.looked_to);
        let known = self.near.iter().chain(later.map(|(_, held)| {
            pending.insert(held.name.0 as u64);
            held
        }));
        let known: Vec<_> = known.collect();
        for held in known.into_iter().filter(|held| pending.contains(held.name.0 as u64)) {
            let bound = pages.entry(page_of(held.name)).or_insert(held.due);
            *bound = held.due.min(*bound);
        }
        Snapshot {
            looked_to: self.looked_to,
            epoch: log.epoch_below(self.looked_to),
            pending,
            pages,
        }
    }

    /// Goes on from a snapshot. Nothing is known by time before a refill.
    pub fn restored(snapshot: Snapshot) -> Self {
        let mut holds = Self::new(snapshot.looked_to);
        if !snapshot.pages.is_empty() {
            holds.horizon = (Timestamp(i64::MIN), Offset(0), Offset(0));
        }
        holds.pending = snapshot.pending;
        holds.far = snapshot.pages;
        holds
    }
}

/// What the partitions of a node held.
#[derive(Debug, Default)]
pub(crate) struct HeldCheckpoint {
    partitions: BTreeMap<PartitionId, Snapshot>,
}

impl HeldCheckpoint {
    /// Reads the file; one that is not there, or damaged, is as good as an empty one.
    pub fn read(dir: &Dir) -> Self {
        match dir.read(FILE, BYTES_MAX) {
            Ok(bytes) => Self::decode(&bytes).unwrap_or_else(|| {
                tracing::warn!(
                    file = FILE,
                    "a damaged checkpoint: what is held is looked for in the whole logs"
                );
                Self::default()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => {
                tracing::warn!(file = FILE, %error, "what is held is looked for in the whole logs");
                Self::default()
            }
        }
    }

    /// Replaces the file.
    pub async fn write(&self, dir: &Dir) -> io::Result<()> {
        dir.write_atomic(FILE, &self.encode()?).await
    }

    /// Says what a partition holds.
    pub fn set(&mut self, id: PartitionId, snapshot: Snapshot) {
        self.partitions.insert(id, snapshot);
    }

    /// Takes out what is known of a partition, if it fits the log that is there.
    pub fn take(&mut self, id: PartitionId, log: &Log) -> Option<Snapshot> {
        let snapshot = self.partitions.remove(&id)?;
        let (epoch, end) = log.epoch_end(snapshot.epoch, log.end());
        let fits = epoch == snapshot.epoch && log.start() <= snapshot.looked_to && snapshot.looked_to <= end;
        (fits && !log.was_compacted()).then_some(snapshot)
    }

    fn encode(&self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        out.extend_from_slice(&MAGIC.to_be_bytes());
        out.extend_from_slice(&VERSION.to_be_bytes());
        out.extend_from_slice(&(self.partitions.len() as u32).to_be_bytes());
        for (id, snapshot) in &self.partitions {
            out.extend_from_slice(&id.topic.0);
            out.extend_from_slice(&id.index.0.to_be_bytes());
            out.extend_from_slice(&snapshot.epoch.0.to_be_bytes());
            out.extend_from_slice(&snapshot.looked_to.0.to_be_bytes());
            out.extend_from_slice(&(snapshot.pending.serialized_size() as u32).to_be_bytes());
            snapshot.pending.serialize_into(&mut out)?;
            out.extend_from_slice(&(snapshot.pages.len() as u32).to_be_bytes());
            for (page, due) in &snapshot.pages {
                out.extend_from_slice(&page.to_be_bytes());
                out.extend_from_slice(&due.0.to_be_bytes());
            }
        }
        let crc = crc32c(&out);
        out.extend_from_slice(&crc.to_be_bytes());
        Ok(out)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_last_chunk::<4>()?;
        if crc32c(body) != u32::from_be_bytes(*crc) {
            return None;
        }
        let mut reader = Reader(body);
        if u32::from_be_bytes(reader.array()?) != MAGIC || u16::from_be_bytes(reader.array()?) != VERSION {
            return None;
        }
        let mut partitions = BTreeMap::new();
        for _ in 0..u32::from_be_bytes(reader.array()?) {
            let topic = TopicId(reader.array()?);
            let index = PartitionIndex(i32::from_be_bytes(reader.array()?));
            let epoch = LeaderEpoch(i32::from_be_bytes(reader.array()?));
            let looked_to = Offset(i64::from_be_bytes(reader.array()?));
            let length = u32::from_be_bytes(reader.array()?) as usize;
            let pending = RoaringTreemap::deserialize_from(reader.take(length)?).ok()?;
            let mut pages = BTreeMap::new();
            for _ in 0..u32::from_be_bytes(reader.array()?) {
                let page = u64::from_be_bytes(reader.array()?);
                pages.insert(page, Timestamp(i64::from_be_bytes(reader.array()?)));
            }
            let snapshot = Snapshot {
                looked_to,
                epoch,
                pending,
                pages,
            };
            let fits = snapshot.pending.max().is_none_or(|name| name < looked_to.0 as u64);
            partitions.insert(PartitionId { topic, index }, Some(snapshot).filter(|_| fits)?);
        }
        reader.0.is_empty().then_some(Self { partitions })
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (front, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*front)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(front)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> HeldCheckpoint {
        let id = PartitionId {
            topic: TopicId([7; 16]),
            index: PartitionIndex(3),
        };
        let snapshot = Snapshot {
            looked_to: Offset(1 << 33),
            epoch: LeaderEpoch(2),
            pending: [5, 6, 7, 1 << 20, 1 << 32].into_iter().collect(),
            pages: BTreeMap::from([(0, Timestamp(17)), (1 << 20, Timestamp(-1))]),
        };
        HeldCheckpoint {
            partitions: BTreeMap::from([(id, snapshot)]),
        }
    }

    /// The bug it is for: a byte that has changed on the disk makes a record that is held forgotten for ever.
    #[test]
    fn comes_back_whole_or_not_at_all() {
        let bytes = checkpoint().encode().unwrap();
        assert_eq!(
            HeldCheckpoint::decode(&bytes).unwrap().partitions,
            checkpoint().partitions
        );
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(HeldCheckpoint::decode(&changed).is_none(), "byte {at}");
            assert!(HeldCheckpoint::decode(&bytes[..at]).is_none(), "length {at}");
        }
    }
}
