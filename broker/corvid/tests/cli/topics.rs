//! Topics by hand.

use serde_json::json;

use super::support::{Node, corvid};

#[test]
fn a_topics_life() {
    let node = Node::start();
    let created = node
        .admin(&["topic", "create", "orders", "-p", "3", "-c", "retention.ms=60000"])
        .json();
    assert_eq!(
        (&created["partitions"], &created["replication_factor"]),
        (&json!(3), &json!(1))
    );
    assert!(
        node.admin(&["topic", "create", "orders"]).failed(1)["hint"]
            .as_str()
            .unwrap()
            .contains("topic alter")
    );
    node.admin(&[
        "topic",
        "alter",
        "orders",
        "-p",
        "4",
        "--set",
        "max.message.bytes=1000",
        "--unset",
        "retention.ms",
    ])
    .json();
    let detail = node.admin(&["topic", "describe", "orders"]).json();
    assert_eq!(detail["partition_details"].as_array().unwrap().len(), 4);
    assert_eq!(
        detail["configs"],
        json!([{ "name": "max.message.bytes", "value": "1000", "source": "topic" }])
    );
    let large = "x".repeat(2000);
    let refused = node.kafka(&["produce", "orders", "-p", "0"], &large).failed(1);
    assert!(
        refused["hint"].as_str().unwrap().contains("max.message.bytes"),
        "{refused}"
    );
    node.admin(&["topic", "delete", "orders"]).json();
    node.admin(&["topic", "describe", "orders"]).failed(4);
    node.kafka(&["consume", "orders"], "").failed(4);
    assert_eq!(node.admin(&["topic", "list"]).json(), json!([]));
}

#[test]
fn what_is_wrong_is_said() {
    let node = Node::start();
    let refused = |arguments: &[&str], code: i32, word: &str| {
        let failed = node.admin(arguments).failed(code);
        assert!(
            failed["error"].as_str().unwrap().contains(word),
            "{arguments:?}: {failed}"
        );
    };
    refused(&["topic", "create", "a/b"], 1, "'/'");
    refused(&["topic", "create", "a", "-c", "retention.msec=1"], 1, "retention.msec");
    let both = ["-c", "cleanup.policy=compact", "-c", "corvid.delay.max.ms=1000"];
    refused(&[&["topic", "create", "a"], &both[..]].concat(), 1, "it is compacted");
    refused(
        &["topic", "create", "a", "-c", "corvid.partitioner=nobody"],
        1,
        "nobody",
    );
    refused(&["topic", "create", "a", "-p", "0"], 1, "artitions");
    refused(&["topic", "alter", "a", "-p", "3"], 4, "there is no topic");
    refused(&["topic", "alter", "a"], 2, "nothing to change");
    refused(&["topic", "delete", "a"], 4, "there is no topic");
    node.admin(&["topic", "create", "a", "-p", "2"]).json();
    refused(
        &["topic", "alter", "a", "-p", "1", "--set", "retention.ms=1"],
        1,
        "increase",
    );
    // The bug: what does not exist is taken back, and nothing is "changed".
    refused(&["topic", "alter", "a", "--unset", "nokey"], 1, "nokey");
    let meant = node
        .admin(&["topic", "alter", "a", "--unset", "retention.msec"])
        .failed(1);
    assert_eq!(meant["hint"], "did you mean `retention.ms`?");
    let same = node
        .admin(&["topic", "alter", "a", "-p", "2", "--unset", "retention.ms"])
        .json();
    assert_eq!(same["changed"], false);
    // The bug: the first that is missing keeps the others.
    node.admin(&["topic", "create", "b"]).json();
    node.admin(&["topic", "create", "c"]).json();
    refused(&["topic", "delete", "b", "nope", "c"], 4, "`nope`");
    assert_eq!(node.admin(&["topic", "list"]).json().as_array().unwrap().len(), 1);
    // The bug: half of a change is made.
    let configs = &node.admin(&["topic", "describe", "a"]).json()["configs"];
    assert_eq!(configs, &json!([]));
    assert_eq!(node.admin(&["topic", "create"]).code, 2);
    assert_eq!(node.admin(&["topic", "make", "a"]).code, 2);
    let nobody = corvid(node.folder.path(), &["topic", "list", "--admin", "127.0.0.1:1"], "").failed(3);
    assert!(nobody["hint"].as_str().unwrap().contains("corvid serve"));
    corvid(node.folder.path(), &["produce", "a", "--kafka", "127.0.0.1:1"], "").failed(3);
}

#[test]
fn records_of_every_codec_and_kind_come_back_as_they_went() {
    let node = Node::start();
    node.admin(&["topic", "create", "mixed", "-p", "1"]).json();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let sent = node.kafka(
            &[
                "produce",
                "mixed",
                "-K",
                "=",
                "-H",
                "codec=a",
                "-H",
                "codec=b",
                "--compression",
                codec,
            ],
            "k=v\nno key\n=\n",
        );
        assert_eq!(sent.json()["records"], 3, "{codec}");
    }
    let records = node.records("mixed");
    assert_eq!(records.len(), 15);
    for (index, record) in records.iter().enumerate() {
        let (key, value) = [
            (json!("k"), json!("v")),
            (json!(null), json!("no key")),
            (json!(""), json!("")),
        ][index % 3]
            .clone();
        assert_eq!(
            (&record["key"], &record["value"], &record["offset"]),
            (&key, &value, &json!(index))
        );
        assert_eq!(record["headers"], json!([["codec", "a"], ["codec", "b"]]));
    }
    let some = node.kafka(&["consume", "mixed", "--from", "13", "-n", "1"], "");
    assert!(
        some.out.contains("\"offset\":13") && some.out.lines().count() == 1,
        "{}",
        some.out
    );
    // The bug: what is sent to a partition that is not there is tried for two minutes.
    for command in ["consume", "produce"] {
        let missing = node.kafka(&[command, "mixed", "--partition", "1"], "a\n").failed(4);
        assert_eq!(missing["error"], "topic mixed has no partition 1", "{command}");
        assert_eq!(missing["hint"], "it has 0 to 0", "{command}");
    }
    assert_eq!(node.kafka(&["consume", "mixed", "--from", "latest"], "").out, "");
}
