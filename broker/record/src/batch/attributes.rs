//! The attributes of a batch: its codec and flags.

use crate::Compression;

const CODEC_MASK: i16 = 0b111;
const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;
const DELETE_HORIZON: i16 = 1 << 6;

/// What the timestamps of a batch mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TimestampType {
    /// Each record's is its producer's.
    #[default]
    CreateTime,
    /// All records have the batch's max timestamp: the time of the append.
    LogAppendTime,
}

/// The attributes of a batch, apart from unused bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Attributes {
    /// How the records section is compressed.
    pub compression: Compression,
    /// What the timestamps mean.
    pub timestamp_type: TimestampType,
    /// The batch belongs to a transaction.
    pub transactional: bool,
    /// The batch holds control records: a transaction's marker, or one of [`crate::hidden`].
    pub control: bool,
    /// The base timestamp is the time until which tombstones are kept (KIP-534).
    pub delete_horizon: bool,
}

impl Attributes {
    /// Reads the field; `None` if its codec is none that exists.
    pub(crate) fn from_bits(bits: i16) -> Option<Self> {
        let compression = Compression::from_id((bits & CODEC_MASK) as u8)?;
        let timestamp_type = if bits & LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        };
        Some(Self {
            compression,
            timestamp_type,
            transactional: bits & TRANSACTIONAL != 0,
            control: bits & CONTROL != 0,
            delete_horizon: bits & DELETE_HORIZON != 0,
        })
    }

    /// The field as it is stored.
    pub(crate) fn bits(self) -> i16 {
        let flag = |on: bool, bit: i16| if on { bit } else { 0 };
        i16::from(self.compression.id())
            | flag(self.timestamp_type == TimestampType::LogAppendTime, LOG_APPEND_TIME)
            | flag(self.transactional, TRANSACTIONAL)
            | flag(self.control, CONTROL)
            | flag(self.delete_horizon, DELETE_HORIZON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_has_its_bit() {
        for bits in 0..0x80 {
            match Attributes::from_bits(bits) {
                Some(attributes) => assert_eq!(attributes.bits(), bits),
                None => assert!(bits & CODEC_MASK > 4),
            }
        }
    }
}
