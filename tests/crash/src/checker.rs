//! What must hold when everything is over.

use std::collections::BTreeMap;
use std::fmt;

use crate::cancels::{Cancelled, Cancels};
use crate::history::{self, Found, PartitionName, Sort, StreamHistory, Told};
use crate::member::MemberHistory;
use crate::replacer::PREFIX;

pub mod judged;
mod later;
pub mod redriven;
pub mod replaced;
pub mod retried;
pub mod viewed;

/// Everything that was read back, by partition, in the order of the log.
pub type Logs = BTreeMap<PartitionName, Vec<Found>>;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// An acknowledged record is nowhere.
    Lost(String),
    /// A record is there more than once.
    Doubled(String),
    /// A record is there that was refused.
    Refused(String),
    /// Nobody has sent this.
    Unknown(String),
    /// A record is where it cannot have been sent, or not as it was sent.
    Misplaced(String),
    /// Two records of a producer and a named partition are the wrong way round.
    Order(String),
    /// A record was there before it was due.
    Early(String),
    /// A dead letter was not redriven once.
    Redriven(String),
    /// It was decided more than once of a failure, or what came is not what the log says.
    Decided(String),
    /// A reader with a view has seen what it may not.
    Unmasked(String),
    /// A record was judged by what its table didn't have then.
    Judged(String),
    /// A record that was cancelled is there.
    Cancelled(String),
    /// A record's offset is not the one that was told.
    Offset(String),
    /// Nothing was ever told about a record.
    Unsettled(String),
    /// The group's committed offsets, or what it has read.
    Group(String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, which) = match self {
            Self::Lost(which) => ("acknowledged, and lost", which),
            Self::Doubled(which) => ("there more than once", which),
            Self::Refused(which) => ("refused, and there", which),
            Self::Unknown(which) => ("sent by nobody", which),
            Self::Misplaced(which) => ("not where or as it should be", which),
            Self::Order(which) => ("out of order", which),
            Self::Early(which) => ("before it was due", which),
            Self::Redriven(which) => ("not redriven once", which),
            Self::Decided(which) => ("not decided once, or not as it is written", which),
            Self::Unmasked(which) => ("seen, and not masked", which),
            Self::Judged(which) => ("judged by another limit", which),
            Self::Cancelled(which) => ("cancelled, and there", which),
            Self::Offset(which) => ("not at the offset that was told", which),
            Self::Unsettled(which) => ("never settled", which),
            Self::Group(which) => ("consumer group", which),
        };
        write!(f, "{what}: {which}")
    }
}

/// Where a record was found.
#[derive(Debug, Clone)]
struct Place<'a> {
    partition: &'a PartitionName,
    offset: i64,
    letter_offset: Option<i64>,
    was_held: bool,
}

/// Checks what producers were told against what is there. `dead_letters` names the dead-letter topic of each topic.
pub fn check(
    streams: &[StreamHistory],
    logs: &Logs,
    dead_letters: impl Fn(&str) -> Option<String>,
    member: &MemberHistory,
    cancels: &Cancels,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let by_id: BTreeMap<u32, &StreamHistory> = streams.iter().map(|stream| (stream.id, stream)).collect();
    let places = places(logs, &by_id, &mut violations);
    for stream in streams {
        let letters = dead_letters(&stream.target.0);
        for (number, (sort, told)) in (0..).zip(&stream.records) {
            let record = Record {
                name: history::key(stream.id, number),
                sort: *sort,
                target: &stream.target,
                letters: letters.as_deref(),
                cancelled: cancels.of(&stream.target.0, history::key(stream.id, number).as_bytes(), 0),
            };
            let found = places.get(&(stream.id, number)).map_or(&[][..], Vec::as_slice);
            record.check(*told, found, &mut violations);
        }
    }
    violations.extend(order(&by_id, logs));
    let letters: Vec<String> = streams
        .iter()
        .filter_map(|stream| dead_letters(&stream.target.0))
        .collect();
    violations.extend(later::check(&by_id, logs, &letters));
    violations.extend(gaps(streams, logs));
    violations.extend(member.check(logs));
    violations
}

type Places<'a> = BTreeMap<(u32, u64), Vec<Place<'a>>>;

fn places<'a>(logs: &'a Logs, streams: &BTreeMap<u32, &StreamHistory>, violations: &mut Vec<Violation>) -> Places<'a> {
    let mut places = Places::new();
    for (partition, records) in logs {
        // What is written under the same keys again is another's to check.
        for found in records.iter().filter(|found| !found.key.starts_with(PREFIX.as_bytes())) {
            let known = history::parse_key(&found.key).filter(|(stream, number)| {
                let record = streams
                    .get(stream)
                    .and_then(|stream| stream.records.get(*number as usize));
                record.is_some_and(|(sort, _)| sort.value(*stream, *number) == found.value)
            });
            let Some(known) = known else {
                violations.push(Violation::Unknown(format!("{found:?} in {partition:?}")));
                continue;
            };
            places.entry(known).or_default().push(Place {
                partition,
                offset: found.offset,
                letter_offset: found.letter_offset,
                was_held: found.was_held,
            });
        }
    }
    places
}

