//! The slips of a first day, and what is said of them.

use std::net::TcpListener;

use super::support::{Came, Node, corvid};

fn said(came: &Came, code: i32, error: &str, hint: &str) {
    let failed = came.failed(code);
    let has = |what: &str, part: &str| failed[what].as_str().is_some_and(|text| text.contains(part));
    assert!(has("error", error) && has("hint", hint), "{failed}");
}

#[test]
fn the_wrong_listener_is_told_from_none() {
    let node = Node::start();
    let there = |arguments: &[&str]| corvid(node.folder.path(), arguments, "");
    let admin_of_kafka = there(&["topic", "list", "--admin", &node.kafka]);
    said(
        &admin_of_kafka,
        3,
        "does not answer",
        "is that a node's admin listener?",
    );
    let kafka_of_admin = there(&["consume", "orders", "--kafka", &node.admin]);
    said(&kafka_of_admin, 3, "does not speak Kafka's protocol", "--kafka");
    said(
        &there(&["topic", "list", "--admin", "127.0.0.1"]),
        2,
        "no port",
        "127.0.0.1:9099",
    );
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    said(
        &there(&["topic", "list", "--admin", &free]),
        3,
        "does not answer",
        "corvid serve",
    );
    said(
        &there(&["serve", "corvid.toml"]),
        2,
        "corvid.toml",
        "--config corvid.toml",
    );
}

#[test]
fn what_is_not_there_is_named() {
    let node = Node::start();
    said(
        &node.kafka(&["consume", "nope"], ""),
        4,
        "topic nope is not there",
        "topic list",
    );
    node.kafka(&["produce", "orders"], "1\n2\n").json();
    let beyond = node.kafka(&["consume", "orders", "--from", "2026"], "");
    said(&beyond, 1, "has no such offset", "topic describe");
    let values = |from: &str| {
        node.kafka(&["consume", "orders", "--from", from], "")
            .out
            .lines()
            .count()
    };
    assert_eq!((values("-1h"), values("1")), (2, 1));
    assert_eq!(node.kafka(&["consume", "orders", "--from", "-5"], "").code, 2);
}

/// The bug: the records of any topic are shown as dead letters without a word in them.
#[test]
fn a_topic_without_letters_has_none() {
    let node = Node::start();
    node.kafka(&["produce", "plain"], "1\n2\n").json();
    let show = |topic: &str| {
        let arguments = ["dlt", "show", topic, "--admin", &node.admin, "--kafka", &node.kafka];
        corvid(node.folder.path(), &arguments, "").json()
    };
    assert_eq!(show("plain"), serde_json::json!([]));
    node.file(
        "a.toml",
        "[plugins.m]\nbuiltin = \"field-mask\"\nconfig = { mask = [\"card\"] }\n[topics.bound]\nproduce = [\"m\"]\n",
    );
    node.admin(&["apply", "a.toml"]).json();
    assert_eq!(show("bound"), serde_json::json!([]));
}

#[test]
fn a_file_is_checked_with_its_plugins() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        std::fs::write(folder.path().join("a.toml"), text).unwrap();
        corvid(folder.path(), &["config", "check", "a.toml"], "")
    };
    let masked = |config: &str, bound: &str| {
        format!("[plugins.m]\nbuiltin = \"field-mask\"\nconfig = {{ {config} }}\n[topics.t]\n{bound}\n")
    };
    check(&masked("mask = [\"card\"]", "produce = [\"m\"]")).json();
    let hint = "plugin check";
    said(&check(&masked("maks = [\"card\"]", "")), 2, "`maks` is not a key", hint);
    let other = "produce = [{ plugin = \"m\", config = { mask = 7 } }]";
    said(&check(&masked("mask = [\"card\"]", other)), 2, "plugin `m`", hint);
    let wrong_place = "partitioner = \"m\"";
    said(
        &check(&masked("mask = [\"card\"]", wrong_place)),
        2,
        "wants the hook partition",
        hint,
    );
    let itself = "[plugins.m]\nfile = \"a.toml\"\n";
    said(&check(itself), 2, "not WebAssembly", hint);
}

#[test]
fn a_built_in_plugin_is_checked_like_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let check = |file: &str| {
        let arguments = ["plugin", "check", file, "--config", "{\"mask\": [\"card\"]}"];
        corvid(folder.path(), &arguments, "")
    };
    assert_eq!(check("builtin:field-mask").json()["self_test"]["run"], true);
    said(&check("builtin:field-maks"), 4, "field-maks", "field-mask");
    std::fs::write(folder.path().join("a.rhai"), "fn validate(record) {}").unwrap();
    said(&check("a.rhai"), 2, "is a script", "config check");
}
