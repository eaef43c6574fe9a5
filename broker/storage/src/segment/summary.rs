//! `<base>.hidden`: what is to be known of a segment without reading its log.
//!
//! | field | |
//! |---|---|
//! | `u32` `u16` | magic, format version |
//! | `i64` `i64` `u64` | base offset, offset behind the last batch, bytes of the log |
//! | `i64` | just behind the last visible batch below the base offset |
//! | `i64` ×4 | when it began, newest timestamp, largest visible timestamp, its batch's last offset |
//! | `u32` `u32` `u32` | entries of the index, of the time index, bytes since the last index entry |
//! | `u8` | 1 if the links are known |
//! | `u32`, then each `u32` `i32` `i64` | links at the end: source, epoch, offset |
//! | `u32`, then each `u32` ×4 `u8` | hidden batches, and gaps before them: position, bytes, first and last relative offset, kind |
//! | `u32` | CRC-32C of all before |

use std::collections::BTreeMap;
use std::io;

use corvid_env::clock::WallTime;
use corvid_env::fs::Dir;
use corvid_record::hidden::{LinkPosition, SourceId};
use corvid_record::{LeaderEpoch, Offset, Timestamp, crc32c};

use super::Times;
use crate::bytes_reader::{BytesReader, OutOfBytes};
use crate::hidden_list::{HiddenBatch, HiddenKind, HiddenList};
use crate::names;

/// What is to be known of a segment without reading its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub base: Offset,
    /// Behind its last batch.
    pub end: Offset,
    pub log_bytes: u64,
    /// Just behind the last visible batch below `base`.
    pub visible_before: Offset,
    pub times: Times,
    pub index_entries: u32,
    pub time_index_entries: u32,
    pub bytes_since_index: u32,
    /// The log's links at the segment's end; `None` where only the segment itself was looked at.
    pub links: Option<BTreeMap<SourceId, LinkPosition>>,
    pub hidden: HiddenList,
}

/// A summary that can't be used; the segment is walked instead.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SummaryError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is not one of ours, or damaged")]
    Damaged,
    #[error("it has format version {0}")]
    Version(u16),
    #[error("it is of another state of the segment")]
    Stale,
}

impl From<OutOfBytes> for SummaryError {
    fn from(_: OutOfBytes) -> Self {
        Self::Damaged
    }
}

/// A link and a hidden batch in the file.
const LINK_BYTES: usize = 16;
const HIDDEN_BYTES: usize = 17;
/// Each hidden batch takes more room in the log than here; the rest is for links.
const BYTES_MAX_BESIDE_LOG: u64 = 64 << 20;

/// Reads the summary of a segment whose log has `log_bytes`.
pub(crate) fn read_summary(dir: &Dir, base: Offset, log_bytes: u64) -> Result<Summary, SummaryError> {
    let bytes = dir.read(
        &names::segment_file(base, names::HIDDEN),
        log_bytes + BYTES_MAX_BESIDE_LOG,
    )?;
    let summary = Summary::decode(&bytes)?;
    if summary.base == base && summary.log_bytes == log_bytes {
        Ok(summary)
    } else {
        Err(SummaryError::Stale)
    }
}

impl Summary {
    /// Just behind the segment's last visible batch, or the last one before it.
    pub fn visible_end(&self) -> Offset {
        let at = self.hidden.step_back(self.base, self.end, self.base);
        if at > self.base { at } else { self.visible_before }
    }

