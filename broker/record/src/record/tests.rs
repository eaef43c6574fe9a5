use proptest::prelude::*;

use super::*;
use crate::Header;
use crate::testing::{any_codec, any_record, build, offset_deltas};
use crate::{Batch, BatchBuilder, Compression, RecordParts};

fn section_of(parts: &RecordParts<'_>) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(parts);
    let bytes = builder.finish(None).unwrap();
    Batch::parse(&bytes).unwrap().section().to_vec()
}

fn only_error(section: &[u8]) -> RecordError {
    Records::new(section, 1).find_map(Result::err).expect("an error")
}

/// kafka-protocol's record collapses duplicate header keys: a dead letter would lose some.
#[test]
fn headers_keep_order_duplicates_null_and_empty() {
    let headers: [Header<'_>; 5] = [
        (b"b", Some(b"1")),
        (b"a", None),
        (b"b", Some(b"")),
        (b"", Some(b"x")),
        (b"b", Some(b"1")),
    ];
    let section = section_of(&RecordParts {
        headers: &headers,
        ..RecordParts::default()
    });
    let record = Records::new(&section, 1).next().unwrap().unwrap();
    assert_eq!(record.headers.iter().collect::<Vec<_>>(), headers);
    assert_eq!(
        record.headers.all(b"b").collect::<Vec<_>>(),
        [Some(&b"1"[..]), Some(b""), Some(b"1")]
    );
    assert_eq!(record.headers.len(), 5);
}

#[test]
fn null_and_empty_are_different() {
    for (key, value) in [
        (None, None),
        (None, Some(&b""[..])),
        (Some(&b""[..]), None),
        (Some(b""), Some(b"")),
    ] {
        let section = section_of(&RecordParts {
            key,
            value,
            ..RecordParts::default()
        });
        let record = Records::new(&section, 1).next().unwrap().unwrap();
        assert_eq!((record.key, record.value), (key, value));
    }
}

#[test]
fn lengths_and_counts_are_checked_before_they_are_used() {
    // Length 12, attributes, two deltas; then key, value, headers in the places that are spoilt.
    let sound = [24, 0, 0, 0, 2, b'k', 2, b'v', 2, 2, b'h', 2, b'x'];
    assert!(Records::new(&sound, 1).next().unwrap().is_ok());
    let bad = |what, length, left| RecordError::BadLength { what, length, left };
    let spoilt = [
        (0, 23, bad("a record", -12, 12)),
        (0, 26, bad("a record", 13, 12)),
        (4, 3, bad("a key", -2, 8)),
        (4, 0x7e, bad("a key", 63, 8)),
        (6, 0x7e, bad("a value", 63, 6)),
        (8, 0x7e, RecordError::BadHeaderCount { count: 63, left: 4 }),
        (8, 1, RecordError::BadHeaderCount { count: -1, left: 4 }),
        (8, 0, RecordError::LeftInRecord { left: 4 }),
        (9, 1, bad("a header's key", -1, 3)),
        (11, 0, RecordError::LeftInRecord { left: 1 }),
        (11, 4, bad("a header's value", 2, 1)),
    ];
    for (at, byte, error) in spoilt {
        let mut section = sound;
        section[at] = byte;
        assert_eq!(only_error(&section), error, "byte {at} = {byte}");
    }
}

#[test]
fn a_count_that_is_wrong_shows_at_the_end() {
    let record = section_of(&RecordParts::default());
    let section = [&record[..], &record[..]].concat();
    let finish = |count: u32| {
        let mut records = Records::new(&section, count);
        let _read = records.by_ref().count();
        records.finish()
    };
    assert_eq!(finish(2), Ok(()));
    assert_eq!(
        finish(1),
        Err(RecordError::LeftInSection {
            bytes: record.len(),
            records: 0
        })
    );
    assert_eq!(finish(3), Err(RecordError::LeftInSection { bytes: 0, records: 1 }));
}

/// `collect` reserves by the size hint: it must not repeat what the wire claims.
#[test]
fn a_wild_count_reserves_nothing() {
    let records = Records::new(&[0; 70], u32::MAX);
    assert_eq!(records.size_hint(), (0, Some(11)));
}

proptest! {
    #[test]
    fn what_is_built_is_read(codec in any_codec(), wanted in prop::collection::vec(any_record(), 0..12)) {
        let bytes = build(codec, &wanted);
        let batch = Batch::parse(&bytes).unwrap();
        prop_assert_eq!(batch.verify_crc(), Ok(()));
        prop_assert_eq!(batch.compression(), codec);
        let section = batch.records_section(1 << 20).unwrap();
        let mut records = Records::new(&section, batch.record_count());
        for (record, delta) in wanted.iter().zip(offset_deltas(&wanted)) {
            let found = records.next().unwrap().unwrap();
            prop_assert!(record.same_content(&found), "{record:?} {found:?}");
            prop_assert_eq!(found.offset_delta, delta);
            prop_assert_eq!(batch.timestamp_of(found.timestamp_delta).0, record.timestamp);
            prop_assert!(found.raw.ends_with(found.body()));
        }
        prop_assert_eq!(records.finish(), Ok(()));
    }
}
