//! Where the fields of a v2 batch lie. All numbers are big-endian.

/// First offset of the batch, `i64`. Outside the checksum: the leader sets it.
pub const BASE_OFFSET: usize = 0;
/// Bytes that follow this field, `i32`.
pub const LENGTH: usize = 8;
/// The partition leader's epoch, `i32`. Outside the checksum: the leader sets it.
pub const LEADER_EPOCH: usize = 12;
/// The format's version, `i8`.
pub const MAGIC: usize = 16;
/// CRC-32C of everything from [`ATTRIBUTES`] on, `u32`.
pub const CRC: usize = 17;
/// Codec and flags, `i16`.
pub const ATTRIBUTES: usize = 21;
/// Offset of the last record the batch was made with, less the base offset, `i32`.
pub const LAST_OFFSET_DELTA: usize = 23;
/// What the records' timestamp deltas are relative to, `i64`.
pub const BASE_TIMESTAMP: usize = 27;
/// The greatest timestamp of the records, or the append time of all of them, `i64`.
pub const MAX_TIMESTAMP: usize = 35;
/// `i64`.
pub const PRODUCER_ID: usize = 43;
/// `i16`.
pub const PRODUCER_EPOCH: usize = 51;
/// `i32`.
pub const BASE_SEQUENCE: usize = 53;
/// How many records there are, `i32`.
pub const RECORD_COUNT: usize = 57;
/// The records, compressed together if the attributes say so.
pub const RECORDS: usize = 61;

/// What stands before the bytes that [`LENGTH`] counts.
pub const LENGTH_PREFIX: usize = LENGTH + 4;
/// The least size of a batch: a header without records.
pub const HEADER_SIZE: usize = RECORDS;
/// The only format that is read or written.
pub const MAGIC_V2: u8 = 2;

/// The bytes of a record that is as small as can be: length, attributes, two deltas, null key,
/// null value, no headers.
pub const MIN_RECORD_SIZE: usize = 7;

/// Reads the `N` bytes of a field. The caller knows that they are there.
#[inline]
pub fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

/// Writes the bytes of a field. The caller knows that they are there.
#[inline]
pub fn set_field<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&value);
}
