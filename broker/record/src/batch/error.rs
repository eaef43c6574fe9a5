//! Why bytes are not a batch.

use crate::compression::DecompressError;

/// Why bytes are not a sound v2 batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The bytes end before the batch does. At the end of a file: a torn write.
    #[error("the bytes end within the batch: {needed} bytes are needed, {have} are there")]
    Truncated {
        /// How many bytes are needed, as far as is known.
        needed: usize,
        /// How many there are.
        have: usize,
    },
    /// The length field is less than a header needs.
    #[error("the batch's length field says {length}, which is less than a header")]
    BadLength {
        /// The field.
        length: i32,
    },
    /// A format other than v2: an older message set, or no batch at all.
    #[error("the batch has magic {found}; only 2 is supported")]
    Magic {
        /// The field.
        found: u8,
    },
    /// The attributes name a codec that does not exist.
    #[error("the batch is compressed with unknown codec {id}")]
    UnknownCodec {
        /// The codec's number.
        id: u8,
    },
    /// The offset range is backwards, negative, or beyond the last offset.
    #[error("the batch's offsets are impossible: base {base_offset}, last offset delta {last_offset_delta}")]
    BadOffsets {
        /// The base offset.
        base_offset: i64,
        /// The last offset delta.
        last_offset_delta: i32,
    },
    /// The record count is negative, or more than the bytes can hold.
    #[error("the batch claims {count} records in {bytes} bytes")]
    BadCount {
        /// The field.
        count: i32,
        /// The (uncompressed) bytes of the records section.
        bytes: usize,
    },
    /// The checksum does not match: the bytes were changed after the batch was made.
    #[error("the batch's CRC is {stored:#010x}, its bytes' is {computed:#010x}")]
    Crc {
        /// The field.
        stored: u32,
        /// The CRC-32C of the bytes.
        computed: u32,
    },
    /// The records section could not be decompressed.
    #[error(transparent)]
    Decompress(#[from] DecompressError),
}
