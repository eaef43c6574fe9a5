//! Policies that change, and policies that are refused.

use serde_json::{Value, json};

use super::support::{Node, corvid};

const LETTERS: &str = r#"
[plugins.by-letter]
builtin = "letter-range-partitioner"

[plugins.large]
builtin = "threshold-alert"
config  = { field = "amount", threshold = 10 }

[topics.users]
partitions  = 2
partitioner = "by-letter"
produce     = ["large"]
"#;

#[test]
fn a_policy_is_changed_and_taken_back_while_the_node_runs() {
    let node = Node::start();
    node.file("users.toml", LETTERS);
    node.admin(&["apply", "users.toml"]).json();
    let send = |line: &str| node.kafka(&["produce", "users", "-K", ":"], line).json();
    send("Ada:{\"amount\":9}\nZoe:{\"amount\":11}\n");
    node.file("users.toml", &LETTERS.replace("threshold = 10", "threshold = 1"));
    let outcome = node.admin(&["apply", "users.toml"]).json();
    assert_eq!(outcome["changes"][0]["kind"], "change-plugin");
    send("Bob:{\"amount\":2}\n");
    // What the file lacks goes back to its default: the plugins are bound no more, and gone.
    node.file("users.toml", "[topics.users]\npartitions = 2\n");
    node.admin(&["apply", "users.toml"]).json();
    send("Eve:{\"amount\":99}\n");
    assert_eq!(node.admin(&["plugin", "list"]).json()["plugins"], json!([]));
    let seen = |name: &str| {
        let records = node.records("users");
        let record = records.iter().find(|record| record["key"] == name).unwrap().clone();
        (record["partition"].as_i64().unwrap(), record["headers"].clone())
    };
    assert_eq!(seen("Ada"), (0, json!([])));
    assert_eq!(seen("Zoe"), (1, json!([["alert", "true"]])));
    assert_eq!(seen("Bob"), (0, json!([["alert", "true"]])));
    assert_eq!(seen("Eve").1, json!([]));
}

/// The bug: a module that does not load takes the place of one that runs.
#[test]
fn what_does_not_load_is_refused_and_what_runs_stays() {
    let node = Node::start();
    node.file("users.toml", LETTERS);
    node.admin(&["apply", "users.toml"]).json();
    node.file("broken.wasm", "no module");
    let broken = LETTERS.replace("builtin = \"letter-range-partitioner\"", "file = \"broken.wasm\"");
    node.file("users.toml", &broken);
    for command in [&["apply", "users.toml", "--dry-run"][..], &["apply", "users.toml"]] {
        let refused = node.admin(command).failed(1);
        assert!(refused["error"].as_str().unwrap().contains("by-letter"), "{refused}");
        assert!(refused["hint"].as_str().unwrap().contains("nothing was changed"));
    }
    node.file("users.toml", &LETTERS.replace("threshold = 10", "threshold = \"ten\""));
    assert!(
        node.admin(&["apply", "users.toml"]).failed(1)["error"]
            .as_str()
            .unwrap()
            .contains("threshold")
    );
    node.kafka(&["produce", "users", "-K", ":"], "Zoe:{}\n").json();
    assert_eq!(node.records("users")[0]["partition"], 1);
}

#[test]
fn a_wrong_file_is_refused_before_anybody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        std::fs::write(folder.path().join("a.toml"), text).unwrap();
        corvid(folder.path(), &["config", "check", "a.toml"], "")
    };
    assert_eq!(check(LETTERS).json()["plugins"], 2);
    assert!(
        check("[topics.users]\npartitons = 2\n").failed(2)["error"]
            .as_str()
            .unwrap()
            .contains("a.toml:2:1")
    );
    assert!(
        check("[plugins.a]\nfile = \"none.wasm\"\n").failed(2)["error"]
            .as_str()
            .unwrap()
            .contains("none.wasm")
    );
    corvid(folder.path(), &["apply", "b.toml"], "").failed(2);
    check("[node]\nid = 7\n").json();
    let print = |arguments: &[&str]| corvid(folder.path(), &[&["config", "print"], arguments].concat(), "").json();
    assert_eq!(print(&["a.toml"])["node"]["id"], 7);
    let is_kafka = |key: &Value| key["section"] == "listeners" && key["kafka"] == "listeners";
    assert!(print(&[]).as_array().unwrap().iter().any(is_kafka));
}

#[test]
fn refused_records_are_dead_letters_with_their_reasons() {
    let node = Node::start();
    let policy = |headers: &str| {
        format!(
            "[plugins.limit]\nbuiltin = \"json-schema-validator\"\nconfig = {{ schema = {{ required = [\"id\"] }} }}\n\
             [topics.orders]\nproduce = [\"limit\"]\non_refused = \"dead-letter\"\n\
             dead_letter = {{ topic = \"dead\", headers = \"{headers}\" }}\n"
        )
    };
    for (count, style) in ["corvid", "spring", "connect"].into_iter().enumerate() {
        node.file("orders.toml", &policy(style));
        node.admin(&["apply", "orders.toml"]).json();
        node.kafka(&["produce", "orders", "-K", ":"], "good:{\"id\":1}\nbad:{}\n")
            .json();
        let shown = corvid(
            node.folder.path(),
            &["dlt", "show", "orders", "--kafka", &node.kafka, "--admin", &node.admin],
            "",
        )
        .json();
        assert_eq!(shown.as_array().unwrap().len(), count + 1);
        let letter = &shown[count];
        assert_eq!(
            (&letter["topic"], &letter["plugin"], &letter["key"]),
            (&json!("orders"), &json!("limit"), &json!("bad")),
            "{style}"
        );
        assert_eq!(letter["partition"], 0, "{style}");
        assert!(
            letter["offset"].is_i64() && letter["code"].is_number(),
            "{style}: {letter}"
        );
        assert!(letter["reason"].as_str().unwrap().contains("id"), "{style}: {letter}");
    }
    assert_eq!(node.records("orders").len(), 3);
    // The bug: no key is shown as the key "null".
    node.kafka(&["produce", "orders"], "{}\n").json();
    let letters = corvid(
        node.folder.path(),
        &[
            "dlt",
            "show",
            "dead",
            "-n",
            "1",
            "--kafka",
            &node.kafka,
            "--admin",
            &node.admin,
        ],
        "",
    )
    .json();
    assert_eq!(
        (letters.as_array().unwrap().len(), &letters[0]["key"]),
        (1, &Value::Null)
    );
}

/// The bug this is for: files were known by their names without folders, so one team's `corvid.toml` undid another's.
#[test]
fn two_files_of_one_name_do_not_undo_each_other() {
    let node = Node::start();
    for folder in ["a", "b"] {
        std::fs::create_dir(node.folder.path().join(folder)).unwrap();
    }
    node.file("a/corvid.toml", LETTERS);
    node.file("b/corvid.toml", "[topics.users]\npartitions = 2\n");
    node.admin(&["apply", "a/corvid.toml"]).json();
    let outcome = node.admin(&["apply", "b/corvid.toml"]).json();
    assert_eq!(outcome["changes"], json!([]));
    // Unless they say that they are the same.
    node.admin(&["apply", "a/corvid.toml", "--as", "users"]).json();
    let outcome = node
        .admin(&["apply", "b/corvid.toml", "--as", "users", "--dry-run"])
        .json();
    assert_ne!(outcome["changes"], json!([]));
}
