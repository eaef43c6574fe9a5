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
    assert_eq!(
        (&rows[0]["native_ns_per_record"], &rows[0]["ratio"]),
        (&json!(null), &json!(null))
    );
}

/// A project's own records, of which one asks for what only a policy is told.
const FAILED: &str = r#"{"key":"a","value":"x","failed":{"reason":"the database timed out"}}
{"key":"b","value":"x","failed":{"reason":"no such product"}}
{"key":"c","value":"x","failed":{"stage":"validator","reason":"timed out","attempt":3}}
"#;

/// The bug: what the sandbox costs is a guess, since nothing stands beside it.
#[test]
fn a_project_is_measured_beside_its_native_build() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| corvid(folder.path(), arguments, "");
    run(&["plugin", "new", "patient", "--hook", "policy"]).json();
    std::fs::write(folder.path().join("failed.jsonl"), FAILED).unwrap();
    let config = ["--config", "{\"passing\": \"timed out\"}"];
    let bench = |more: &[&str]| run(&[&["plugin", "bench", "patient", "--time", "5ms"], &config[..], more].concat());
    let rows = bench(&["--records", "failed.jsonl"]).json();
    let native = rows[0]["native_ns_per_record"].as_f64().unwrap();
    assert!(native > 0.0 && rows[0]["ratio"].as_f64().unwrap() > 0.0, "{rows}");
    assert_eq!(
        (&rows[0]["hook"], rows.as_array().unwrap().len()),
        (&json!("policy"), 1)
    );
    let alone = bench(&["--no-native"]).json();
    assert_eq!((alone.as_array().unwrap().len(), &alone[0]["ratio"]), (2, &json!(null)));
    // The same module judges, by the folder's name.
    run(&["plugin", "build", "patient"]).json();
    let test = ["plugin", "test", "patient", "--records", "failed.jsonl", "--update"];
    let verdicts = run(&[&test, &config[..]].concat()).json()["verdicts"].clone();
    let expected = [
        "0 a policy: retry after 1s",
        "1 b policy: dead-letter",
        "2 c policy: dead-letter",
    ];
    assert_eq!(verdicts, json!(expected));
    // What builds for the sandbox only can be measured without a native build.
    let source = folder.path().join("patient/src/lib.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    // It finds the same in its tables, sandbox or not.
    let decide = text.find("fn decide(").unwrap();
    let body = decide + text[decide..].find("{\n").unwrap() + 1;
    let looks = "let mut limits = corvid_plugin_sdk::Table::open(\"limits\").unwrap();\n\
                 assert!(limits.get(\"a\") == Some(&b\"2\"[..]) && limits.get(\"b\").is_none(), \"other limits\");";
    std::fs::write(&source, [&text[..body], looks, &text[body..]].concat()).unwrap();
    let limits = "{\"key\":\"a\",\"value\":\"1\"}\n{\"key\":\"b\",\"value\":\"1\"}\n{\"key\":\"a\",\"value\":\"2\"}\n{\"key\":\"b\"}\n";
    std::fs::write(folder.path().join("limits.jsonl"), limits).unwrap();
    let rows = bench(&["--table", "limits=limits.jsonl"]).json();
    assert!(rows[0]["ratio"].as_f64().unwrap() > 0.0, "{rows}");
    assert!(bench(&[]).failed(1)["error"].as_str().unwrap().contains("other limits"));
    let broken = text.replace(
        "fn new(",
        "#[cfg(not(target_arch = \"wasm32\"))] const NATIVE: () = panic!();\n    fn new(",
    );
    std::fs::write(&source, broken).unwrap();
    let failed = bench(&[]).failed(1);
    assert!(failed["hint"].as_str().unwrap().contains("--no-native"), "{failed}");
}

#[test]
fn a_view_is_tried_for_one_who_reads() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jsonl"), RECORDS).unwrap();
    let test = [
        "plugin",
        "test",
        "builtin:field-mask",
        "--records",
        "a.jsonl",
        "--update",
    ];
    let config = ["--config", "{\"mask\": [\"amount\"]}", "--client-id", "web"];
    let verdicts = corvid(folder.path(), &[&test, &config[..]].concat(), "").json()["verdicts"].clone();
    let verdicts: Vec<&str> = verdicts
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect();
    assert!(
        verdicts.contains(&"0 small view: edit value = {\"amount\":\"***\"}"),
        "{verdicts:?}"
    );
    assert!(verdicts.contains(&"2 gone view: accept"), "{verdicts:?}");
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

/// The bug: a policy or a view can only be tried on a node, where it decides.
#[test]
fn a_replay_asks_a_policy_about_what_consumers_gave_up_on_and_a_view_about_what_is_stored() {
    let node = Node::start();
    node.file(
        "orders.toml",
        "[topics.orders]\npartitions = 1\nretry = { attempts = 1 }\n",
    );
    node.admin(&["apply", "orders.toml"]).json();
    node.kafka(&["produce", "orders", "-K", ":"], "a:{\"card\":\"4111\"}\nb:{}\n")
        .json();
    for (line, code) in [("a:{\"card\":\"4111\"}\n", "card_expired"), ("b:{}\n", "timeout")] {
        let code = format!("corvid-retry-code={code}");
        let failed = [
            "produce",
            "orders.billing.retry",
            "-K",
            ":",
            "-H",
            &code,
            "-H",
            "corvid-retry-reason=no",
        ];
        node.kafka(&failed, line).json();
    }
    let replay = |module: &str, more: &[&str]| {
        let replay = ["plugin", "replay", module, "--topic", "orders"];
        node.kafka(&[&replay, more].concat(), "").json()
    };
    let policy = replay("builtin:payments-backoff", &[]);
    assert_eq!(
        (&policy["records"], &policy["letters"]),
        (&json!(0), &json!(2)),
        "{policy}"
    );
    assert_eq!(policy["differ"], json!({ "dead-letter -> retry": 1 }));
    let differs = &policy["differences"][0];
    assert_eq!(
        (&differs["key"], &differs["topic"]),
        (&json!("b"), &json!("orders.DLT"))
    );
    assert_eq!(
        (&differs["happened"], &differs["now"]),
        (&json!("dead-letter: no"), &json!("retry after 500ms"))
    );
    let view = replay("builtin:field-mask", &["--config", "{\"mask\":[\"card\"]}"]);
    let of_view = view["differences"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["hook"] == "view");
    let told: Vec<_> = of_view
        .map(|one| (one["key"].as_str(), one["happened"].as_str()))
        .collect();
    assert_eq!(told, [(Some("a"), Some("stored"))], "{view}");
}
