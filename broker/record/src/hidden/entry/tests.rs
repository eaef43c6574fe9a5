use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::hidden::{EntryBuilder, EntryError, Hold, OffsetHeader, SubBatch, set_mate_crc};
use crate::testing::{any_codec, any_damage, any_record, build, damage, plain};
use crate::{Compression, Producer, ProducerId, Timestamp, patch};

const HERE: Target = Target {
    topic_id: [7; 16],
    partition: 3,
};

fn moved(target: Target, batch: Bytes) -> SubBatch {
    SubBatch {
        target,
        hold: None,
        origins: vec![],
        offset_headers: vec![],
        batch,
    }
}

fn held(due: i64) -> SubBatch {
    let hold = Hold {
        due: Timestamp(due),
        first_offset: None,
        attempts: 1,
        decision: b"retry".to_vec(),
    };
    SubBatch {
        hold: Some(hold),
        ..moved(HERE, build(Compression::None, &plain(1)))
    }
}

/// An entry and its mate, placed one behind the other as a leader does.
fn placed(entry: &Bytes, mate: &Bytes) -> (Vec<u8>, Vec<u8>) {
    let (mut entry, mut mate) = (entry.to_vec(), mate.to_vec());
    patch::place(Offset(50), LeaderEpoch(4), &mut entry);
    let behind = Batch::parse(&entry).unwrap().next_offset();
    patch::place(behind, LeaderEpoch(4), &mut mate);
    (entry, mate)
}

/// An entry that moves one record away from this batch.
fn entry_for(mate: &Bytes) -> Bytes {
    EntryBuilder::for_mate(&Batch::parse(mate).unwrap(), Timestamp(1))
        .sub_batch(moved(HERE, build(Compression::None, &plain(1))))
        .finish()
        .unwrap()
}

fn view(bytes: &[u8]) -> EntryView<'_> {
    let batch = Batch::parse(bytes).unwrap();
    batch.verify_crc().unwrap();
    EntryView::parse(batch).unwrap()
}

#[test]
fn an_entry_is_armed_by_its_mate_right_behind_it() {
    let x = build(Compression::None, &plain(2));
    let (entry, mate) = placed(&entry_for(&x), &x);
    let (entry, mate) = (view(&entry), Batch::parse(&mate).unwrap());
    assert!(entry.matches(&mate) && entry.is_armed(Some(&mate)));
    assert!(!entry.is_armed(None), "its mate may still come");
    assert_eq!(entry.origin(), Some(mate.base_offset()));
}

/// TextMateByIds: the same producer, epoch, sequence and count, but decided otherwise.
#[test]
fn a_retry_that_was_decided_otherwise_does_not_arm_a_torn_write() {
    let (x, other) = (build(Compression::None, &plain(2)), {
        let mut records = plain(2);
        records[1].value = Some(b"value-9".to_vec());
        build(Compression::None, &records)
    });
    let (entry, other) = placed(&entry_for(&x), &other);
    let (entry, other) = (view(&entry), Batch::parse(&other).unwrap());
    assert_eq!(
        (entry.mate().unwrap().producer, 2),
        (other.producer(), other.record_count())
    );
    assert!(!entry.matches(&other) && !entry.is_armed(Some(&other)));
}

/// NoAdjacency: something was written between the two.
#[test]
fn a_mate_further_back_does_not_arm_an_entry() {
    let x = build(Compression::None, &plain(2));
    let (entry, mut mate) = placed(&entry_for(&x), &x);
    patch::place(Offset(52), LeaderEpoch(4), &mut mate);
    assert!(!view(&entry).is_armed(Some(&Batch::parse(&mate).unwrap())));
}

#[test]
fn a_mate_of_another_leader_epoch_does_not_arm_an_entry() {
    let x = build(Compression::None, &plain(2));
    let (entry, mut mate) = placed(&entry_for(&x), &x);
    patch::place(Offset(51), LeaderEpoch(5), &mut mate);
    assert!(!view(&entry).is_armed(Some(&Batch::parse(&mate).unwrap())));
}

