//! `.snapshot` files: Kafka's format, and behind it, under the same checksum, what Kafka's leaves out.
//!
//! Kafka keeps the last batch of each producer only, so after a restart it can't answer the second last. Our tail has the
//! others. Kafka's own reader stops before it.

use corvid_env::clock::WallTime;
use corvid_record::{Offset, ProducerEpoch, ProducerId, Sequence, Timestamp, crc32c};

use super::entry::BATCHES_MAX;
use super::{BatchMark, PRODUCERS_MAX, ProducerEntry, ProducerState};
use crate::bytes_reader::{BytesReader, OutOfBytes};
use crate::names;

/// A snapshot that can't be used: another one, or the log itself, is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error("it has version {0}")]
    Version(i32),
    #[error("its checksum does not match")]
    Checksum,
    #[error("it ends early")]
    EndsEarly,
    #[error("it has {0} producers")]
    TooMany(i64),
}

impl From<OutOfBytes> for SnapshotError {
    fn from(_: OutOfBytes) -> Self {
        Self::EndsEarly
    }
}

/// Version and checksum.
const PREFIX: usize = 6;

/// The most that a snapshot may have: that many producers with all their batches.
pub(crate) const SNAPSHOT_BYTES_MAX: u64 = (PRODUCERS_MAX as u64) * 200 + 64;

impl ProducerState {
    /// The snapshot's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.producers.len() * 64 + 32);
        out.extend_from_slice(&names::SNAPSHOT_VERSION.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&(self.producers.len() as i32).to_be_bytes());
        for (id, entry) in &self.producers {
            encode_kafkas(*id, entry, &mut out);
        }
        out.extend_from_slice(&names::SNAPSHOT_TAIL_MAGIC.to_be_bytes());
        out.extend_from_slice(&names::SNAPSHOT_TAIL_VERSION.to_be_bytes());
        for entry in self.producers.values() {
            encode_ours(entry, &mut out);
        }
        let crc = crc32c(&out[PREFIX..]);
        out[2..PREFIX].copy_from_slice(&crc.to_be_bytes());
        out
    }

    /// Reads a snapshot: ours, or one that Kafka wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut reader = BytesReader::new(bytes);
        let version = reader.i16()?;
        if version != names::SNAPSHOT_VERSION {
            return Err(SnapshotError::Version(version.into()));
        }
        if reader.u32()? != crc32c(reader.rest()) {
            return Err(SnapshotError::Checksum);
        }
        let count = reader.i32()?;
        let fits = usize::try_from(count)
            .is_ok_and(|count| count <= PRODUCERS_MAX && count * KAFKAS_BYTES <= reader.rest().len());
        if !fits {
            return Err(SnapshotError::TooMany(count.into()));
        }
        let mut producers = Vec::with_capacity(count as usize);
        for _ in 0..count {
            producers.push(decode_kafkas(&mut reader)?);
        }
        if !reader.rest().is_empty() {
            decode_tail(&mut reader, &mut producers)?;
        }
        Ok(Self {
            producers: producers.into_iter().collect(),
        })
    }
}

/// Of one producer in Kafka's part.
const KAFKAS_BYTES: usize = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;

fn encode_kafkas(id: ProducerId, entry: &ProducerEntry, out: &mut Vec<u8>) {
    let none = BatchMark {
        last_sequence: Sequence::NONE,
        last_offset: Offset(-1),
        offset_delta: 0,
        timestamp: Timestamp::NONE,
    };
    let last = entry.last().unwrap_or(&none);
    out.extend_from_slice(&id.0.to_be_bytes());
    out.extend_from_slice(&entry.epoch.0.to_be_bytes());
    out.extend_from_slice(&last.last_sequence.0.to_be_bytes());
    out.extend_from_slice(&last.last_offset.0.to_be_bytes());
    out.extend_from_slice(&last.offset_delta.to_be_bytes());
    out.extend_from_slice(&last.timestamp.0.to_be_bytes());
    out.extend_from_slice(&entry.coordinator_epoch.to_be_bytes());
    out.extend_from_slice(&entry.transaction_start.to_be_bytes());
}

