//! The bytes of Apache Kafka 4.3.1's own classes, to the last one.

use bytes::Bytes;
use corvid_metadata::TopicId;
use proptest::prelude::*;

use super::{GroupMetadata, Key, MemberMetadata, OffsetCommit, Record, SchemaError, subscription};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

const OFFSET_KEY: &str = "00010003672d3100066f726465727300000007";
const GROUP_KEY: &str = "00020003672d31";
const OFFSET_VALUES: [&str; 5] = [
    "00000000011f71fb04cb00046d6574610000018bcfe56800",
    "00010000011f71fb04cb00046d6574610000018bcfe568000000018bcfe6b980",
    "00020000011f71fb04cb00046d6574610000018bcfe56800",
    "00030000011f71fb04cb0000000500046d6574610000018bcfe56800",
    "00040000011f71fb04cb00000005056d6574610000018bcfe5680000",
];
const OFFSET_VALUE_WITH_TOPIC_ID: &str =
    "00040000011f71fb04cb00000005056d6574610000018bcfe568000100100102030405060708090a0b0c0d0e0f10";
const GROUP_VALUES: [&str; 5] = [
    "00000008636f6e73756d657200000003000572616e676500036d2d310000000200036d2d31000163000a2f3132372e302e302e310000afc800000003010203000000010900036d2d3200016400092f31302e302e302e32000017700000000000000000",
    "00010008636f6e73756d657200000003000572616e676500036d2d310000000200036d2d31000163000a2f3132372e302e302e31000493e00000afc800000003010203000000010900036d2d3200016400092f31302e302e302e320000ea60000017700000000000000000",
    "00020008636f6e73756d657200000003000572616e676500036d2d310000018bcfe568010000000200036d2d31000163000a2f3132372e302e302e31000493e00000afc800000003010203000000010900036d2d3200016400092f31302e302e302e320000ea60000017700000000000000000",
    "00030008636f6e73756d657200000003000572616e676500036d2d310000018bcfe568010000000200036d2d310003692d31000163000a2f3132372e302e302e31000493e00000afc800000003010203000000010900036d2d32ffff00016400092f31302e302e302e320000ea60000017700000000000000000",
    "000409636f6e73756d6572000000030672616e6765046d2d310000018bcfe5680103046d2d3104692d3102630b2f3132372e302e302e31000493e00000afc804010203020900046d2d320002640a2f31302e302e302e320000ea600000177001010000",
];
const EMPTY_GROUP_VALUE: &str = "0003000000000000ffffffff000000000000000500000000";

/// The offset of the golden bytes, as far as a version can say it.
fn offset(version: i16) -> OffsetCommit {
    OffsetCommit {
        offset: 1_234_567_890_123,
        leader_epoch: if version >= 3 { 5 } else { -1 },
        metadata: "meta".into(),
        commit_timestamp: 1_700_000_000_000,
        expire_timestamp: (version == 1).then_some(1_700_000_086_400),
        topic_id: None,
    }
}

/// The group of the golden bytes, as far as a version can say it.
fn group(version: i16) -> GroupMetadata {
    let member = |id: &str, instance: Option<&str>, client: &str, host: &str, timeouts: (i32, i32)| MemberMetadata {
        member_id: id.into(),
        group_instance_id: instance.filter(|_| version >= 3).map(str::to_owned),
        client_id: client.into(),
        client_host: host.into(),
        rebalance_timeout_ms: if version >= 1 { timeouts.0 } else { timeouts.1 },
        session_timeout_ms: timeouts.1,
        subscription: Bytes::new(),
        assignment: Bytes::new(),
    };
    let mut first = member("m-1", Some("i-1"), "c", "/127.0.0.1", (300_000, 45_000));
    first.subscription = Bytes::from_static(&[1, 2, 3]);
    first.assignment = Bytes::from_static(&[9]);
    GroupMetadata {
        protocol_type: "consumer".into(),
        generation: 3,
        protocol: Some("range".into()),
        leader: Some("m-1".into()),
        state_timestamp: (version >= 2).then_some(1_700_000_000_001),
        members: vec![first, member("m-2", None, "d", "/10.0.0.2", (60_000, 6_000))],
    }
}

#[test]
fn keys_are_kafkas() {
    let offset = Key::OffsetCommit {
        group: "g-1".into(),
        topic: "orders".into(),
        partition: 7,
    };
    assert_eq!(Key::decode(&hex(OFFSET_KEY)), Ok(offset.clone()));
    assert_eq!(offset.encode(), hex(OFFSET_KEY));
    let legacy = [&[0, 0], &hex(OFFSET_KEY)[2..]].concat();
    assert_eq!(Key::decode(&legacy), Ok(offset));
    let group = Key::GroupMetadata { group: "g-1".into() };
    assert_eq!(Key::decode(&hex(GROUP_KEY)), Ok(group.clone()));
    assert_eq!(group.encode(), hex(GROUP_KEY));
}

