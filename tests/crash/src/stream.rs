//! What one producer id sends to one partition: batches in order, five at most under way, each sent with its sequence until
//! it is acknowledged or refused for good.

use std::collections::VecDeque;

use bytes::Bytes;
use corvid_record::{BatchBuilder, Compression, Producer, ProducerEpoch, ProducerId, RecordParts, Sequence, Timestamp};
use corvid_wire::kafka::ResponseError;

use crate::history::{self, PartitionName, Sort, StreamHistory, Told};
use crate::later::Asked;
use crate::rng::Rng;

/// How many batches an idempotent producer may have under way at a partition: as many as a broker remembers. They are
/// counted from the first that is not settled, because that one may be in the log, and its answer lost.
const UNDER_WAY_MAX: u64 = 5;

/// A producer at a partition.
pub struct Stream {
    history: StreamHistory,
    rng: Rng,
    /// How many of a hundred records are to be delivered later.
    later_percent: u64,
    /// How many of a hundred good records are cards.
    card_percent: u64,
    codec: Compression,
    identity: Option<(ProducerId, ProducerEpoch)>,
    next_sequence: Sequence,
    /// In order; none is settled.
    batches: VecDeque<Batch>,
    /// How many batches more are sent under this producer id.
    batches_left: u64,
    /// None has been yet.
    fresh: bool,
    /// How many batches there have been.
    made: u64,
    /// The first record of a batch that was refused. Its sequences are a gap, so what was sent behind it is in no log. Once
    /// all before it is settled and nothing is under way, the rest gets a new epoch, as Kafka's clients do it.
    refused: Option<u64>,
    /// What the broker answered that no broker should.
    complaints: Vec<String>,
}

struct Batch {
    /// Batches are numbered from 0 on.
    tag: u64,
    first: u64,
    sorts: Vec<Sort>,
    sequence: Sequence,
    bytes: Bytes,
    under_way: bool,
}

impl Stream {
    /// A stream to this partition, which has no producer id yet.
    pub fn new(id: u32, target: PartitionName, mut rng: Rng) -> Self {
        use Compression::{Gzip, Lz4, None, Snappy, Zstd};
        let codec = rng.pick(&[None, None, None, Gzip, Snappy, Lz4, Zstd]);
        let history = StreamHistory {
            id,
            target,
            records: Vec::new(),
            later: std::collections::BTreeMap::new(),
        };
        Self {
            history,
            rng,
            later_percent: 0,
            card_percent: 0,
            codec,
            identity: Option::None,
            next_sequence: Sequence(0),
            batches: VecDeque::new(),
            batches_left: 0,
            fresh: true,
            made: 0,
            refused: Option::None,
            complaints: Vec::new(),
        }
    }

    /// The same, with so many of a hundred records to be delivered later.
    #[must_use]
    pub fn later(mut self, percent: u64) -> Self {
        self.later_percent = percent;
        self
    }

    /// The same, with so many of a hundred good records being cards.
    #[must_use]
    pub fn cards(mut self, percent: u64) -> Self {
        self.card_percent = percent;
        self
    }

    /// The partition that it names.
    pub fn target(&self) -> &PartitionName {
        &self.history.target
    }

    /// Whether it needs a producer id first: it has none, or wants another one. Then nothing is left to be settled.
    pub fn is_anonymous(&self) -> bool {
        self.batches.is_empty() && self.batches_left == 0
    }

    /// Takes a producer id. A producer that a broker doesn't know may begin with any sequence, so some begin
    /// where sequences are about to go on at 0.
    pub fn identify(&mut self, id: ProducerId, epoch: ProducerEpoch) {
        self.identity = Some((id, epoch));
        let near_the_end = i32::MAX - self.rng.below(40) as i32;
        self.next_sequence = Sequence(if self.rng.chance(25) { near_the_end } else { 0 });
        self.batches_left = self.rng.between(1, 40);
        self.fresh = true;
    }

    /// Whether nothing is left to be settled.
    pub fn is_settled(&self) -> bool {
        self.batches.is_empty()
    }

    /// The batch that is to go out now, if one is: one that was lost, or (if `more`) a new one.
    pub fn next(&mut self, more: bool) -> Option<(u64, Bytes)> {
        self.bump_epoch();
        let waiting = self.batches.iter().position(|batch| !batch.under_way);
        let at = match waiting {
            Some(at) if self.is_behind_refused(at) => return None,
            None if self.refused.is_some() => return None,
            // What was lost goes out in its old order, after the answers to what was sent behind it.
            Some(at) if self.batches.iter().skip(at).any(|batch| batch.under_way) => return None,
            Some(at) => at,
            None if !more || self.batches_left == 0 || self.window() >= UNDER_WAY_MAX => return None,
            None => {
                self.make_batch();
                self.batches.len() - 1
            }
        };
        let batch = &mut self.batches[at];
        batch.under_way = true;
        Some((batch.tag, batch.bytes.clone()))
    }

