//! What the tests of this crate share: arbitrary records and batches, and damage to bytes.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{
    Batch, BatchBuilder, Compression, Header, LeaderEpoch, Offset, Producer, ProducerEpoch, ProducerId, Record,
    RecordParts, Records, Sequence, Timestamp,
};

/// A record that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedRecord {
    pub gap: i32,
    pub timestamp: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl OwnedRecord {
    pub fn headers(&self) -> Vec<Header<'_>> {
        self.headers
            .iter()
            .map(|(key, value)| (key.as_slice(), value.as_deref()))
            .collect()
    }

    pub fn push_to(&self, builder: &mut BatchBuilder, offset_delta: i32) {
        builder.push(&RecordParts {
            offset_delta,
            timestamp: Timestamp(self.timestamp),
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &self.headers(),
        });
    }

    pub fn same_content(&self, record: &Record<'_>) -> bool {
        self.key.as_deref() == record.key
            && self.value.as_deref() == record.value
            && self.headers() == record.headers.iter().collect::<Vec<_>>()
    }
}

/// The offset deltas of these records: ascending, with the gaps they ask for.
pub fn offset_deltas(records: &[OwnedRecord]) -> Vec<i32> {
    records
        .iter()
        .scan(-1, |last, record| {
            *last += 1 + record.gap;
            Some(*last)
        })
        .collect()
}

/// A batch of these records, at offset 1,000 in epoch 7.
pub fn build(compression: Compression, records: &[OwnedRecord]) -> Bytes {
    let producer = Producer {
        id: ProducerId(4),
        epoch: ProducerEpoch(2),
        base_sequence: Sequence(i32::MAX - 1),
    };
    let mut builder = BatchBuilder::new(compression)
        .base_offset(Offset(1_000))
        .leader_epoch(LeaderEpoch(7))
        .producer(producer);
    for (record, delta) in records.iter().zip(offset_deltas(records)) {
        record.push_to(&mut builder, delta);
    }
    builder.finish(None).expect("the records are in order and small")
}

/// Plain records: `count` of them, with small values, a key each and no gaps.
pub fn plain(count: usize) -> Vec<OwnedRecord> {
    let record = |index: usize| OwnedRecord {
        gap: 0,
        timestamp: 1_700_000_000_000 + index as i64,
        key: Some(format!("key-{index}").into_bytes()),
        value: Some(format!("value-{index}").into_bytes()),
        headers: vec![],
    };
    (0..count).map(record).collect()
}

/// Looks at everything that there is in some bytes, as a hostile client would like us to.
pub fn look_at_everything(bytes: &[u8]) {
    for batch in crate::batches(bytes).map_while(Result::ok) {
        let _ = batch.verify_crc();
        let _ = (batch.last_sequence(), batch.next_offset(), batch.check_from_client());
        let _ = format!("{batch:?}");
        let Ok(section) = batch.records_section(1 << 16) else {
            continue;
        };
        assert!(batch.compression() == Compression::None || section.len() <= 1 << 16);
        let mut records = Records::new(&section, batch.record_count());
        for record in records.by_ref().map_while(Result::ok) {
            assert_eq!(record.headers.iter().count(), record.headers.len());
            let _ = batch.timestamp_of(record.timestamp_delta);
        }
        let _ = records.finish();
    }
}

pub fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => vec(any::<u8>(), 0..40), 1 => vec(Just(b'x'), 0..400)]
}

pub fn any_record() -> impl Strategy<Value = OwnedRecord> {
    // Few header keys, so that there are duplicates.
    let header = (vec(b'a'..b'c', 0..3), proptest::option::of(any_bytes()));
    (
        0..3_i32,
        any::<i64>(),
        proptest::option::of(any_bytes()),
        proptest::option::of(any_bytes()),
        vec(header, 0..5),
    )
        .prop_map(|(gap, timestamp, key, value, headers)| OwnedRecord {
            gap,
            timestamp,
            key,
            value,
            headers,
        })
}

pub fn any_codec() -> impl Strategy<Value = Compression> {
    proptest::sample::select(&Compression::ALL[..])
}

pub fn any_batch() -> impl Strategy<Value = Bytes> {
    (any_codec(), vec(any_record(), 0..12)).prop_map(|(codec, records)| build(codec, &records))
}

/// Bytes to set: a place (taken modulo the length), and a value.
pub type Damage = Vec<(prop::sample::Index, u8)>;

pub fn any_damage() -> impl Strategy<Value = Damage> {
    let byte = prop_oneof![any::<u8>(), Just(0), Just(0x7f), Just(0x80), Just(0xff)];
    vec((any::<prop::sample::Index>(), byte), 1..5)
}

/// Sets the bytes; then cuts the end off, if the last place says so.
pub fn damage(bytes: &[u8], damage: &Damage) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (index, value) in damage {
        let at = index.index(bytes.len());
        bytes[at] = *value;
    }
    if let Some((index, 0)) = damage.last() {
        bytes.truncate(index.index(bytes.len()));
    }
    bytes
}

/// The batch's records, owned.
pub fn records_of(batch: &Batch<'_>) -> Vec<Vec<u8>> {
    let section = batch.records_section(1 << 20).expect("a sound section");
    let mut records = Records::new(&section, batch.record_count());
    let raw = records
        .by_ref()
        .map(|record| record.expect("a sound record").raw.to_vec())
        .collect();
    records.finish().expect("nothing left over");
    raw
}
