//! Consumer groups by hand.

use corvid_wire::client::{Client, ClientOptions};
use corvid_wire::kafka::messages::FindCoordinatorRequest;
use serde_json::json;

use super::support::Node;

#[tokio::test]
async fn a_group_is_set_back_and_deleted() {
    let node = Node::start();
    assert_eq!(node.admin(&["group", "list"]).json(), json!([]));
    node.admin(&["group", "describe", "g"]).failed(4);
    node.admin(&["topic", "create", "t", "-p", "1"]).json();
    node.kafka(&["produce", "t"], "a\nb\nc\n").json();
    // The first consumer of a group makes the log of groups.
    let mut client = Client::connect(&node.kafka, ClientOptions::default()).await.unwrap();
    let request = FindCoordinatorRequest::default().with_coordinator_keys(vec!["g".to_owned().into()]);
    client.request(&request).await.unwrap();

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
