//! What decided on a record, where it comes from, and where it went.

use serde_json::{Value, json};

use super::support::Node;

const BOUND: &str = r#"
[plugins.by-letter]
builtin = "letter-range-partitioner"

[plugins.large]
builtin = "threshold-alert"
config  = { field = "amount", threshold = 10 }

[plugins.schema]
builtin = "json-schema-validator"
config  = { schema = { required = ["amount"] } }

[topics.users]
partitions  = 2
partitioner = "by-letter"
produce     = ["large", { plugin = "schema", on_refused = "dead-letter" }]
"#;

fn generations(why: &Value) -> Vec<(&str, u64)> {
    let deciders = why["deciders"].as_array().unwrap();
    deciders
        .iter()
        .map(|by| (by["plugin"].as_str().unwrap(), by["generation"].as_u64().unwrap()))
        .collect()
}

fn why(node: &Node, place: &str) -> Value {
    node.admin(&["why", place]).json()
}

#[test]
fn a_record_that_moved_is_found_at_both_ends() {
    let node = Node::start();
    node.file("users.toml", BOUND);
    node.admin(&["apply", "users.toml"]).json();
    let send = |lines: &str| node.kafka(&["produce", "users", "-K", ":", "-p", "0"], lines).json();
    // The entry has offset 0, the batch 1 to 3.
    send("Ada:{\"amount\":1}\nZoe:{\"amount\":1}\nBad:{}\n");
    let all = vec![("large", 1), ("schema", 1), ("by-letter", 1)];
    let stayed = why(&node, "users/0/1");
    assert_eq!(
        (&stayed["found"], &stayed["known"], &stayed["key"]),
        (&json!("record"), &json!("log"), &json!("Ada"))
    );
    assert_eq!(generations(&stayed), all);
    let moved = why(&node, "users/0/2");
    assert_eq!(
        (&moved["found"], &moved["went_to"][0]["topic"]),
        (&json!("gap"), &json!("users"))
    );
    assert_eq!(moved["went_to"][0]["partition"], 1);
    let arrived = why(&node, "users/1/0");
    assert_eq!(
        (&arrived["found"], &arrived["known"]),
        (&json!("delivered"), &json!("log"))
    );
    let from = &arrived["came_from"];
    assert_eq!((&from["topic"], &from["partition"]), (&json!("users"), &json!(0)));
    assert_eq!((&from["first_offset"], &from["last_offset"]), (&json!(1), &json!(3)));
    assert_eq!(generations(&arrived), all);
    let letter = why(&node, "users.DLT/0/0");
    assert_eq!(
        (&letter["came_from"]["offset"], &letter["key"]),
        (&json!(3), &json!("Bad"))
    );
    // The bug: a gap at the end of the log is taken for what is not there yet.
    let last = why(&node, "users/0/3");
    let to_letters = |target: &Value| target["topic"] == "users.DLT";
    assert!(last["went_to"].as_array().unwrap().iter().any(to_letters), "{last}");
    assert_eq!(last["found"], "gap");
    assert_eq!(why(&node, "users/0/0")["found"], "hidden");
    node.admin(&["why", "users/0/4"]).failed(4);
    node.admin(&["why", "users/7/0"]).failed(4);
    node.admin(&["why", "nothing/0/0"]).failed(4);
    assert_eq!(node.admin(&["why", "users/0"]).code, 2);
}

/// The bug: nothing says which generation let a record pass that stayed where it was.
#[test]
fn a_record_that_stayed_tells_its_generation() {
    let node = Node::start();
    node.file("plain.toml", "[topics.users]\npartitions = 1\n");
    node.admin(&["apply", "plain.toml"]).json();
    let send = |node: &Node| {
        node.kafka(&["produce", "users", "-K", ":"], "Ada:{\"amount\":1}\n")
            .json()
    };
    send(&node);
    node.file("users.toml", "[plugins.large]\nbuiltin = \"threshold-alert\"\nconfig = { field = \"amount\", threshold = 10 }\n[topics.users]\nproduce = [\"large\"]\n");
    node.admin(&["apply", "users.toml"]).json();
    send(&node);
    let deploy = |limit: &str, more: &[&str]| {
        let config = format!("{{\"field\":\"amount\",\"threshold\":{limit}}}");
        let deploy = [
            "plugin",
            "deploy",
            "builtin:threshold-alert",
            "--name",
            "large",
            "--config",
            &config,
        ];
        node.admin(&[&deploy, more].concat()).json();
    };
    deploy("20", &[]);
    send(&node);
    deploy("30", &["--canary", "0"]);
    send(&node);
    node.admin(&["plugin", "rollback", "large"]).json();
    send(&node);
    node.admin(&["topic", "alter", "users", "--set", "corvid.produce="])
        .json();
    send(&node);
    let told = |node: &Node| -> Vec<(Value, Vec<u64>)> {
        let all = (0..6).map(|offset| why(node, &format!("users/0/{offset}")));
        all.map(|why| {
            let generations = generations(&why).iter().map(|(_, generation)| *generation).collect();
            (why["known"].clone(), generations)
        })
        .collect()
    };
    let noted = |generations: &[u64]| (json!("noted"), generations.to_vec());
    let expected = vec![
        (json!("not"), vec![]),
        noted(&[1]),
        noted(&[2]),
        noted(&[3]),
        noted(&[2]),
        noted(&[]),
    ];
    assert_eq!(told(&node), expected);
    let node = Node::start_in(node.stop(), &[]);
    assert_eq!(told(&node), expected);
    send(&node);
    assert_eq!(why(&node, "users/0/6")["known"], "noted");
}
