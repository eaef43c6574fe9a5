use proptest::prelude::*;

use super::*;
use crate::testing::{any_batch, any_damage, build, damage, look_at_everything, plain};
use crate::{BatchBuilder, ClientBatchError, RecordParts};

/// A sound batch of three records, with this field set to these bytes.
fn with_field<const N: usize>(at: usize, value: [u8; N]) -> Vec<u8> {
    let mut bytes = build(Compression::None, &plain(3)).to_vec();
    layout::set_field(&mut bytes, at, value);
    bytes
}

#[test]
fn a_header_reads_as_it_was_built() {
    let bytes = build(Compression::Lz4, &plain(3));
    let batch = Batch::parse(&bytes).unwrap();
    assert_eq!(
        (batch.base_offset(), batch.last_offset(), batch.next_offset()),
        (Offset(1_000), Offset(1_002), Offset(1_003))
    );
    assert_eq!(
        (batch.leader_epoch(), batch.size(), batch.record_count()),
        (LeaderEpoch(7), bytes.len(), 3)
    );
    assert_eq!(
        (batch.producer_id(), batch.producer_epoch()),
        (ProducerId(4), ProducerEpoch(2))
    );
    assert_eq!(
        (batch.base_sequence(), batch.last_sequence()),
        (Sequence(i32::MAX - 1), Sequence(0))
    );
    assert_eq!(
        (batch.base_timestamp().0, batch.max_timestamp().0),
        (1_700_000_000_000, 1_700_000_000_002)
    );
    assert_eq!(
        batch.attributes(),
        Attributes {
            compression: Compression::Lz4,
            ..Attributes::default()
        }
    );
    assert_eq!(batch.verify_crc(), Ok(()));
}

#[test]
fn a_batch_that_is_cut_off_is_truncated_wherever_the_cut_is() {
    let bytes = build(Compression::None, &plain(3));
    for have in 0..bytes.len() {
        assert!(matches!(Batch::parse(&bytes[..have]), Err(BatchError::Truncated { needed, .. }) if needed > have));
    }
}

#[test]
fn fields_that_cannot_be_are_refused() {
    let refused = |bytes: Vec<u8>| Batch::parse(&bytes).unwrap_err();
    assert_eq!(refused(with_field(layout::MAGIC, [1])), BatchError::Magic { found: 1 });
    for length in [i32::MIN, -1, 0, 48] {
        assert_eq!(
            refused(with_field(layout::LENGTH, length.to_be_bytes())),
            BatchError::BadLength { length }
        );
    }
    assert!(matches!(
        refused(with_field(layout::LENGTH, i32::MAX.to_be_bytes())),
        BatchError::Truncated { .. }
    ));
    assert_eq!(
        refused(with_field(layout::ATTRIBUTES, [0, 5])),
        BatchError::UnknownCodec { id: 5 }
    );
    for delta in [-1, i32::MIN] {
        let error = refused(with_field(layout::LAST_OFFSET_DELTA, delta.to_be_bytes()));
        assert!(matches!(error, BatchError::BadOffsets { last_offset_delta, .. } if last_offset_delta == delta));
    }
    for base in [-1, i64::MAX, i64::MAX - 2] {
        assert!(matches!(
            refused(with_field(layout::BASE_OFFSET, base.to_be_bytes())),
            BatchError::BadOffsets { .. }
        ));
    }
    let farthest = with_field(layout::BASE_OFFSET, (i64::MAX - 3).to_be_bytes());
    assert_eq!(Batch::parse(&farthest).unwrap().next_offset(), Offset(i64::MAX));
}

/// A count goes into allocations elsewhere if nobody checks it: here, bytes bound it.
#[test]
fn a_count_beyond_the_bytes_is_refused() {
    for count in [i32::MIN, -1, 1_000_000, i32::MAX] {
        let bytes = with_field(layout::RECORD_COUNT, count.to_be_bytes());
        assert!(matches!(Batch::parse(&bytes), Err(BatchError::BadCount { count: found, .. }) if found == count));
    }
    let mut bytes = build(Compression::Gzip, &plain(3)).to_vec();
    layout::set_field(&mut bytes, layout::RECORD_COUNT, i32::MAX.to_be_bytes());
    let batch = Batch::parse(&bytes).unwrap();
    assert!(matches!(
        batch.records_section(1 << 20),
        Err(BatchError::BadCount { .. })
    ));
}

#[test]
fn a_flipped_bit_shows_in_the_checksum_unless_the_leader_may_set_it() {
    let sound = build(Compression::None, &plain(2));
    for at in layout::CRC..sound.len() {
        let mut bytes = sound.to_vec();
        bytes[at] ^= 0x10;
        let verdict = Batch::parse(&bytes).and_then(|batch| batch.verify_crc());
        assert!(verdict.is_err(), "byte {at}");
    }
}

#[test]
fn batches_come_one_after_the_other_and_end_with_the_first_error() {
    let (one, two) = (build(Compression::None, &plain(1)), build(Compression::Zstd, &plain(2)));
    let bytes = [&one[..], &two[..], &one[..one.len() - 1]].concat();
    let found: Vec<_> = batches(&bytes)
        .map(|batch| batch.map(|batch| batch.record_count()))
        .collect();
    assert!(matches!(found[..], [Ok(1), Ok(2), Err(BatchError::Truncated { .. })]));
    assert_eq!(size_at_front(&bytes[..17]), Ok(one.len()));
}

#[test]
fn a_clients_batch_has_records_without_gaps_and_nothing_of_the_brokers() {
    let check = |bytes: &[u8]| Batch::parse(bytes).unwrap().check_from_client();
    let one = |builder: BatchBuilder| {
        let mut builder = builder;
        builder.push(&RecordParts::default());
        builder.finish(None).unwrap()
    };
    let none = || BatchBuilder::new(Compression::None);
    let stamped = |id: i64, sequence: i32| Producer {
        id: ProducerId(id),
        epoch: ProducerEpoch(0),
        base_sequence: Sequence(sequence),
    };
    assert_eq!(check(&one(none())), Ok(()));
    assert_eq!(check(&one(none().producer(stamped(3, 0)))), Ok(()));
    assert_eq!(check(&none().finish(None).unwrap()), Err(ClientBatchError::Empty));
    assert_eq!(check(&one(none().control(true))), Err(ClientBatchError::Control));
    let reserved = ClientBatchError::ReservedProducerId {
        producer_id: ProducerId(1 << 62),
    };
    assert_eq!(check(&one(none().producer(stamped(1 << 62, 0)))), Err(reserved));
    let sequence = ClientBatchError::NoSequence {
        producer_id: ProducerId(3),
    };
    assert_eq!(check(&one(none().producer(stamped(3, -1)))), Err(sequence));
    let append_time = one(none().timestamp_type(TimestampType::LogAppendTime));
    assert_eq!(check(&append_time), Err(ClientBatchError::LogAppendTime));
    let gap = with_field(layout::LAST_OFFSET_DELTA, 5_i32.to_be_bytes());
    assert_eq!(check(&gap), Err(ClientBatchError::Gaps { count: 3, offsets: 6 }));
}

proptest! {
    #[test]
    fn damaged_batches_never_panic(bytes in any_batch(), hurt in any_damage()) {
        look_at_everything(&damage(&bytes, &hurt));
    }

    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = bytes;
        if let Some(magic) = bytes.get_mut(layout::MAGIC) {
            *magic = layout::MAGIC_V2;
        }
        look_at_everything(&bytes);
    }
}
