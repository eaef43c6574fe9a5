//! Changes to a batch in place: what the leader sets when it appends.
//!
//! Every function takes the bytes of one batch that was parsed before, and asserts that they are
//! at least a header.

use crate::batch::attributes::{Attributes, TimestampType};
use crate::batch::layout::{self, field, set_field};
use crate::{LeaderEpoch, Offset, Producer, Timestamp, crc32c};

/// Sets where the batch lies. Both fields are outside the checksum, so that the bytes of the
/// client stay as they are.
pub fn place(base_offset: Offset, leader_epoch: LeaderEpoch, batch: &mut [u8]) {
    assert_header(batch);
    set_field(batch, layout::BASE_OFFSET, base_offset.0.to_be_bytes());
    set_field(batch, layout::LEADER_EPOCH, leader_epoch.0.to_be_bytes());
}

/// Gives all records the time of their append: timestamp type and max timestamp, with a new CRC.
///
/// An entry that was built for this batch no longer matches it: see
/// [`crate::hidden::set_mate_crc`].
pub fn set_max_timestamp_append_time(append_time: Timestamp, batch: &mut [u8]) {
    assert_header(batch);
    let bits = i16::from_be_bytes(field(batch, layout::ATTRIBUTES));
    let append_time_bit = Attributes {
        timestamp_type: TimestampType::LogAppendTime,
        ..Attributes::default()
    }
    .bits();
    set_field(batch, layout::ATTRIBUTES, (bits | append_time_bit).to_be_bytes());
    set_field(batch, layout::MAX_TIMESTAMP, append_time.0.to_be_bytes());
    renew_crc(batch);
}

/// Gives all records this time and the batch these producer fields, with a new CRC: what a release is. The records of a batch that
/// was held have all one time.
pub fn set_time_and_producer(time: Timestamp, producer: Producer, batch: &mut [u8]) {
    assert_header(batch);
    set_field(batch, layout::BASE_TIMESTAMP, time.0.to_be_bytes());
    set_field(batch, layout::MAX_TIMESTAMP, time.0.to_be_bytes());
    set_producer(producer, batch);
}

/// Sets the producer fields (a client's, or a stamp of the broker's own), with a new CRC.
pub fn set_producer(producer: Producer, batch: &mut [u8]) {
    assert_header(batch);
    set_field(batch, layout::PRODUCER_ID, producer.id.0.to_be_bytes());
    set_field(batch, layout::PRODUCER_EPOCH, producer.epoch.0.to_be_bytes());
    set_field(batch, layout::BASE_SEQUENCE, producer.base_sequence.0.to_be_bytes());
    renew_crc(batch);
}

/// Computes the checksum of the bytes as they are now.
pub(crate) fn renew_crc(batch: &mut [u8]) {
    let crc = crc32c(&batch[layout::ATTRIBUTES..]);
    set_field(batch, layout::CRC, crc.to_be_bytes());
}

fn assert_header(batch: &[u8]) {
    assert!(
        batch.len() >= layout::HEADER_SIZE,
        "only a batch that was parsed is patched"
    );
}