    /// Takes the answer to a batch.
    pub fn answered(&mut self, tag: u64, answer: Result<i64, ResponseError>) {
        let Some(at) = self.batches.iter().position(|batch| batch.tag == tag) else {
            return self
                .complaints
                .push(format!("batch {tag} is answered twice: {answer:?}"));
        };
        match answer {
            Ok(offset) => self.settle(at, |delta| Told::Acknowledged(Some(offset + delta))),
            // As every client has it: the batch is in the log, too far back for its offset to be remembered.
            Err(ResponseError::DuplicateSequenceNumber) => self.settle(at, |_| Told::Acknowledged(None)),
            Err(ResponseError::InvalidRecord) => {
                let first = self.batches[at].first;
                self.refused = Some(self.refused.map_or(first, |refused| refused.min(first)));
                self.settle(at, |_| Told::Refused);
            }
            // A batch before it is missing. If none is, the broker is wrong.
            Err(ResponseError::OutOfOrderSequenceNumber) if at > 0 || self.is_behind_refused(at) => {
                self.batches[at].under_way = false;
            }
            Err(error) if error.is_retriable() => self.batches[at].under_way = false,
            Err(error) => {
                let records = &self.batches[at];
                let from = history::key(self.history.id, records.first);
                self.complaints.push(format!(
                    "the batch from {from} on ({:?}) is answered {error:?}",
                    records.sequence
                ));
                self.batches[at].under_way = false;
            }
        }
    }

    /// The connection is gone, and with it the answers to what was under way.
    pub fn lost(&mut self) {
        self.batches.iter_mut().for_each(|batch| batch.under_way = false);
    }

    /// What the broker answered that no broker should.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// What became of its records.
    pub fn into_history(self) -> (StreamHistory, Vec<String>) {
        (self.history, self.complaints)
    }

    fn settle(&mut self, at: usize, told: impl Fn(i64) -> Told) {
        let batch = self.batches.remove(at).expect("it was just found");
        for delta in 0..batch.sorts.len() {
            let told = told(delta as i64);
            let number = batch.first + delta as u64;
            self.history.records[number as usize].1 = Some(told);
            // What was refused never comes, and nobody has to wait for it.
            let is_in = told != Told::Refused;
            if let Some(asked) = self.history.later.get_mut(&number).filter(|_| is_in) {
                asked.acknowledged_at = Some(corvid_env::clock::wall_clock().0);
            }
        }
    }

    fn is_behind_refused(&self, at: usize) -> bool {
        self.refused.is_some_and(|refused| self.batches[at].first > refused)
    }

    /// Once all before a refused batch is settled, and the answers to what was sent behind it are in: what is left is in
    /// no log, and gets a new epoch.
    fn bump_epoch(&mut self) {
        let all_behind = self
            .batches
            .front()
            .is_none_or(|batch| self.refused.is_some_and(|refused| batch.first > refused));
        if self.refused.is_none() || !all_behind || self.batches.iter().any(|batch| batch.under_way) {
            return;
        }
        self.refused = None;
        let (id, epoch) = self.identity.expect("nothing was refused without a producer id");
        self.identity = Some((id, ProducerEpoch(epoch.0 + 1)));
        self.next_sequence = Sequence(0);
        let left: Vec<Batch> = self.batches.drain(..).collect();
        for batch in left {
            let sealed = self.seal(batch.tag, batch.first, batch.sorts);
            self.batches.push_back(sealed);
        }
    }

    fn make_batch(&mut self) {
        self.batches_left -= 1;
        let first = self.history.records.len() as u64;
        let count = self.rng.between(1, 8);
        // More of what is refused where the broker doesn't know the producer yet.
        let worst = if self.fresh { 12 } else { 1 };
        self.fresh = false;
        let mut sort = |_| match self.rng.below(100) {
            at if at < worst => Sort::Worst,
            at if at < worst + 8 => Sort::Bad,
            _ if self.card_percent > 0 && self.rng.chance(self.card_percent) => Sort::Card,
            _ => Sort::Good,
        };
        let sorts: Vec<Sort> = (0..count).map(&mut sort).collect();
        self.history.records.extend(sorts.iter().map(|sort| (*sort, None)));
        let now = corvid_env::clock::wall_clock().0;
        for number in first..first + count {
            if self.rng.chance(self.later_percent) {
                self.history.later.insert(number, Asked::draw(&mut self.rng, now));
            }
        }
        let batch = self.seal(self.made, first, sorts);
        self.made += 1;
        self.batches.push_back(batch);
    }