    pub fn encode(&self) -> Vec<u8> {
        let none = BTreeMap::new();
        let (links, hidden) = (self.links.as_ref().unwrap_or(&none), self.hidden.batches());
        let mut out = Vec::with_capacity(96 + links.len() * LINK_BYTES + hidden.len() * HIDDEN_BYTES);
        out.extend_from_slice(&names::HIDDEN_MAGIC.to_be_bytes());
        out.extend_from_slice(&names::HIDDEN_VERSION.to_be_bytes());
        let times = &self.times;
        let longs = [
            self.base.0,
            self.end.0,
            self.log_bytes as i64,
            self.visible_before.0,
            times.began_at.0,
            times.newest.0,
            times.largest_visible.0,
            times.largest_visible_at.0,
        ];
        for long in longs {
            out.extend_from_slice(&long.to_be_bytes());
        }
        for word in [self.index_entries, self.time_index_entries, self.bytes_since_index] {
            out.extend_from_slice(&word.to_be_bytes());
        }
        out.push(u8::from(self.links.is_some()));
        out.extend_from_slice(&(links.len() as u32).to_be_bytes());
        for (source, position) in links {
            out.extend_from_slice(&source.get().to_be_bytes());
            out.extend_from_slice(&position.epoch.0.to_be_bytes());
            out.extend_from_slice(&position.offset.0.to_be_bytes());
        }
        out.extend_from_slice(&(hidden.len() as u32).to_be_bytes());
        for batch in hidden {
            for word in [batch.position, batch.bytes, batch.first, batch.last] {
                out.extend_from_slice(&word.to_be_bytes());
            }
            out.push(batch.kind.code());
        }
        let crc = crc32c(&out);
        out.extend_from_slice(&crc.to_be_bytes());
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, SummaryError> {
        let (body, crc) = bytes.split_last_chunk::<4>().ok_or(SummaryError::Damaged)?;
        let mut reader = BytesReader::new(body);
        if reader.u32()? != names::HIDDEN_MAGIC {
            return Err(SummaryError::Damaged);
        }
        let version = reader.u16()?;
        if crc32c(body) != u32::from_be_bytes(*crc) {
            return Err(SummaryError::Damaged);
        }
        if version != names::HIDDEN_VERSION {
            return Err(SummaryError::Version(version));
        }
        let summary = Self::decode_body(&mut reader)?;
        if reader.rest().is_empty() {
            Ok(summary)
        } else {
            Err(SummaryError::Damaged)
        }
    }

    fn decode_body(reader: &mut BytesReader<'_>) -> Result<Self, SummaryError> {
        Ok(Self {
            base: Offset(reader.i64()?),
            end: Offset(reader.i64()?),
            log_bytes: reader.u64()?,
            visible_before: Offset(reader.i64()?),
            times: Times {
                began_at: WallTime(reader.i64()?),
                newest: Timestamp(reader.i64()?),
                largest_visible: Timestamp(reader.i64()?),
                largest_visible_at: Offset(reader.i64()?),
            },
            index_entries: reader.u32()?,
            time_index_entries: reader.u32()?,
            bytes_since_index: reader.u32()?,
            links: {
                let known = reader.u8()? == 1;
                Some(decode_links(reader)?).filter(|_| known)
            },
            hidden: decode_hidden(reader)?,
        })
    }
}

fn decode_links(reader: &mut BytesReader<'_>) -> Result<BTreeMap<SourceId, LinkPosition>, SummaryError> {
    let mut links = BTreeMap::new();
    for _ in 0..reader.u32()? {
        let source = SourceId::new(reader.u32()?).ok_or(SummaryError::Damaged)?;
        let position = LinkPosition {
            epoch: LeaderEpoch(reader.i32()?),
            offset: Offset(reader.i64()?),
        };
        links.insert(source, position);
    }
    Ok(links)
}

fn decode_hidden(reader: &mut BytesReader<'_>) -> Result<HiddenList, SummaryError> {
    let count = reader.u32()? as usize;
    let mut batches = Vec::with_capacity(count.min(reader.rest().len() / HIDDEN_BYTES));
    for _ in 0..count {
        batches.push(HiddenBatch {
            position: reader.u32()?,
            bytes: reader.u32()?,
            first: reader.u32()?,
            last: reader.u32()?,
            kind: HiddenKind::from_code(reader.u8()?).ok_or(SummaryError::Damaged)?,
        });
    }
    Ok(HiddenList::new(batches))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        let times = Times {
            began_at: WallTime(5),
            newest: Timestamp(9),
            largest_visible: Timestamp(8),
            largest_visible_at: Offset(102),
        };
        let position = LinkPosition {
            epoch: LeaderEpoch(3),
            offset: Offset(77),
        };
        let batch = |number, kind| HiddenBatch {
            position: number * 100,
            bytes: 100,
            first: number,
            last: number,
            kind,
        };
        Summary {
            base: Offset(100),
            end: Offset(110),
            log_bytes: 1000,
            visible_before: Offset(97),
            times,
            index_entries: 3,
            time_index_entries: 2,
            bytes_since_index: 40,
            links: Some([(SourceId::new(4).unwrap(), position)].into()),
            hidden: HiddenList::new(vec![batch(0, HiddenKind::Checkpoint), batch(7, HiddenKind::Entry)]),
        }
    }

    #[test]
    fn comes_back_whole_or_not_at_all() {
        let bytes = summary().encode();
        assert_eq!(Summary::decode(&bytes).unwrap(), summary());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            assert!(Summary::decode(&changed).is_err(), "byte {at}");
            assert!(Summary::decode(&bytes[..at]).is_err(), "length {at}");
        }
    }
}