fn decode_kafkas(reader: &mut BytesReader<'_>) -> Result<(ProducerId, ProducerEntry), SnapshotError> {
    let id = ProducerId(reader.i64()?);
    let mut entry = ProducerEntry::new(ProducerEpoch(reader.i16()?));
    let mark = decode_mark(reader)?;
    entry.coordinator_epoch = reader.i32()?;
    entry.transaction_start = reader.i64()?;
    // Without our tail there is no better time than the batch's.
    entry.seen_at = WallTime(mark.timestamp.0);
    if mark.last_sequence != Sequence::NONE {
        entry.push(mark);
    }
    Ok((id, entry))
}

fn encode_ours(entry: &ProducerEntry, out: &mut Vec<u8>) {
    out.extend_from_slice(&entry.seen_at.0.to_be_bytes());
    out.push(entry.marks().len() as u8);
    for mark in entry.marks() {
        out.extend_from_slice(&mark.last_sequence.0.to_be_bytes());
        out.extend_from_slice(&mark.last_offset.0.to_be_bytes());
        out.extend_from_slice(&mark.offset_delta.to_be_bytes());
        out.extend_from_slice(&mark.timestamp.0.to_be_bytes());
    }
}

fn decode_tail(
    reader: &mut BytesReader<'_>,
    producers: &mut [(ProducerId, ProducerEntry)],
) -> Result<(), SnapshotError> {
    if reader.u32()? != names::SNAPSHOT_TAIL_MAGIC {
        return Ok(());
    }
    let version = reader.u16()?;
    if version != names::SNAPSHOT_TAIL_VERSION {
        return Err(SnapshotError::Version(version.into()));
    }
    for (_, entry) in producers {
        let seen_at = WallTime(reader.i64()?);
        let count = reader.u8()?;
        let mut whole = ProducerEntry {
            seen_at,
            ..ProducerEntry::new(entry.epoch)
        };
        (whole.coordinator_epoch, whole.transaction_start) = (entry.coordinator_epoch, entry.transaction_start);
        if usize::from(count) > BATCHES_MAX {
            return Err(SnapshotError::TooMany(count.into()));
        }
        for _ in 0..count {
            whole.push(decode_mark(reader)?);
        }
        *entry = whole;
    }
    Ok(())
}

fn decode_mark(reader: &mut BytesReader<'_>) -> Result<BatchMark, OutOfBytes> {
    Ok(BatchMark {
        last_sequence: Sequence(reader.i32()?),
        last_offset: Offset(reader.i64()?),
        offset_delta: reader.i32()?,
        timestamp: Timestamp(reader.i64()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing::produced;

    fn state() -> ProducerState {
        let mut state = ProducerState::default();
        for number in 0..7 {
            state.note(
                &produced(1, 2, number * 10, 10).at(Offset(i64::from(number) * 10)),
                WallTime(1000),
            );
        }
        state.note(&produced(9, 0, 0, 3).at(Offset(70)), WallTime(2000));
        state
    }

    /// The bug: Kafka's format has one batch a producer, so the other four in flight are refused after a restart.
    #[test]
    fn all_five_batches_come_back() {
        let state = state();
        assert_eq!(ProducerState::decode(&state.encode()).unwrap(), state);
        assert_eq!(state.get(ProducerId(1)).unwrap().marks().len(), 5);
    }

    #[test]
    fn kafkas_own_snapshots_are_read() {
        let state = state();
        let mut bytes = state.encode();
        bytes.truncate(PREFIX + 4 + 2 * KAFKAS_BYTES);
        let crc = crc32c(&bytes[PREFIX..]);
        bytes[2..PREFIX].copy_from_slice(&crc.to_be_bytes());
        let read = ProducerState::decode(&bytes).unwrap();
        assert_eq!(
            read.get(ProducerId(1)).unwrap().last(),
            state.get(ProducerId(1)).unwrap().last()
        );
        assert_eq!(read.get(ProducerId(1)).unwrap().marks().len(), 1);
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let bytes = state().encode();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(ProducerState::decode(&changed).is_err(), "byte {at}");
        }
        for length in 0..bytes.len() {
            assert!(ProducerState::decode(&bytes[..length]).is_err(), "length {length}");
        }
    }
}