/// TextMateForAll: what the broker writes of its own has no mate.
#[test]
fn an_entry_of_the_brokers_own_is_armed_alone() {
    let bytes = EntryBuilder::armed_alone(Timestamp(1))
        .cancel(Offset(40))
        .sub_batch(held(9))
        .finish()
        .unwrap();
    let entry = view(&bytes);
    assert!(entry.armed_alone() && entry.is_armed(None));
    assert_eq!((entry.mate(), entry.origin()), (None, None));
    assert_eq!(entry.cancels().collect::<Vec<_>>(), [Offset(40)]);
}

/// TextNameIsOffset: an entry may hold records with other due times, and a release names one.
#[test]
fn each_held_sub_batch_has_an_offset_of_its_own() {
    let x = build(Compression::None, &[]);
    let bytes = EntryBuilder::for_mate(&Batch::parse(&x).unwrap(), Timestamp(1))
        .sub_batch(held(900))
        .sub_batch(moved(HERE, build(Compression::None, &plain(1))))
        .sub_batch(held(700))
        .finish()
        .unwrap();
    let (entry, mate) = placed(&bytes, &x);
    let entry = view(&entry);
    assert_eq!((entry.holds(), entry.batch().last_offset()), (true, Offset(51)));
    let names: Vec<_> = entry
        .held()
        .map(|(name, sub)| (name.0, sub.hold().unwrap().due.0))
        .collect();
    assert_eq!(names, [(50, 900), (51, 700)]);
    assert_eq!(entry.origin(), Some(Offset(52)));
    assert!(entry.is_armed(Some(&Batch::parse(&mate).unwrap())));
}

/// With append time, the leader changes the mate under its lock, after the entry was built.
#[test]
fn an_entry_is_told_of_its_mates_new_checksum() {
    let x = build(Compression::Zstd, &plain(2));
    let (mut entry, mut mate) = placed(&entry_for(&x), &x);
    patch::set_max_timestamp_append_time(Timestamp(5), &mut mate);
    let mate = Batch::parse(&mate).unwrap();
    assert!(!view(&entry).is_armed(Some(&mate)));
    set_mate_crc(&mut entry, mate.crc()).unwrap();
    assert!(view(&entry).is_armed(Some(&mate)));
    let mut alone = EntryBuilder::armed_alone(Timestamp(1))
        .cancel(Offset(4))
        .finish()
        .unwrap()
        .to_vec();
    assert!(set_mate_crc(&mut alone, 1).is_err());
}

#[test]
fn what_makes_no_sense_is_not_built() {
    let x = build(Compression::None, &plain(1));
    let alone = || EntryBuilder::armed_alone(Timestamp(1));
    let header = OffsetHeader {
        key: b"offset".to_vec(),
        encoding: OffsetEncoding::Text,
    };
    let named = SubBatch {
        origins: vec![0],
        offset_headers: vec![header],
        ..moved(HERE, x.clone())
    };
    assert_eq!(alone().finish(), Err(EntryError::Empty));
    assert_eq!(alone().sub_batch(named.clone()).finish(), Err(EntryError::NoMate));
    let two = Bytes::from([&x[..], &x[..]].concat());
    assert_eq!(alone().sub_batch(moved(HERE, two)).finish(), Err(EntryError::NotABatch));
    let empty = build(Compression::None, &[]);
    assert_eq!(
        alone().sub_batch(moved(HERE, empty)).finish(),
        Err(EntryError::NotABatch)
    );
    assert!(matches!(
        alone().sub_batch(moved(HERE, Bytes::new())).finish(),
        Err(EntryError::BadBatch(_))
    ));
    let nowhere = Target { partition: -1, ..HERE };
    assert_eq!(
        alone().sub_batch(moved(nowhere, x.clone())).finish(),
        Err(EntryError::NotABatch)
    );
    let with_mate = EntryBuilder::for_mate(&Batch::parse(&x).unwrap(), Timestamp(1));
    let missing = SubBatch {
        origins: vec![],
        ..named
    };
    assert_eq!(
        with_mate.sub_batch(missing).finish(),
        Err(EntryError::Origins { origins: 0, records: 1 })
    );
}

