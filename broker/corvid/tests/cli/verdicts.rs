//! A plugin's verdicts before it is deployed: on a file, as a diff; on the clock; on what a topic has.

use serde_json::json;

use super::support::{Node, corvid};

const MODULE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../plugin-sdk/released/0.1.0/threshold_alert.wasm"
);

const RECORDS: &str = r#"{"key":"small","value":{"amount":1}}
{"key":"large","value":"{\"amount\":11}","headers":[["trace","a"]]}
{"key":"gone","value":null}
"#;

fn threshold(limit: u32) -> String {
    json!({ "field": "amount", "threshold": limit }).to_string()
}

/// The bug: a build does not fail when a plugin says something else than before.
#[test]
fn a_test_fails_when_a_verdict_differs() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jsonl"), RECORDS).unwrap();
    let test = |limit, more: &[&str]| {
        let config = threshold(limit);
        let test = ["plugin", "test", MODULE, "--config", &config, "--records", "a.jsonl"];
        corvid(folder.path(), &[&test, more].concat(), "")
    };
    let missing = test(10, &[]).failed(2);
    assert!(missing["hint"].as_str().unwrap().contains("--update"), "{missing}");
    assert_eq!(test(10, &["--update"]).json()["updated"], true);
    let written = std::fs::read_to_string(folder.path().join("a.jsonl.expected")).unwrap();
    let expected = "0 small transform: accept\n1 large transform: edit header =alert: true\n2 gone transform: accept\n";
    assert_eq!(written, expected);
    assert_eq!(test(10, &[]).json()["differences"], json!([]));
    let came = test(1, &[]);
    came.failed(1);
    let report: serde_json::Value = serde_json::from_str(&came.out).unwrap();
    let differs = &report["differences"][0];
    assert_eq!(
        (&differs["line"], &differs["expected"]),
        (&json!(1), &json!("0 small transform: accept"))
    );
    assert_eq!(differs["actual"], "0 small transform: edit header =alert: true");
    std::fs::write(folder.path().join("a.jsonl"), "{\"kye\":1}").unwrap();
    let wrong = test(10, &[]).failed(2);
    assert!(wrong["error"].as_str().unwrap().contains("a.jsonl:1: `kye`"), "{wrong}");
}

/// The bug: a plugin that looks things up can't be tried before it is bound.
#[test]
fn a_test_has_tables() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jsonl"), RECORDS).unwrap();
    std::fs::write(
        folder.path().join("limits.jsonl"),
        "{\"key\":\"large\",\"value\":99}\n{\"key\":\"large\",\"value\":10}\n{\"key\":\"small\",\"value\":null}\n",
    )
    .unwrap();
    let config = json!({ "field": "amount", "table": "limits" }).to_string();
    let test = [
        "plugin",
        "test",
        "builtin:threshold-alert",
        "--config",
        &config,
        "--records",
        "a.jsonl",
        "--update",
    ];
    let test = |more: &[&str]| corvid(folder.path(), &[&test, more].concat(), "");
    let verdicts = test(&["--table", "limits=limits.jsonl"]).json();
    assert_eq!(verdicts["verdicts"][1], "1 large transform: edit header =alert: true");
    assert_eq!(test(&[]).json()["verdicts"][1], "1 large transform: accept");
    test(&["--table", "other=limits.jsonl"]).failed(1);
}

#[test]
fn a_bench_tells_what_a_record_costs() {
    let folder = tempfile::tempdir().unwrap();
    let bench = ["plugin", "bench", MODULE, "--config", &threshold(10), "--time", "20ms"];
    let rows = corvid(folder.path(), &bench, "").json();
    let row = |index: usize| (&rows[index]["hook"], &rows[index]["records"]);
    assert_eq!(row(0), (&json!("transform"), &json!("100 B")));
    assert_eq!(row(1), (&json!("transform"), &json!("1.0 KiB")));
    assert!(rows[0]["ns_per_record"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_replay_tells_what_would_fare_otherwise_and_changes_nothing() {
    let node = Node::start();
    let file = "[plugins.large]\nbuiltin = \"threshold-alert\"\nconfig = { field = \"amount\", threshold = 10 }\n\
                [plugins.schema]\nbuiltin = \"json-schema-validator\"\nconfig = { schema = { required = [\"amount\"] } }\n\
                [topics.users]\nproduce = [\"large\", { plugin = \"schema\", on_refused = \"dead-letter\" }]\n";
    node.file("users.toml", file);
    node.admin(&["apply", "users.toml"]).json();
    let lines = "small:{\"amount\":1}\nlarge:{\"amount\":11}\nbad:{}\nsmaller:{\"amount\":2}\n";
    node.kafka(&["produce", "users", "-K", ":"], lines).json();
    let before = node.records("users");
    let replay = |module: &str, config: &str, more: &[&str]| {
        let replay = ["plugin", "replay", module, "--config", config, "--topic", "users"];
        node.kafka(&[&replay, more].concat(), "").json()
    };
    let same = replay(MODULE, &threshold(10), &[]);
    assert_eq!((&same["records"], &same["differ"]), (&json!(3), &json!({})));
    let stricter = replay(MODULE, &threshold(2), &["--from", "-1h"]);
    assert_eq!(stricter["differ"], json!({ "accepted -> edit": 1 }));
    let differs = &stricter["differences"][0];
    assert_eq!((&differs["key"], &differs["offset"]), (&json!("smaller"), &json!(4)));
    let validator = MODULE.replace("threshold_alert", "json_schema_validator");
    let looser = replay(&validator, "{\"schema\":{}}", &["--name", "schema"]);
    assert_eq!(
        (&looser["letters"], &looser["differ"]),
        (&json!(1), &json!({ "refused -> accept": 1 }))
    );
    assert_eq!(node.records("users"), before);
}
