//! What is held until later, as the command line shows and ends it.

use super::support::Node;

const POLICY: &str = "[topics.orders]\npartitions = 2\n[topics.orders.delay]\nmax = \"1d\"\n";

/// The bug it is for: what the file says of delays is read, and not obeyed.
#[test]
fn what_is_held_is_listed_and_cancelled() {
    let node = Node::start_in(tempfile::tempdir().unwrap(), &["--data", "data"]);
    node.file("orders.toml", POLICY);
    node.admin(&["apply", "orders.toml"]).json();
    for key in ["a", "b", "c"] {
        let line = format!("{key}:1\n");
        let delay = if key == "c" {
            "corvid-delay-ms=1"
        } else {
            "corvid-delay-ms=3600000"
        };
        node.kafka(&["produce", "orders", "-p", "1", "-K", ":", "-H", delay], &line)
            .json();
    }
    let topics = node.admin(&["delayed", "list"]).json();
    assert_eq!(topics[0]["topic"], "orders");
    assert_eq!(topics[0]["max_ms"], 86_400_000);
    let held = node.admin(&["delayed", "list", "orders", "--partition", "1"]).json();
    let far: Vec<_> = held
        .as_array()
        .unwrap()
        .iter()
        .filter(|held| held["key"] != "c")
        .collect();
    assert_eq!([&far[0]["key"], &far[1]["key"]], ["a", "b"]);
    assert_eq!((&far[0]["records"], &far[0]["attempts"]), (&1.into(), &0.into()));
    let offset = far[0]["offset"].to_string();
    let cancel = |offset: &str| {
        node.admin(&["delayed", "cancel", "orders", "--partition", "1", offset])
            .json()
    };
    assert_eq!(cancel(&offset)["cancelled"], 1);
    assert_eq!(cancel(&offset)["cancelled"], 0);
    let all = node
        .admin(&["delayed", "cancel", "orders", "--partition", "1", "--all"])
        .json();
    assert!(all["cancelled"].as_u64().unwrap() >= 1);
    let none = node.admin(&["delayed", "list", "orders"]).json();
    assert_eq!(none.as_array().unwrap().len(), 0);
}
