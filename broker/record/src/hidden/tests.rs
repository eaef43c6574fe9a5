//! Tests of what all hidden batches share, of stamps and of checkpoints; `entry/tests.rs` has the
//! entries.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::testing::{any_damage, build, damage, plain};
use crate::{
    Batch, BatchBuilder, Compression, LeaderEpoch, Offset, Producer, ProducerEpoch, ProducerId, RecordParts, Sequence,
    Timestamp,
};

fn source(number: u32) -> SourceId {
    SourceId::new(number).unwrap()
}

fn control_batch(control_type: i16) -> bytes::Bytes {
    control::build(control_type, b"\0\0", Timestamp(0), 1).unwrap()
}

#[test]
fn clients_see_kafkas_control_batches_and_none_of_ours() {
    let kind_of = |bytes: &[u8]| kind(&Batch::parse(bytes).unwrap());
    // Abort, commit, and the quorum's.
    for kafkas in 0..=6 {
        assert_eq!(kind_of(&control_batch(kafkas)), None);
    }
    assert_eq!(kind_of(&control_batch(OUTBOX_ENTRY)), Some(HiddenKind::Entry));
    assert_eq!(kind_of(&control_batch(LINK_CHECKPOINT)), Some(HiddenKind::Checkpoint));
    // A later release's: it must not reach clients before this one refuses to read it.
    assert_eq!(kind_of(&control_batch(1003)), Some(HiddenKind::Unknown(1003)));
    assert_eq!(kind_of(&build(Compression::None, &plain(2))), None);
    assert_eq!(kind_of(&build(Compression::Gzip, &[])), Some(HiddenKind::Empty));
}

/// A client's record with our key is no control record.
#[test]
fn a_record_that_looks_like_an_entry_is_not_hidden() {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(&RecordParts {
        key: Some(&[0, 0, 3, 0xe9]),
        value: Some(b"x"),
        ..RecordParts::default()
    });
    let bytes = builder.finish(None).unwrap();
    let batch = Batch::parse(&bytes).unwrap();
    assert!(!is_hidden(&batch));
    assert_eq!(
        EntryView::parse(batch).unwrap_err(),
        HiddenError::NotThis { expected: OUTBOX_ENTRY }
    );
}

#[test]
fn stamps_hold_their_whole_range_and_no_more() {
    for number in [0, 1, SourceId::MAX.get()] {
        for epoch in [0, i32::MAX] {
            for position in [0, (1 << 31) - 1, 1 << 31, LinkStamp::MAX_POSITION.0] {
                let stamp = LinkStamp {
                    source: source(number),
                    epoch: LeaderEpoch(epoch),
                    position: Offset(position),
                };
                assert_eq!(LinkStamp::unpack(stamp.pack().unwrap()), Ok(Some(stamp)));
            }
        }
    }
    assert_eq!(SourceId::new(1 << 31), None);
    let stamp = |epoch, position| LinkStamp {
        source: source(3),
        epoch: LeaderEpoch(epoch),
        position: Offset(position),
    };
    assert!(matches!(stamp(0, 1 << 46).pack(), Err(StampError::Position { .. })));
    assert!(matches!(stamp(0, -1).pack(), Err(StampError::Position { .. })));
    assert!(matches!(stamp(-1, 0).pack(), Err(StampError::Epoch { .. })));
}

#[test]
fn a_reserved_id_with_the_fields_of_no_stamp_is_an_error() {
    let producer = |epoch, sequence| Producer {
        id: ProducerId::FIRST_RESERVED,
        epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(sequence),
    };
    assert!(LinkStamp::unpack(producer(-1, 0)).is_err());
    assert!(LinkStamp::unpack(producer(0, -1)).is_err());
    assert_eq!(LinkStamp::unpack(Producer::NONE), Ok(None));
}

#[test]
fn a_later_epoch_is_a_later_position() {
    let at = |epoch, offset| LinkPosition {
        epoch: LeaderEpoch(epoch),
        offset: Offset(offset),
    };
    assert!(LinkPosition::START < at(0, 0));
    assert!(at(1, 900) < at(2, 10) && at(2, 10) < at(2, 11));
}

fn checkpoint(links: &[(u32, i32, i64)]) -> Checkpoint {
    let position = |epoch, offset| LinkPosition {
        epoch: LeaderEpoch(epoch),
        offset: Offset(offset),
    };
    Checkpoint {
        links: links
            .iter()
            .map(|(number, epoch, at)| (source(*number), position(*epoch, *at)))
            .collect(),
    }
}

/// Written by one release, read by every later one: the layout must not change by accident.
#[test]
fn the_layout_of_a_checkpoint_stays() {
    let bytes = checkpoint(&[(2, 5, 0x99)]).encode(Timestamp(7)).unwrap();
    let batch = Batch::parse(&bytes).unwrap();
    assert!(batch.attributes().control);
    assert_eq!((batch.last_offset_delta(), batch.max_timestamp()), (0, Timestamp(7)));
    let value = [&[0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0x99][..]].concat();
    let record = [&[64, 0, 0, 0, 8, 0, 0, 3, 0xea, 44][..], &value, &[0]].concat();
    assert_eq!(batch.section(), record);
}

