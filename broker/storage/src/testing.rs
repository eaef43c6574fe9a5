//! What tests of several modules build.

use bytes::Bytes;
use corvid_record::{BatchBuilder, Compression, Offset, RecordParts, Timestamp};

/// A batch of `count` plain records at `base`.
pub(crate) fn batch_of(base: i64, count: i32) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None).base_offset(Offset(base));
    for number in 0..count {
        let value = format!("value {number} of the batch at {base}");
        builder.push(&RecordParts {
            offset_delta: number,
            timestamp: Timestamp(1_000 + base),
            value: Some(value.as_bytes()),
            ..RecordParts::default()
        });
    }
    builder.finish(None).unwrap()
}
