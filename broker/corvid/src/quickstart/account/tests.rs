//! The bug in each: an account that says all is well when it is not.

use std::sync::Arc;

use bytes::Bytes;

use super::*;

fn event(id: &str, kind: &str, magnitude: f64) -> Event {
    Event {
        id: id.to_owned(),
        network: "us".to_owned(),
        kind: kind.to_owned(),
        magnitude,
        line: "{}",
    }
}

fn record(topic: &str, partition: i32, id: &str, headers: &[(&'static str, &'static str)]) -> ConsumedRecord {
    let header = |(key, value): &(&'static str, &'static str)| (Bytes::from(*key), Some(Bytes::from(*value)));
    ConsumedRecord {
        topic: Arc::from(topic),
        partition,
        offset: 7,
        timestamp: 0,
        key: Some(Bytes::copy_from_slice(id.as_bytes())),
        value: Some(Bytes::from("{}")),
        headers: headers.iter().map(header).collect(),
    }
}

const ALERT: (&str, &str) = ("alert", "strong");
const STORY: [(&str, &str); 3] = [
    ("corvid-dlt-topic", "earthquakes"),
    ("corvid-dlt-offset", "3"),
    ("corvid-dlt-reason", "no earthquake"),
];

/// What is found wrong when these records came of three events: a weak quake, a strong one, a blast.
fn faults(records: &[ConsumedRecord]) -> Vec<String> {
    let events = [
        event("weak", "earthquake", 4.9),
        event("strong", "earthquake", 5.0),
        event("blast", "quarry blast", 1.0),
    ];
    Account::of(&events, records, &Networks::from([("us".to_owned(), 9)])).faults
}

#[test]
fn all_is_well_when_it_is() {
    let records = [
        record(TOPIC, 9, "weak", &[]),
        record(TOPIC, 9, "strong", &[ALERT]),
        record(DEAD_LETTERS, 0, "blast", &STORY),
    ];
    assert_eq!(faults(&records), [""; 0]);
}

#[test]
fn what_is_wrong_is_found() {
    let weak = || record(TOPIC, 9, "weak", &[]);
    let strong = || record(TOPIC, 9, "strong", &[ALERT]);
    let blast = || record(DEAD_LETTERS, 0, "blast", &STORY);
    let check = |records: &[ConsumedRecord], word: &str| {
        let faults = faults(records);
        assert!(faults.len() == 1 && faults[0].contains(word), "{word}: {faults:?}");
    };
    check(&[weak(), strong()], "lost");
    check(&[weak(), strong(), blast(), blast()], "twice");
    check(
        &[weak(), strong(), blast(), record(TOPIC, 9, "other", &[])],
        "never sent",
    );
    check(&[record(TOPIC, 8, "weak", &[]), strong(), blast()], "another network");
    check(
        &[record(TOPIC, 9, "weak", &[ALERT]), strong(), blast()],
        "marked wrongly",
    );
    check(&[weak(), record(TOPIC, 9, "strong", &[]), blast()], "marked wrongly");
    check(&[weak(), strong(), record(TOPIC, 9, "blast", &[])], "no earthquake");
    check(
        &[record(DEAD_LETTERS, 0, "weak", &STORY), strong(), blast()],
        "was refused",
    );
    check(
        &[weak(), strong(), record(DEAD_LETTERS, 0, "blast", &[])],
        "where it comes from",
    );
    let mut changed = weak();
    changed.value = Some(Bytes::from("{ }"));
    check(&[changed, strong(), blast()], "another value");
}
