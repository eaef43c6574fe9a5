use proptest::prelude::*;

use super::*;
use crate::batch::layout::field;
use crate::testing::{any_codec, any_record, build, plain, records_of};
use crate::{Batch, Offset, Rebuild, Records, rebuild};

#[test]
fn what_is_out_of_order_or_out_of_range_is_refused() {
    let at = |offset_delta| RecordParts {
        offset_delta,
        ..RecordParts::default()
    };
    let build = |deltas: &[i32], last| {
        let mut builder = BatchBuilder::new(Compression::None);
        for delta in deltas {
            builder.push(&at(*delta));
        }
        builder.finish(last)
    };
    assert_eq!(
        build(&[1, 1], None),
        Err(BuildError::OffsetOrder { previous: 1, found: 1 })
    );
    assert_eq!(
        build(&[-1], None),
        Err(BuildError::OffsetOrder {
            previous: -1,
            found: -1
        })
    );
    assert_eq!(build(&[3], Some(2)), Err(BuildError::EndsEarly { last: 2, found: 3 }));
    assert!(build(&[], Some(-1)).is_err());
    let padded = build(&[3], Some(9)).unwrap();
    assert_eq!(Batch::parse(&padded).unwrap().last_offset_delta(), 9);
}

#[test]
fn headers_are_put_behind_those_of_the_record() {
    let old: [Header<'_>; 2] = [(b"a", None), (b"a", Some(b"1"))];
    let more: [Header<'_>; 2] = [(b"a", Some(b"")), (b"z", Some(b"2"))];
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(&RecordParts {
        key: Some(b"k"),
        headers: &old,
        ..RecordParts::default()
    });
    let bytes = builder.finish(None).unwrap();
    let record = Records::new(Batch::parse(&bytes).unwrap().section(), 1)
        .next()
        .unwrap()
        .unwrap();

    let mut builder = BatchBuilder::new(Compression::None);
    builder.push_with_headers(4, Timestamp(9), &record, &more);
    builder.push_with_headers(5, Timestamp(9), &record, &[]);
    let bytes = builder.finish(None).unwrap();
    let batch = Batch::parse(&bytes).unwrap();
    let records: Vec<_> = Records::new(batch.section(), 2).map(Result::unwrap).collect();
    assert_eq!(records[0].headers.iter().collect::<Vec<_>>(), [old, more].concat());
    assert_eq!(
        (records[0].key, records[0].value, records[0].offset_delta),
        (Some(&b"k"[..]), None, 4)
    );
    assert_eq!(records[1].body(), record.body());
    assert_eq!(records_of(&batch).len(), 2);
}

#[test]
fn placing_leaves_everything_else_and_the_checksum() {
    let before = build(Compression::Gzip, &plain(4));
    let mut after = before.to_vec();
    patch::place(Offset(77), LeaderEpoch(3), &mut after);
    let batch = Batch::parse(&after).unwrap();
    assert_eq!(
        (batch.base_offset(), batch.leader_epoch()),
        (Offset(77), LeaderEpoch(3))
    );
    assert_eq!(batch.verify_crc(), Ok(()));
    assert_eq!(after[16..], before[16..]);
    assert_eq!(after[8..12], before[8..12]);
}

#[test]
fn the_append_time_goes_before_the_records_own() {
    let mut bytes = build(Compression::None, &plain(2)).to_vec();
    patch::set_max_timestamp_append_time(Timestamp(42), &mut bytes);
    let batch = Batch::parse(&bytes).unwrap();
    assert_eq!(batch.verify_crc(), Ok(()));
    assert_eq!(
        (batch.max_timestamp(), batch.timestamp_of(1)),
        (Timestamp(42), Timestamp(42))
    );
    // Its rebuilt rest keeps it, too.
    let rest = rebuild(batch, Records::new(batch.section(), 2).map(Result::unwrap).skip(1)).unwrap();
    assert_eq!(Batch::parse(&rest).unwrap().max_timestamp(), Timestamp(42));
}

#[test]
fn a_rest_keeps_what_a_batch_left_by_compaction_keeps() {
    let mut bytes = build(Compression::None, &plain(5)).to_vec();
    // Transactional, and a bit that has no meaning yet.
    layout::set_field(&mut bytes, layout::ATTRIBUTES, 0x4010_i16.to_be_bytes());
    patch::renew_crc(&mut bytes);
    let original = Batch::parse(&bytes).unwrap();
    let rest = rebuild(
        original,
        Records::new(original.section(), 5).map(Result::unwrap).take(2),
    )
    .unwrap();
    let rest = Batch::parse(&rest).unwrap();
    assert_eq!(rest.attribute_bits(), 0x4010);
    assert_eq!((rest.base_offset(), rest.last_offset()), (Offset(1_000), Offset(1_004)));
    assert_eq!(
        (rest.producer(), rest.last_sequence()),
        (original.producer(), original.last_sequence())
    );
    assert_eq!(
        (rest.base_timestamp(), rest.max_timestamp().0),
        (original.base_timestamp(), 1_700_000_000_001)
    );
}

#[test]
fn a_batch_of_which_nothing_is_left_keeps_its_codec_offsets_and_time() {
    for codec in Compression::ALL {
        let bytes = build(codec, &plain(3));
        let original = Batch::parse(&bytes).unwrap();
        let rest = rebuild(original, []).unwrap();
        let rest = Batch::parse(&rest).unwrap();
        assert_eq!(rest.verify_crc(), Ok(()));
        assert_eq!((rest.record_count(), rest.compression()), (0, codec));
        assert_eq!(
            (rest.last_offset(), rest.last_sequence()),
            (original.last_offset(), original.last_sequence())
        );
        assert_eq!(rest.max_timestamp(), original.max_timestamp());
        assert_eq!(rest.records_section(0).unwrap().len(), 0);
        assert!(crate::hidden::is_hidden(&rest));
    }
}

#[test]
fn a_replaced_record_keeps_its_offset_and_time() {
    let bytes = build(Compression::Snappy, &plain(3));
    let original = Batch::parse(&bytes).unwrap();
    let section = original.records_section(1 << 20).unwrap();
    let records: Vec<_> = Records::new(&section, 3).map(Result::unwrap).collect();
    let mut rest = Rebuild::new(original);
    rest.keep(&records[0]);
    rest.replace(&records[2], None, Some(b"new"), &[(b"h", None), (b"h", None)]);
    let rest = rest.finish().unwrap();
    let batch = Batch::parse(&rest).unwrap();
    let section = batch.records_section(1 << 20).unwrap();
    let found: Vec<_> = Records::new(&section, 2).map(Result::unwrap).collect();
    assert_eq!(found[0], records[0]);
    assert_eq!(
        (found[1].key, found[1].value, found[1].headers.len()),
        (None, Some(&b"new"[..]), 2)
    );
    assert_eq!(
        (found[1].offset_delta, found[1].timestamp_delta),
        (2, records[2].timestamp_delta)
    );
}

/// The layout is what other programs read: it must not change by accident.
#[test]
fn the_bytes_are_kafkas() {
    let mut builder = BatchBuilder::new(Compression::None)
        .base_offset(Offset(1))
        .leader_epoch(LeaderEpoch(2));
    let headers: [Header<'_>; 1] = [(b"h", Some(b"x"))];
    let timestamp = Timestamp(3);
    builder.push(&RecordParts {
        offset_delta: 0,
        timestamp,
        key: Some(b"k"),
        value: None,
        headers: &headers,
    });
    let bytes = builder.finish(None).unwrap();
    let mut wanted = vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 61, 0, 0, 0, 2, 2];
    wanted.extend_from_slice(&field::<4>(&bytes, layout::CRC));
    wanted.extend_from_slice(&[0; 6]);
    wanted.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 3]);
    wanted.extend_from_slice(&[0xff; 14]);
    wanted.extend_from_slice(&[0, 0, 0, 1, 22, 0, 0, 0, 2, b'k', 1, 2, 2, b'h', 2, b'x']);
    assert_eq!(bytes, wanted);
}

proptest! {
    #[test]
    fn what_is_left_is_what_was_kept(
        codec in any_codec(),
        wanted in prop::collection::vec(any_record(), 1..12),
        keep: u16,
    ) {
        let bytes = build(codec, &wanted);
        let original = Batch::parse(&bytes).unwrap();
        let section = original.records_section(1 << 20).unwrap();
        let kept: Vec<_> = Records::new(&section, original.record_count())
            .map(Result::unwrap)
            .enumerate()
            .filter(|(index, _)| keep >> index & 1 == 1)
            .map(|(_, record)| record)
            .collect();
        let rest = rebuild(original, kept.iter().copied()).unwrap();
        let rest = Batch::parse(&rest).unwrap();
        prop_assert_eq!(rest.verify_crc(), Ok(()));
        prop_assert_eq!(rest.attributes(), original.attributes());
        prop_assert_eq!(rest.producer(), original.producer());
        prop_assert_eq!((rest.base_offset(), rest.last_offset()), (original.base_offset(), original.last_offset()));
        prop_assert_eq!(rest.leader_epoch(), original.leader_epoch());
        let raw: Vec<_> = kept.iter().map(|record| record.raw.to_vec()).collect();
        prop_assert_eq!(records_of(&rest), raw);
    }
}