    fn window(&self) -> u64 {
        self.batches.front().map_or(0, |first| self.made - first.tag)
    }

    fn seal(&mut self, tag: u64, first: u64, sorts: Vec<Sort>) -> Batch {
        let (id, epoch) = self.identity.expect("a batch is made under a producer id");
        let sequence = self.next_sequence;
        self.next_sequence = sequence.advanced_by(sorts.len() as i32);
        let producer = Producer {
            id,
            epoch,
            base_sequence: sequence,
        };
        let mut builder = BatchBuilder::new(self.codec).producer(producer);
        for (delta, sort) in (0..).zip(&sorts) {
            let number = first + delta as u64;
            let (key, value) = (
                history::key(self.history.id, number),
                sort.value(self.history.id, number),
            );
            let headers: Vec<_> = self.history.later.get(&number).map(Asked::header).into_iter().collect();
            builder.push(&RecordParts {
                offset_delta: delta,
                timestamp: Timestamp(corvid_env::clock::wall_clock().0),
                key: Some(key.as_bytes()),
                value: Some(&value),
                headers: &headers,
            });
        }
        Batch {
            tag,
            first,
            sorts,
            sequence,
            bytes: builder.finish(None).expect("a few small records are a batch"),
            under_way: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Stream {
        let mut stream = Stream::new(1, ("t".into(), 0), Rng::new(7));
        stream.identify(ProducerId(9), ProducerEpoch(0));
        stream.batches_left = 100;
        stream
    }

    fn send_all(stream: &mut Stream) -> Vec<u64> {
        std::iter::from_fn(|| stream.next(true)).map(|(tag, _)| tag).collect()
    }

    #[test]
    fn five_batches_are_under_way_and_no_more() {
        let mut stream = stream();
        let sent = send_all(&mut stream);
        assert_eq!(sent.len(), 5);
        stream.answered(sent[1], Ok(0));
        assert_eq!(send_all(&mut stream).len(), 0, "the first is still in doubt");
        stream.answered(sent[0], Ok(0));
        assert_eq!(send_all(&mut stream).len(), 2);
    }

    #[test]
    fn what_was_lost_goes_out_again_in_its_order_and_as_it_was() {
        let mut stream = stream();
        let sent: Vec<_> = std::iter::from_fn(|| stream.next(true)).collect();
        stream.answered(sent[1].0, Err(ResponseError::RequestTimedOut));
        assert!(stream.next(true).is_none(), "later ones are still under way");
        stream.lost();
        let again: Vec<_> = std::iter::from_fn(|| stream.next(true)).collect();
        assert_eq!(again, sent);
    }

    #[test]
    fn after_a_refusal_what_is_left_begins_a_new_epoch() {
        let mut stream = stream();
        let sent = send_all(&mut stream);
        stream.answered(sent[0], Err(ResponseError::InvalidRecord));
        for tag in &sent[1..] {
            assert!(stream.next(true).is_none());
            stream.answered(*tag, Err(ResponseError::OutOfOrderSequenceNumber));
        }
        let (tag, bytes) = stream.next(true).expect("it goes on");
        assert_eq!(tag, sent[1]);
        let batch = corvid_record::Batch::parse(&bytes).unwrap();
        assert_eq!(
            (batch.producer_epoch(), batch.base_sequence()),
            (ProducerEpoch(1), Sequence(0))
        );
        assert!(stream.complaints().is_empty());
    }

    /// A bug of this harness, once: a batch whose answer was "time is up" is in the log, and must keep its sequence.
    #[test]
    fn what_is_in_doubt_before_a_refused_batch_keeps_its_sequence() {
        let mut stream = stream();
        let sent: Vec<_> = std::iter::from_fn(|| stream.next(true)).collect();
        stream.answered(sent[0].0, Err(ResponseError::RequestTimedOut));
        stream.answered(sent[1].0, Err(ResponseError::InvalidRecord));
        for (tag, _) in &sent[2..] {
            stream.answered(*tag, Err(ResponseError::OutOfOrderSequenceNumber));
        }
        assert_eq!(stream.next(true), Some(sent[0].clone()));
        assert_eq!(stream.next(true), None);
        stream.answered(sent[0].0, Ok(9));
        let (tag, bytes) = stream.next(true).expect("it goes on");
        assert_eq!(tag, sent[2].0);
        assert_eq!(
            corvid_record::Batch::parse(&bytes).unwrap().producer_epoch(),
            ProducerEpoch(1)
        );
    }
}
