//! The value of a hidden batch, in a frame that is sound: a first byte of 0 or 1 makes it an entry's or a
//! checkpoint's, the second says how many offsets it takes. Any other first byte: a whole batch.
#![no_main]

use corvid_fuzz::hidden::hidden_formats_hold;
use corvid_record::hidden::{LINK_CHECKPOINT, OUTBOX_ENTRY};
use corvid_record::{BatchBuilder, Compression, RecordParts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| match data {
    [0, offsets, value @ ..] => hidden_formats_hold(&framed(OUTBOX_ENTRY, *offsets, value)),
    [1, offsets, value @ ..] => hidden_formats_hold(&framed(LINK_CHECKPOINT, *offsets, value)),
    [_, batch @ ..] => hidden_formats_hold(batch),
    [] => {}
});

fn framed(control_type: i16, offsets: u8, value: &[u8]) -> bytes::Bytes {
    let [high, low] = control_type.to_be_bytes();
    let key = [0, 0, high, low];
    let mut builder = BatchBuilder::new(Compression::None).control(true);
    builder.push(&RecordParts {
        key: Some(&key),
        value: Some(value),
        ..RecordParts::default()
    });
    builder.finish(Some(i32::from(offsets))).expect("one small record")
}
