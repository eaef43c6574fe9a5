//! Batches as clients send them.

use bytes::Bytes;
use corvid_record::{
    BatchBuilder, Compression, Header, Producer, ProducerEpoch, ProducerId, RecordParts, Sequence, Timestamp,
};

/// The time of the first record of every batch; the others follow, a millisecond each. A moment before now, since
/// topics refuse what is too far from the clock.
pub fn base_time() -> i64 {
    corvid_env::clock::wall_clock().0 - 10_000
}

/// A record to be sent.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// Its key, or null.
    pub key: Option<&'static str>,
    /// Its value, or null.
    pub value: Option<&'static str>,
    /// Its headers, in order.
    pub headers: Vec<(&'static str, Option<&'static str>)>,
}

/// A record with key and value.
pub fn record(key: &'static str, value: &'static str) -> Sent {
    Sent {
        key: Some(key),
        value: Some(value),
        headers: Vec::new(),
    }
}

/// A batch of a producer that is not idempotent.
pub fn plain(records: &[Sent]) -> Bytes {
    build(Compression::None, Producer::NONE, records)
}

/// A batch of an idempotent producer, with the sequence of its first record.
pub fn sequenced(producer: (ProducerId, ProducerEpoch), sequence: i32, records: &[Sent]) -> Bytes {
    let (id, epoch) = producer;
    let base_sequence = Sequence(sequence);
    build(
        Compression::None,
        Producer {
            id,
            epoch,
            base_sequence,
        },
        records,
    )
}

/// A batch that is compressed.
pub fn compressed(codec: Compression, records: &[Sent]) -> Bytes {
    build(codec, Producer::NONE, records)
}

fn build(codec: Compression, producer: Producer, records: &[Sent]) -> Bytes {
    let time = base_time();
    let mut builder = BatchBuilder::new(codec).producer(producer);
    for (delta, record) in (0..).zip(records) {
        let headers: Vec<Header<'_>> = record
            .headers
            .iter()
            .map(|(key, value)| (key.as_bytes(), value.map(str::as_bytes)))
            .collect();
        builder.push(&RecordParts {
            offset_delta: delta,
            timestamp: Timestamp(time + i64::from(delta)),
            key: record.key.map(str::as_bytes),
            value: record.value.map(str::as_bytes),
            headers: &headers,
        });
    }
    builder.finish(None).expect("a few small records make a batch")
}

/// A batch whose checksum is right, and whose records are nonsense.
pub fn nonsense() -> Bytes {
    let mut bytes = plain(&[record("k", "v")]).to_vec();
    bytes[61..].fill(0x7f);
    let crc = corvid_record::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    bytes.into()
}