/// Written by one release, read by every later one: the layout must not change by accident.
#[test]
fn the_layout_of_an_entry_stays() {
    let batch = build(Compression::None, &plain(1));
    let header = OffsetHeader {
        key: b"o".to_vec(),
        encoding: OffsetEncoding::BigEndian,
    };
    let sub_batch = SubBatch {
        origins: vec![2],
        offset_headers: vec![header],
        ..held(6)
    };
    let mut x = build(Compression::None, &plain(3)).to_vec();
    patch::set_producer(
        Producer {
            id: ProducerId(0x11),
            ..Producer::NONE
        },
        &mut x,
    );
    let x = Batch::parse(&x).unwrap();
    let entry = EntryBuilder::for_mate(&x, Timestamp(7))
        .decided_by(Decider {
            digest: [0xdd; 32],
            generation: 5,
        })
        .cancel(Offset(8))
        .sub_batch(sub_batch)
        .finish()
        .unwrap();

    let mut wanted = vec![
        0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0x11, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 3,
    ];
    wanted.extend_from_slice(&x.crc().to_be_bytes());
    wanted.extend_from_slice(&[0, 0, 0, 1]);
    wanted.extend_from_slice(&[0xdd; 32]);
    wanted.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 5]);
    wanted.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8]);
    wanted.extend_from_slice(&[0, 0, 0, 1]);
    wanted.extend_from_slice(&[7; 16]);
    wanted.extend_from_slice(&[0, 0, 0, 3, 1]);
    wanted.extend_from_slice(&[
        0, 0, 0, 0, 0, 0, 0, 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1,
    ]);
    wanted.extend_from_slice(&[0, 0, 0, 5, b'r', b'e', b't', b'r', b'y']);
    wanted.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 2]);
    wanted.extend_from_slice(&[0, 0, 0, 4, 1, 0, 1, b'o']);
    wanted.extend_from_slice(&(batch.len() as u32).to_be_bytes());
    wanted.extend_from_slice(&batch);
    let entry = Batch::parse(&entry).unwrap();
    assert_eq!(control::value(&entry, OUTBOX_ENTRY).unwrap(), wanted);
    assert_eq!(entry.producer(), Producer::NONE);
}

#[test]
fn a_later_format_is_refused_by_name() {
    let bytes = control::build(OUTBOX_ENTRY, &[0, 2, 9, 9], Timestamp(0), 1).unwrap();
    let error = EntryView::parse(Batch::parse(&bytes).unwrap()).unwrap_err();
    assert_eq!(
        error,
        HiddenError::UnknownFormat {
            control_type: OUTBOX_ENTRY,
            found: 2,
            newest: 1
        }
    );
    assert!(error.to_string().contains("run a later one"));
}

#[test]
fn offset_headers_say_the_offset_as_their_readers_expect() {
    let value = |encoding| crate::hidden::OffsetHeaderView { key: b"", encoding }.value(Offset(258));
    assert_eq!(value(OffsetEncoding::Text), b"258");
    assert_eq!(value(OffsetEncoding::BigEndian), [0, 0, 0, 0, 0, 0, 1, 2]);
}

fn any_sub_batch(mate: bool) -> impl Strategy<Value = SubBatch> {
    let hold = (
        any::<i64>(),
        prop::option::of(0..i64::MAX),
        any::<u32>(),
        vec(any::<u8>(), 0..9),
    )
        .prop_map(|(due, first, attempts, decision)| {
            let first_offset = first.map(Offset);
            Hold {
                due: Timestamp(due),
                first_offset,
                attempts,
                decision,
            }
        });
    let encoding = prop_oneof![Just(OffsetEncoding::Text), Just(OffsetEncoding::BigEndian)];
    let header = (vec(any::<u8>(), 0..9), encoding).prop_map(|(key, encoding)| OffsetHeader { key, encoding });
    let target = (any::<[u8; 16]>(), 0..=i32::MAX);
    let batch = (any_codec(), vec(any_record(), 1..4));
    (target, prop::option::of(hold), batch, vec(header, 0..3)).prop_map(
        move |((topic_id, partition), hold, (codec, records), headers)| SubBatch {
            target: Target { topic_id, partition },
            hold,
            origins: if mate {
                (0..records.len() as i32).collect()
            } else {
                vec![]
            },
            offset_headers: if mate { headers } else { vec![] },
            batch: build(codec, &records),
        },
    )
}

