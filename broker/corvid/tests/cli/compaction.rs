//! Compacted topics: of each key the last record stays, while producers go on and whatever dies.

use std::collections::BTreeMap;

use serde_json::Value;

use super::support::Node;

/// Compaction looks ten times a second, at what is small.
const SETTINGS: &str = "[broker]\n\"log.retention.check.interval.ms\" = 100\n\
    [topics.users]\npartitions = 1\nconfigs = { \"cleanup.policy\" = \"compact\", \"internal.segment.bytes\" = 4096, \
    \"min.cleanable.dirty.ratio\" = 0.1, \"delete.retention.ms\" = 0 }\n";

const KEYS: usize = 50;

fn start(folder: tempfile::TempDir, fault: &str) -> Node {
    std::fs::write(folder.path().join("users.toml"), SETTINGS).unwrap();
    Node::start_to_fail(folder, &["--data", "data", "--config", "users.toml"], fault)
}

/// Gives every key a value of this round.
fn produce(node: &Node, round: usize) -> i32 {
    let users: String = (0..KEYS).map(|key| format!("user-{key}:{round}-{key}\n")).collect();
    node.kafka(&["produce", "users", "-K", ":"], &users).code
}

/// The last value of each key; offsets ascend.
fn last(records: &[Value]) -> BTreeMap<String, String> {
    let offsets: Vec<i64> = records
        .iter()
        .map(|record| record["offset"].as_i64().unwrap())
        .collect();
    assert!(offsets.is_sorted(), "{offsets:?}");
    let text = |record: &Value, part: &str| record[part].as_str().unwrap().to_owned();
    records
        .iter()
        .map(|record| (text(record, "key"), text(record, "value")))
        .collect()
}

fn expected(round: usize) -> BTreeMap<String, String> {
    (0..KEYS)
        .map(|key| (format!("user-{key}"), format!("{round}-{key}")))
        .collect()
}

#[test]
fn the_last_of_each_key_stays_while_producers_go_on_and_after_a_crash() {
    let mut node = start(tempfile::tempdir().unwrap(), "compaction.swap=kill@2");
    let refused = node.kafka(&["produce", "users"], "nobody\n").failed(1);
    assert!(refused["hint"].as_str().unwrap().contains("has no key"), "{refused}");
    // It dies when a compacted segment is about to take the place of the old ones.
    let mut round = 0;
    while produce(&node, round) == 0 {
        round += 1;
    }
    assert!(!node.ended().success());
    node = start(node.folder(), "");
    round += 1;
    assert_eq!(produce(&node, round), 0);
    assert_eq!(last(&node.records("users")), expected(round));
    // Until it is smaller than what was written since.
    let mut records = node.records("users");
    for _ in 0..100 {
        round += 1;
        assert_eq!(produce(&node, round), 0);
        records = node.records("users");
        assert_eq!(last(&records), expected(round));
        if records.len() < round * KEYS / 2 {
            break;
        }
    }
    assert!(
        records.len() < round * KEYS / 2,
        "{} of {}",
        records.len(),
        round * KEYS
    );
    node = start(node.stop(), "");
    assert_eq!(last(&node.records("users")), expected(round));
}
