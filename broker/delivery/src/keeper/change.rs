//! Holds that end without a release: those that are held again, and those that are cancelled.

use std::collections::BTreeSet;

use bytes::Bytes;
use corvid_env::{clock, fault};
use corvid_record::hidden::{EntryBuilder, EntryView, Hold, SubBatch};
use corvid_record::{Batch, Offset, Timestamp};
use corvid_storage::AppendKind;

use super::{HeldError, Keeper, entry_in};

/// How much is held again by one entry.
pub(super) const AGAIN_BYTES: usize = 1 << 20;
/// How many holds are ended by one entry.
const ENDED_MAX: usize = 10_000;

impl Keeper {
    /// Holds at the log's end what is held where retention wants to go on.
    pub(super) async fn hold_again(&mut self) -> Result<(), HeldError> {
        if self.pinned {
            return Ok(());
        }
        let below = self.partition.holding().wanted_below();
        while self.holds.names(Offset(0)).next().is_some_and(|oldest| oldest < below) {
            let entry = match self.held_again(below) {
                Ok(entry) => entry,
                Err(error @ HeldError::Damaged { .. }) => {
                    tracing::error!(partition = ?self.partition, %error, "a held record is damaged: retention stops before it");
                    self.counters.damaged();
                    self.pinned = true;
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            // What it takes of a full disk's reserve is little: `AGAIN_BYTES` at a time.
            let appended = self.partition.append(entry, AppendKind::MakesRoom)?;
            fault::hit("hold.after_again");
            // Until this is committed, nothing may be released: of the old and the new hold, one is.
            self.partition.committed(appended.end).await?;
            // And until it is on the disk, nothing of the old hold may be deleted: committed may be in the page cache only.
            self.partition.log().request_flush();
            self.partition.flushed_to(appended.end).await?;
            self.follow()?;
            // The next one may find the disk full, and what is told makes room.
            self.tell();
        }
        Ok(())
    }

    /// The entry that holds the oldest again, and ends them where they are.
    fn held_again(&self, below: Offset) -> Result<Bytes, HeldError> {
        let mut builder = EntryBuilder::armed_alone(Timestamp(clock::wall_clock().0));
        let (mut bytes, mut count, mut deciders) = (0, 0, BTreeSet::new());
        let mut reader = EntryReader::default();
        let names: Vec<_> = self
            .holds
            .names(Offset(0))
            .take_while(|name| *name < below)
            .take(ENDED_MAX)
            .collect();
        for name in names {
            let entry = reader.entry_of(self, name)?;
            let Some((_, held)) = entry.held().find(|(held, _)| *held == name) else {
                return Err(HeldError::Damaged {
                    offset: name,
                    error: "it doesn't hold what it held".to_owned(),
                });
            };
            let (Some(hold), batch) = (held.hold(), held.batch().bytes()) else {
                continue;
            };
            if count > 0 && bytes + batch.len() > AGAIN_BYTES {
                break;
            }
            (bytes, count) = (bytes + batch.len(), count + 1);
            // A test plants a bug here: a hold is forgotten when it is to be carried on.
            builder = builder.cancel(name);
            if fault::hit("hold.carry").is_some() {
                continue;
            }
            for decider in entry.deciders() {
                if deciders.insert((decider.digest, decider.generation)) {
                    builder = builder.decided_by(decider);
                }
            }
            builder = builder.sub_batch(SubBatch {
                target: held.target(),
                hold: Some(Hold {
                    due: hold.due,
                    first_offset: Some(hold.first_offset.unwrap_or(name)),
                    attempts: hold.attempts,
                    decision: hold.decision.to_vec(),
                }),
                origins: Vec::new(),
                offset_headers: Vec::new(),
                batch: Bytes::copy_from_slice(batch),
            });
        }
        self.counters.held_again(count);
        built(builder)
    }

    /// Ends those of these holds that are pending, for good.
    pub(super) async fn cancel(&mut self, names: &[Offset]) -> Result<usize, HeldError> {
        self.follow()?;
        let names: BTreeSet<Offset> = names
            .iter()
            .copied()
            .filter(|name| self.holds.contains(*name))
            .collect();
        let all: Vec<_> = names.iter().copied().collect();
        for some in all.chunks(ENDED_MAX) {
            let mut builder = EntryBuilder::armed_alone(Timestamp(clock::wall_clock().0));
            for name in some {
                builder = builder.cancel(*name);
            }
            // A test plants a bug here: that they end is known in memory only.
            if fault::hit("hold.cancel").is_some() {
                self.forget(some);
                fault::hit("hold.after_cancel");
                continue;
            }
            let appended = self.partition.append(built(builder)?, AppendKind::Internal)?;
            fault::hit("hold.after_cancel");
            self.partition.log().request_flush();
            self.partition.committed(appended.end).await?;
            self.follow()?;
            self.counters.cancelled(some.len());
        }
        // The damaged one may be among them.
        self.pinned = false;
        self.tell();
        Ok(all.len())
    }

    fn forget(&mut self, names: &[Offset]) {
        for name in names {
            self.holds.end(*name);
        }
    }
}

fn built(builder: EntryBuilder) -> Result<Bytes, HeldError> {
    builder.finish().map_err(|error| HeldError::Damaged {
        offset: Offset(0),
        error: error.to_string(),
    })
}

/// Reads an entry once for all of its holds.
#[derive(Default)]
pub(super) struct EntryReader {
    bytes: Bytes,
}

impl EntryReader {
    /// The entry that has the hold of this name.
    pub fn entry_of(&mut self, keeper: &Keeper, name: Offset) -> Result<EntryView<'_>, HeldError> {
        let has_it =
            Batch::parse(&self.bytes).is_ok_and(|batch| batch.base_offset() <= name && name < batch.next_offset());
        if !has_it {
            let log = keeper.partition.log();
            self.bytes = log.read_bytes(name, keeper.holds.looked_to(), 1, true, corvid_storage::Which::All)?;
        }
        entry_in(&self.bytes, name)
    }
}