/// What an entry is built of.
#[derive(Debug)]
struct Parts {
    mate: Option<Bytes>,
    sub_batches: Vec<SubBatch>,
    deciders: Vec<Decider>,
    cancels: Vec<Offset>,
}

impl Parts {
    fn finish(&self) -> Bytes {
        let mut entry = match &self.mate {
            Some(mate) => EntryBuilder::for_mate(&Batch::parse(mate).unwrap(), Timestamp(1)),
            None => EntryBuilder::armed_alone(Timestamp(1)),
        };
        entry = self
            .deciders
            .iter()
            .fold(entry, |entry, decider| entry.decided_by(*decider));
        entry = self.cancels.iter().fold(entry, |entry, hold| entry.cancel(*hold));
        self.sub_batches
            .iter()
            .fold(entry, |entry, sub| entry.sub_batch(sub.clone()))
            .finish()
            .unwrap()
    }
}

fn any_parts() -> impl Strategy<Value = Parts> {
    let decider = any::<([u8; 32], u64)>().prop_map(|(digest, generation)| Decider { digest, generation });
    let cancel = (0..i64::MAX).prop_map(Offset);
    any::<bool>()
        .prop_flat_map(move |mate| {
            (
                Just(mate),
                vec(any_sub_batch(mate), 1..4),
                vec(decider.clone(), 0..3),
                vec(cancel.clone(), 0..3),
            )
        })
        .prop_map(|(mate, sub_batches, deciders, cancels)| {
            let mate = mate.then(|| build(Compression::None, &plain(2)));
            Parts {
                mate,
                sub_batches,
                deciders,
                cancels,
            }
        })
}

fn owned(view: SubBatchView<'_>) -> SubBatch {
    let hold = view.hold().map(|hold| Hold {
        due: hold.due,
        first_offset: hold.first_offset,
        attempts: hold.attempts,
        decision: hold.decision.to_vec(),
    });
    let header = |header: crate::hidden::OffsetHeaderView<'_>| OffsetHeader {
        key: header.key.to_vec(),
        encoding: header.encoding,
    };
    SubBatch {
        target: view.target(),
        hold,
        origins: view.origins().iter().collect(),
        offset_headers: view.offset_headers().iter().map(header).collect(),
        batch: Bytes::copy_from_slice(view.batch().bytes()),
    }
}

proptest! {
    #[test]
    fn entries_round_trip(parts in any_parts()) {
        let bytes = parts.finish();
        let Parts { mate, sub_batches, deciders, cancels } = parts;
        let entry = view(&bytes);
        prop_assert_eq!(entry.armed_alone(), mate.is_none());
        prop_assert_eq!(entry.sub_batches().map(owned).collect::<Vec<_>>(), sub_batches);
        prop_assert_eq!(entry.deciders().collect::<Vec<_>>(), deciders);
        prop_assert_eq!(entry.cancels().collect::<Vec<_>>(), cancels);
        if let Some(mate) = mate {
            prop_assert!(entry.matches(&Batch::parse(&mate).unwrap()));
        }
    }

    /// Below the CRC, too: a checksum keeps accidents away, not malice.
    #[test]
    fn damaged_entries_never_panic(parts in any_parts(), hurt in any_damage()) {
        let mut bytes = damage(&parts.finish(), &hurt);
        let mate = build(Compression::None, &plain(2));
        let Ok(batch) = Batch::parse(&bytes) else { return Ok(()) };
        let _ = crate::hidden::kind(&batch);
        if let Ok(entry) = EntryView::parse(batch) {
            let _ = entry.is_armed(Some(&Batch::parse(&mate).unwrap()));
            let _ = (entry.deciders().count(), entry.cancels().count());
            prop_assert_eq!(entry.held().count() > 0, entry.holds());
            entry.sub_batches().map(owned).for_each(drop);
        }
        let _ = set_mate_crc(&mut bytes, 1);
    }
}