struct Record<'a> {
    name: String,
    sort: Sort,
    target: &'a PartitionName,
    letters: Option<&'a str>,
    cancelled: Option<Cancelled>,
}

impl Record<'_> {
    fn check(&self, told: Option<Told>, found: &[Place<'_>], violations: &mut Vec<Violation>) {
        let told_and_found = || format!("{} to {:?}: told {told:?}, found {found:?}", self.name, self.target);
        match (told, found) {
            (None, _) => violations.push(Violation::Unsettled(told_and_found())),
            (Some(Told::Refused), []) => {}
            (Some(Told::Refused), _) => violations.push(Violation::Refused(told_and_found())),
            (Some(Told::Acknowledged(_)), []) if self.cancelled.is_some() => {}
            (Some(Told::Acknowledged(_)), [_, ..]) if self.cancelled == Some(Cancelled::Surely) => {
                violations.push(Violation::Cancelled(told_and_found()));
            }
            (Some(Told::Acknowledged(_)), []) => violations.push(Violation::Lost(told_and_found())),
            (Some(Told::Acknowledged(offset)), [place]) => {
                if !self.may_be_in(place) {
                    violations.push(Violation::Misplaced(told_and_found()));
                } else if !self.has_offset(offset, place) {
                    violations.push(Violation::Offset(told_and_found()));
                }
            }
            (Some(Told::Acknowledged(_)), _) => violations.push(Violation::Doubled(told_and_found())),
        }
    }

    /// In a partition of its topic, or, if a validator may have thought so, a dead letter.
    fn may_be_in(&self, place: &Place<'_>) -> bool {
        let (topic, _) = place.partition;
        let stayed = *topic == self.target.0;
        let died = self.sort == Sort::Bad && self.letters == Some(&**topic);
        (stayed && (self.letters.is_some() || place.partition == self.target)) || died
    }

    /// What stayed is where the producer was told, and a dead letter says that it was there.
    fn has_offset(&self, told: Option<i64>, place: &Place<'_>) -> bool {
        let Some(told) = told else { return true };
        if self.letters == Some(&*place.partition.0) {
            place.letter_offset == Some(told)
        } else if place.was_held {
            // Its own offset is where it was held; it comes back behind that.
            place.partition == self.target && place.offset > told
        } else {
            place.partition != self.target || place.offset == told
        }
    }
}

/// Records of one stream are in each partition in the order in which they were sent, but for those that are to come later.
fn order(streams: &BTreeMap<u32, &StreamHistory>, logs: &Logs) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (partition, records) in logs {
        let mut last: BTreeMap<u32, (u64, i64)> = BTreeMap::new();
        let mut last_offset = -1;
        for found in records {
            if found.offset <= last_offset {
                violations.push(Violation::Order(format!(
                    "{partition:?}: {} follows {last_offset}",
                    found.offset
                )));
            }
            last_offset = found.offset;
            let Some((stream, number)) = history::parse_key(&found.key) else {
                continue;
            };
            if later::asked(streams, found).is_some() {
                continue;
            }
            if let Some((before, at)) = last.insert(stream, (number, found.offset))
                && before > number
            {
                let what = format!(
                    "{partition:?}: {stream}/{before} at {at}, {stream}/{number} at {}",
                    found.offset
                );
                violations.push(Violation::Order(what));
            }
        }
    }
    violations
}

/// The offset that was told for a record that went elsewhere is a gap: nothing else has it.
fn gaps(streams: &[StreamHistory], logs: &Logs) -> Vec<Violation> {
    let mut violations = Vec::new();
    for stream in streams {
        let Some(log) = logs.get(&stream.target) else { continue };
        for (number, (_, told)) in (0..).zip(&stream.records) {
            let Some(Told::Acknowledged(Some(offset))) = told else {
                continue;
            };
            let Ok(at) = log.binary_search_by_key(offset, |found| found.offset) else {
                continue;
            };
            if log[at].key != history::key(stream.id, number).as_bytes() {
                let (name, key) = (
                    history::key(stream.id, number),
                    String::from_utf8_lossy(&log[at].key).into_owned(),
                );
                violations.push(Violation::Offset(format!(
                    "{name} was told {offset} of {:?}: {key}",
                    stream.target
                )));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests;
