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
    // The bug: of what `delayed list` names, `why` knows nothing.
    let why = node.admin(&["why", &format!("orders/1/{offset}")]).json();
    assert_eq!((&why["found"], &why["known"]), (&"hold".into(), &"log".into()), "{why}");
    assert_eq!(
        (&why["came_from"]["topic"], &why["came_from"]["last_offset"]),
        (&"orders".into(), &1.into())
    );
    assert_eq!(
        (&why["went_to"][0]["records"], &why["went_to"][0]["due"]),
        (&1.into(), &far[0]["due"])
    );
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

/// The bug: whoever takes the table out of the file, and the topic with it, is not told that its delays stay.
#[test]
fn delays_that_left_the_file_are_told_of() {
    let node = Node::start();
    node.file("orders.toml", POLICY);
    node.admin(&["apply", "orders.toml"]).json();
    node.file("plain.toml", "[topics.plain]\n");
    node.admin(&["apply", "plain.toml"]).json();
    let nothing = node
        .admin(&["delayed", "list", "plain", "-p", "0", "-n", "5"])
        .failed(1);
    assert_eq!(nothing["error"], "topic `plain` holds nothing");
    node.file("orders.toml", "[topics.plain]\n");
    let applied = node.admin(&["apply", "orders.toml"]).json();
    assert_eq!(
        applied["warnings"][0],
        "topic orders: the file has it no more, and it stays as it is; \
         `corvid topic alter orders --unset corvid.delay.max.ms` takes back what the file had set"
    );
}
