//! Releasing what is due.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use corvid_env::clock::{self, Instant, WallTime};
use corvid_env::fault;
use corvid_env::fs::FileRange;
use corvid_record::hidden::LinkStamp;
use corvid_record::{Batch, Offset, Producer, Timestamp, patch};
use corvid_storage::{Log, ReadError, Which};

use super::{HeldError, Keeper, LOOK_AT_CLOCK, Rest};
use crate::holds::{HeldAt, Next};

/// How many runs are released before others of this thread have their turn.
const TURN: usize = 4;
/// How many holds a run has at most: whoever waits for records is woken once for a run.
const RUN: usize = 64;
/// With so many bytes a run is long enough.
const RUN_BYTES: usize = 1 << 20;
/// With so many releases that a sync has not covered, one is asked for.
const UNSETTLED_MANY: usize = 1 << 12;

/// How many records may be released: a bucket that fills at the topic's rate.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    records: f64,
    at: Option<Instant>,
}

impl Allowance {
    /// A tenth of a second's records are there at once, and one at least.
    fn refresh(&mut self, rate: u32, now: Instant) {
        let rate = f64::from(rate);
        let most = (rate / 10.0).max(1.0);
        self.records = match self.at {
            Some(at) => (self.records + (now - at).as_secs_f64() * rate).min(most),
            None => most,
        };
        self.at = Some(now);
    }

    /// When the next record may go.
    fn next_at(&self, rate: u32, now: Instant) -> Instant {
        now + Duration::from_secs_f64(((1.0 - self.records) / f64::from(rate)).clamp(0.001, 1.0))
    }
}

/// Of a topic that allows no delay any more, what is held comes back all the same.
const RATE_OF_LEFTOVERS: u32 = 50_000;

impl Keeper {
    /// Releases what is due, as much as a turn and the topic's rate allow.
    pub(super) fn release_due(&mut self) -> Result<Rest, HeldError> {
        let rest = self.release_turn()?;
        match rest {
            Rest::Changed => self.places.forget(),
            Rest::Until(at) if at > clock::now() + PLACES_KEPT => self.places.forget(),
            Rest::Until(_) | Rest::Not => {}
        }
        Ok(rest)
    }

    fn release_turn(&mut self) -> Result<Rest, HeldError> {
        let rate = self.partition.holding().rate().unwrap_or(RATE_OF_LEFTOVERS);
        let (wall, now) = (self.partition.holding().believed(), clock::now());
        self.allowance.refresh(rate, now);
        for _ in 0..TURN {
            let held = match self.holds.next() {
                Next::Held(held) => held,
                Next::Unknown => return Ok(Rest::Not),
                Next::Nothing => return Ok(Rest::Changed),
            };
            if held.due.0 > wall.0 {
                return Ok(Rest::Until(now + until(held.due, wall)));
            }
            if self.allowance.records < 1.0 {
                return Ok(Rest::Until(self.allowance.next_at(rate, now)));
            }
            self.release_run(wall)?;
        }
        if self.holds.unsettled() > UNSETTLED_MANY {
            self.partition.log().request_flush();
        }
        Ok(Rest::Not)
    }

    /// Releases those that are due next, and wakes their readers once. What fails behind them has its own turn.
    fn release_run(&mut self, now: WallTime) -> Result<(), HeldError> {
        let due = self.holds.first_few(RUN).take_while(|held| held.due.0 <= now.0);
        let due: Vec<HeldAt> = due.collect();
        let (mut run, mut batches) = (Vec::new(), Vec::new());
        let (mut bytes, mut allowed) = (0, self.allowance.records);
        for held in due {
            if bytes >= RUN_BYTES || allowed < 1.0 {
                break;
            }
            match self.released_batch(&held, now) {
                Ok((records, batch)) => {
                    (bytes, allowed) = (bytes + batch.len(), allowed - f64::from(records));
                    run.push((held, records));
                    batches.push(batch);
                }
                Err(error @ HeldError::Damaged { .. }) => {
                    self.note_damaged(&error, held.entry());
                    self.holds.set_aside(&held);
                }
                Err(error) if run.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        if run.is_empty() {
            return Ok(());
        }
        let ends = self.partition.append_run(batches)?;
        for ((held, records), end) in run.into_iter().zip(ends) {
            fault::hit("release.after_append");
            self.holds.release(&held, end);
            self.allowance.records -= f64::from(records);
            self.counters.released(records);
        }
        Ok(())
    }

    /// The records with the time of their release, and the stamp that ends the hold.
    fn released_batch(&mut self, held: &HeldAt, now: WallTime) -> Result<(u32, Bytes), HeldError> {
        let log = self.partition.log();
        let damaged = |error: String| HeldError::Damaged {
            offset: held.entry(),
            error,
        };
        let range = self.places.range(log, held.entry(), self.holds.looked_to())?;
        let range = range.filter(|range| u64::from(held.begin) + u64::from(held.len) <= range.len);
        let range = range.ok_or_else(|| damaged("it is shorter than it was".to_owned()))?;
        let mut bytes = vec![0; held.len as usize];
        range
            .file
            .read_exact_at(range.offset + u64::from(held.begin), &mut bytes)
            .map_err(|error| ReadError::Io {
                file: log.name().to_owned(),
                error,
            })?;
        let batch = Batch::parse(&bytes).map_err(|error| damaged(error.to_string()))?;
        batch.verify_crc().map_err(|error| damaged(error.to_string()))?;
        let records = batch.record_count();
        let stamp = LinkStamp {
            source: self.id,
            epoch: log.epoch_below(held.name.next()),
            position: held.name,
        };
        let stamp = stamp.pack().map_err(|error| damaged(error.to_string()))?;
        // A test plants a bug here: that it was released is known in memory only.
        let stamp = if fault::hit("release.stamp").is_some() {
            Producer::NONE
        } else {
            stamp
        };
        patch::set_time_and_producer(Timestamp(now.0), stamp, &mut bytes);
        fault::check("release.before_append").map_err(|error| ReadError::Io {
            file: log.name().to_owned(),
            error,
        })?;
        Ok((records, bytes.into()))
    }
}

/// Where the entries lie that were read last: what is due at one time is often scattered over the same few.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<Offset, FileRange>);

/// So many places are known at most.
const PLACES_MAX: usize = 1 << 10;
/// They are forgotten when nothing is due for so long: they keep files open.
const PLACES_KEPT: Duration = Duration::from_secs(1);

impl Places {
    fn range(&mut self, log: &Log, entry: Offset, limit: Offset) -> Result<Option<&FileRange>, ReadError> {
        if !self.0.contains_key(&entry) {
            if self.0.len() == PLACES_MAX {
                self.0.clear();
            }
            let found = log.read(entry, limit, 1, true, Which::All)?;
            self.0
                .extend(found.ranges.into_iter().next().map(|range| (entry, range)));
        }
        Ok(self.0.get(&entry))
    }

    fn forget(&mut self) {
        self.0.clear();
    }
}

fn until(due: Timestamp, wall: WallTime) -> Duration {
    Duration::from_millis(due.0.abs_diff(wall.0)).min(LOOK_AT_CLOCK)
}