#[test]
fn a_checkpoint_of_another_order_or_format_is_refused() {
    let decode = |value: &[u8]| {
        let bytes = control::build(LINK_CHECKPOINT, value, Timestamp(0), 1).unwrap();
        Checkpoint::decode(&Batch::parse(&bytes).unwrap())
    };
    let link = |number: u8| [0, 0, 0, number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let two = |first, second| [&[0, 1, 0, 0, 0, 2][..], &link(first), &link(second)].concat();
    assert!(decode(&two(1, 2)).is_ok());
    assert!(matches!(decode(&two(2, 1)), Err(HiddenError::Invalid { .. })));
    assert!(matches!(decode(&two(1, 1)), Err(HiddenError::Invalid { .. })));
    assert!(matches!(
        decode(&[0, 2, 0, 0, 0, 0]),
        Err(HiddenError::UnknownFormat {
            found: 2,
            newest: 1,
            ..
        })
    ));
    assert!(matches!(
        decode(&[0, 1, 0xff, 0xff, 0xff, 0xff]),
        Err(HiddenError::Truncated { .. })
    ));
    assert!(matches!(
        decode(&[0, 1, 0, 0, 0, 0, 9]),
        Err(HiddenError::LeftOver { bytes: 1 })
    ));
    let beyond = [&[0, 1, 0, 0, 0, 1, 0x80][..], &link(0)[1..]].concat();
    assert!(matches!(
        decode(&beyond),
        Err(HiddenError::Invalid { what: "a source id" })
    ));
}

fn any_checkpoint() -> impl Strategy<Value = Checkpoint> {
    let position = (-1..=i32::MAX, 0..=i64::MAX).prop_map(|(epoch, offset)| LinkPosition {
        epoch: LeaderEpoch(epoch),
        offset: Offset(offset),
    });
    let link = ((0..=SourceId::MAX.get()).prop_map(source), position);
    prop::collection::vec(link, 0..20).prop_map(|links| Checkpoint {
        links: BTreeMap::from_iter(links),
    })
}

proptest! {
    #[test]
    fn a_stamp_reads_as_it_was_packed_and_is_no_clients(
        number in 0..=SourceId::MAX.get(),
        epoch in 0..=i32::MAX,
        position in 0..=LinkStamp::MAX_POSITION.0,
    ) {
        let stamp = LinkStamp { source: source(number), epoch: LeaderEpoch(epoch), position: Offset(position) };
        let packed = stamp.pack().unwrap();
        prop_assert!(packed.id.is_reserved());
        prop_assert!(packed.epoch.0 >= 0 && packed.base_sequence.0 >= 0);
        prop_assert_eq!(LinkStamp::unpack(packed), Ok(Some(stamp)));
        prop_assert_eq!(LinkStamp::at(stamp.source, stamp.link_position()), stamp);
    }

    #[test]
    fn a_clients_producer_is_never_taken_for_a_stamp(id in -1..1_i64 << 62, epoch: i16, sequence: i32) {
        let producer =
            Producer { id: ProducerId(id), epoch: ProducerEpoch(epoch), base_sequence: Sequence(sequence) };
        prop_assert_eq!(LinkStamp::unpack(producer), Ok(None));
    }

    /// Two stamps are never packed alike: each reserved id is one stamp's.
    #[test]
    fn what_is_unpacked_packs_to_the_same(id in 1_i64 << 62.., epoch in 0..=i16::MAX, sequence in 0..=i32::MAX) {
        let producer =
            Producer { id: ProducerId(id), epoch: ProducerEpoch(epoch), base_sequence: Sequence(sequence) };
        let stamp = LinkStamp::unpack(producer).unwrap().unwrap();
        prop_assert_eq!(stamp.pack(), Ok(producer));
    }

    #[test]
    fn checkpoints_round_trip(checkpoint in any_checkpoint()) {
        let bytes = checkpoint.encode(Timestamp(1)).unwrap();
        let batch = Batch::parse(&bytes).unwrap();
        prop_assert_eq!(batch.verify_crc(), Ok(()));
        prop_assert_eq!(Checkpoint::decode(&batch), Ok(checkpoint));
    }

    #[test]
    fn damaged_checkpoints_never_panic(checkpoint in any_checkpoint(), hurt in any_damage()) {
        let bytes = damage(&checkpoint.encode(Timestamp(1)).unwrap(), &hurt);
        if let Ok(batch) = Batch::parse(&bytes) {
            let _ = (kind(&batch), Checkpoint::decode(&batch), LinkStamp::of(&batch));
        }
    }
}