#[test]
fn committed_offsets_of_every_version_are_read() {
    for (version, bytes) in (0..).zip(OFFSET_VALUES) {
        assert_eq!(
            OffsetCommit::decode(&hex(bytes)),
            Ok(offset(version)),
            "version {version}"
        );
    }
}

#[test]
fn committed_offsets_are_written_as_kafka_writes_them() {
    assert_eq!(offset(4).encode(), hex(OFFSET_VALUES[4]));
    assert_eq!(offset(1).encode(), hex(OFFSET_VALUES[1]));
    let id: [u8; 16] = std::array::from_fn(|at| at as u8 + 1);
    let with_id = OffsetCommit {
        topic_id: Some(TopicId(id)),
        ..offset(4)
    };
    assert_eq!(with_id.encode(), hex(OFFSET_VALUE_WITH_TOPIC_ID));
    assert_eq!(OffsetCommit::decode(&hex(OFFSET_VALUE_WITH_TOPIC_ID)), Ok(with_id));
}

#[test]
fn groups_of_every_version_are_read() {
    for (version, bytes) in (0..).zip(GROUP_VALUES) {
        assert_eq!(
            GroupMetadata::decode(&hex(bytes)),
            Ok(group(version)),
            "version {version}"
        );
    }
}

#[test]
fn groups_are_written_as_kafka_writes_them() {
    assert_eq!(group(3).encode(), hex(GROUP_VALUES[3]));
    let empty = GroupMetadata {
        protocol_type: String::new(),
        generation: 0,
        protocol: None,
        leader: None,
        state_timestamp: Some(5),
        members: Vec::new(),
    };
    assert_eq!(empty.encode(), hex(EMPTY_GROUP_VALUE));
    assert_eq!(GroupMetadata::decode(&hex(EMPTY_GROUP_VALUE)), Ok(empty));
}

#[test]
fn what_a_later_release_writes_is_left_alone() {
    assert_eq!(Record::decode(&[0, 30, 1, 2], Some(&[1])), Ok(Record::Unknown));
    assert_eq!(Record::decode(&hex(GROUP_KEY), Some(&[0, 9, 1])), Ok(Record::Unknown));
    assert_eq!(Record::decode(&hex(OFFSET_KEY), Some(&[0, 9, 1])), Ok(Record::Unknown));
}

#[test]
fn lengths_are_not_believed() {
    // A text of 32 KiB, and two thousand million members, in a few bytes.
    assert_eq!(Key::decode(&[0, 2, 0x7f, 0xff, b'g']), Err(SchemaError::Length(0x7fff)));
    let mut members = hex(EMPTY_GROUP_VALUE);
    let end = members.len();
    members[end - 4..].copy_from_slice(&i32::MAX.to_be_bytes());
    assert_eq!(
        GroupMetadata::decode(&members),
        Err(SchemaError::Length(i64::from(i32::MAX)))
    );
}

#[test]
fn the_topics_of_a_subscription_are_read_whatever_follows_them() {
    let bytes = [
        &[0, 3, 0, 0, 0, 2][..],
        &[0, 1, b't', 0, 2, b'u', b'v'],
        &[9, 9, 9, 9, 9],
    ]
    .concat();
    let topics = subscription::topics(&bytes).unwrap();
    assert_eq!(topics.into_iter().collect::<Vec<_>>(), ["t", "uv"]);
    assert!(subscription::topics(&[0, 0, 0, 0, 0, 2, 0, 1, b't']).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(key: Vec<u8>, value: Vec<u8>, kind in 0_u8..3, version in 0_u8..5) {
        let _any = Record::decode(&key, Some(&value));
        let key = if kind == 2 { hex(GROUP_KEY) } else { hex(OFFSET_KEY) };
        let value = [&[0, version], value.as_slice()].concat();
        if let Ok(record) = Record::decode(&key, Some(&value)) && record != Record::Unknown {
            // What is read can be written, and reads the same.
            let (key, value) = record.encode();
            prop_assert_eq!(Record::decode(&key, value.as_deref()), Ok(without_lost_fields(record)));
        }
    }
}

/// An offset with an expiry is written in a version that has no leader epoch and no topic id.
fn without_lost_fields(mut record: Record) -> Record {
    if let Record::Offset { value: Some(value), .. } = &mut record
        && value.expire_timestamp.is_some()
    {
        value.leader_epoch = -1;
        value.topic_id = None;
    }
    record
}
