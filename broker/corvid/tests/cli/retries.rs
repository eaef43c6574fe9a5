//! Records that a consumer fails on, by nothing but a file: they come back when they are due, and end in the dead-letter topic.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::support::{Came, Node};

const TABLE: &str = r#"
[topics.orders]
partitions = 2

[topics.orders.retry]
attempts = 3
backoff  = { initial = "150ms", multiplier = 2.0, max = "1m" }

[topics.orders.dead_letter]
topic = "lost-orders"
"#;

const RETRY: &str = "orders.billing.retry";

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

fn header(record: &Value, name: &str) -> String {
    let headers = record["headers"].as_array().unwrap();
    let found: Vec<_> = headers.iter().filter(|header| header[0] == name).collect();
    assert_eq!(found.len(), 1, "{name} of {record}");
    found[0][1].as_str().unwrap().to_owned()
}

/// Produces a record to the retry topic as a consumer does that has failed on it.
fn fail(node: &Node, headers: &[(String, String)], reason: &str) {
    let mut arguments: Vec<String> = ["produce", RETRY, "-p", "1", "-K", ":"].map(str::to_owned).into();
    let reason = ("corvid-retry-reason".to_owned(), reason.to_owned());
    for (key, value) in headers.iter().chain([&reason]) {
        arguments.extend(["-H".to_owned(), format!("{key}={value}")]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    node.kafka(&arguments, "Ada:an order\n").json();
}

/// The record at an offset or behind it, as soon as it is there.
fn next(node: &Node, from: u64) -> Value {
    let from = from.to_string();
    let came: Came = node.kafka(&["consume", RETRY, "-p", "1", "--from", &from, "-f", "-n", "1"], "");
    assert_eq!(came.code, 0, "{}", came.err);
    serde_json::from_str(came.out.lines().next().unwrap()).unwrap()
}

#[test]
fn a_file_is_all_it_takes() {
    let node = Node::start();
    node.file("orders.toml", TABLE);
    node.admin(&["apply", "orders.toml"]).json();
    let mut headers = vec![("trace".to_owned(), "7".to_owned())];
    let (mut from, mut first_at) = (0, None);
    for (attempt, wait_ms) in [(1, 150), (2, 300)] {
        let failed = now_ms();
        fail(&node, &headers, &format!("failure {attempt}"));
        let record = next(&node, from);
        assert!(now_ms() >= failed + wait_ms, "it is early");
        assert_eq!((&record["key"], &record["value"]), (&json!("Ada"), &json!("an order")));
        assert_eq!(header(&record, "trace"), "7");
        assert_eq!(header(&record, "corvid-retry-attempts"), attempt.to_string());
        assert_eq!(header(&record, "corvid-retry-reason"), format!("failure {attempt}"));
        assert_eq!(header(&record, "corvid-retry-topic"), "orders");
        let since = header(&record, "corvid-retry-first-at");
        assert_eq!(
            *first_at.get_or_insert(since.clone()),
            since,
            "the first failure stays the first"
        );
        from = record["offset"].as_u64().unwrap() + 1;
        // What comes back goes out again with all that it has.
        let given = record["headers"].as_array().unwrap().iter();
        headers = given
            .map(|header| {
                (
                    header[0].as_str().unwrap().to_owned(),
                    header[1].as_str().unwrap().to_owned(),
                )
            })
            .collect();
    }
    fail(&node, &headers, "failure 3");
    let letters = node.records("lost-orders");
    assert_eq!(letters.len(), 1);
    let told = [
        ("attempts", "3"),
        ("reason", "failure 3"),
        ("topic", "orders"),
        ("group", "billing"),
        ("stage", "consumer"),
        ("first-at", first_at.as_deref().unwrap()),
    ];
    for (name, value) in told {
        assert_eq!(header(&letters[0], &format!("corvid-dlt-{name}")), value, "{name}");
    }
    assert_eq!(header(&letters[0], "trace"), "7");
}

/// A restart in between: what waits is in the log, and nowhere else.
#[test]
fn what_waits_outlives_the_node() {
    let node = Node::start();
    node.file("orders.toml", &TABLE.replace("150ms", "1500ms"));
    node.admin(&["apply", "orders.toml"]).json();
    let failed = now_ms();
    fail(&node, &[], "no");
    let node = Node::start_in(node.stop(), &[]);
    let record = next(&node, 0);
    assert!(now_ms() >= failed + 1500, "it is early");
    assert_eq!(header(&record, "corvid-retry-attempts"), "1");
    assert_eq!(node.records(RETRY).len(), 1);
}

/// The bug: a retry topic that stands in the file beside its source is created first, as a topic like any other.
#[test]
fn a_retry_topic_may_stand_in_the_file_too() {
    let node = Node::start();
    let file = format!("{TABLE}\n[topics.\"{RETRY}\".configs]\n\"retention.ms\" = 60000\n");
    node.file("orders.toml", &file);
    node.admin(&["apply", "orders.toml"]).json();
    let topic = node.admin(&["topic", "describe", RETRY]).json();
    assert_eq!(topic["partition_details"].as_array().unwrap().len(), 2, "{topic}");
    fail(&node, &[], "no");
    assert_eq!(node.records(RETRY), [] as [Value; 0]);
    let again = node.admin(&["apply", "orders.toml"]).json();
    assert_eq!(again["changes"], json!([]));
}

/// The bug: whoever reaches the listener makes topics without end by naming them, and nobody is told.
#[test]
fn a_file_says_how_many_groups_may_have_one() {
    let node = Node::start();
    node.file(
        "orders.toml",
        &TABLE.replace("attempts = 3", "attempts = 3\ngroups_max = 1"),
    );
    node.admin(&["apply", "orders.toml"]).json();
    fail(&node, &[], "no");
    for _ in 0..2 {
        let came = node.kafka(&["produce", "orders.shipping.retry", "-p", "0"], "x\n");
        assert_ne!(came.code, 0, "{}", came.out);
        assert!(came.err.contains("InvalidTopicException"), "{}", came.err);
    }
    let request = format!(
        "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        node.admin
    );
    let text = node.http(&request);
    for line in [
        "corvid_retry_topics{topic=\"orders\"} 1",
        "corvid_retry_topics_max{topic=\"orders\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
    }
    let refused = text
        .lines()
        .filter_map(|line| line.strip_prefix("corvid_retry_topics_refused_total{topic=\"orders\"} "));
    let refused: Vec<u64> = refused.map(|count| count.parse().unwrap()).collect();
    assert!(refused.len() == 1 && refused[0] >= 2, "{refused:?}");
    let log = node.log();
    assert_eq!(
        log.matches("raise that, delete those that nobody needs").count(),
        1,
        "{log}"
    );
    // By hand there may be more, and a file that says more is all it takes.
    node.file("orders.toml", TABLE);
    node.admin(&["apply", "orders.toml"]).json();
    node.kafka(&["produce", "orders.shipping.retry", "-p", "0"], "x\n")
        .json();
}
