//! Consumer groups by hand.

use serde_json::json;

use super::support::Node;

#[test]
fn a_group_is_set_back_and_deleted() {
    let node = Node::start();
    assert_eq!(node.admin(&["group", "list"]).json(), json!([]));
    node.admin(&["group", "describe", "g"]).failed(4);
    node.admin(&["topic", "create", "t", "-p", "1"]).json();
    node.kafka(&["produce", "t"], "a\nb\nc\n").json();
    // Before the first consumer there is no log of groups. Whoever only asks makes none.
    node.admin(&["group", "reset", "g", "--to", "earliest"]).failed(1);
    let dry = node.admin(&["group", "reset", "g", "--topic", "t", "--to", "1", "--dry-run"]);
    assert_eq!(dry.json()[0]["to"], 1);
    node.admin(&["group", "describe", "g"]).failed(4);
    let reset = |to: &str| node.admin(&["group", "reset", "g", "--topic", "t", "--to", to]).json()[0].clone();
    assert_eq!(
        reset("2"),
        json!({ "topic": "t", "partition": 0, "from": null, "to": 2 })
    );
    assert_eq!(reset("-1")["to"], 1);
    assert_eq!(reset("@0")["to"], 0);
    assert_eq!(reset("latest")["to"], 3);
    assert_eq!(reset("99")["to"], 3);
    let dry = node
        .admin(&["group", "reset", "g", "--to", "earliest", "--dry-run"])
        .json();
    assert_eq!((&dry[0]["from"], &dry[0]["to"]), (&json!(3), &json!(0)));
    reset("-1");
    let described = node.admin(&["group", "describe", "g"]).json();
    assert_eq!(described["state"], "Empty");
    assert_eq!(
        described["offsets"],
        json!([{ "topic": "t", "partition": 0, "offset": 2, "end": 3, "lag": 1 }])
    );
    assert_eq!(node.admin(&["group", "list"]).json()[0]["group"], "g");
    assert_eq!(node.admin(&["group", "reset", "g", "--to", "soon"]).code, 2);
    node.admin(&["group", "reset", "g", "--topic", "nope", "--to", "latest"])
        .failed(4);
    node.admin(&["group", "delete", "g"]).json();
    node.admin(&["group", "delete", "g"]).failed(4);
}

/// The bug: one command, and the offsets of all groups are gone.
#[test]
fn the_topic_of_all_groups_is_not_for_people_to_change() {
    let node = Node::start();
    for make in [false, true] {
        if make {
            node.admin(&["topic", "create", "t"]).json();
            node.admin(&["group", "reset", "g", "--topic", "t", "--to", "0"]).json();
        }
        for change in [&["create"][..], &["alter", "-p", "60"], &["delete"]] {
            let refused = node
                .admin(&[&["topic"], change, &["__consumer_offsets"]].concat())
                .failed(1);
            assert_eq!(
                refused["error"],
                "`__consumer_offsets` is the broker's own: it holds the offsets of all groups"
            );
            assert!(refused["hint"].as_str().unwrap().contains("group delete"));
        }
    }
}
