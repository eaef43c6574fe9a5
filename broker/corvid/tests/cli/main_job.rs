//! What Corvid is for: a plugin of one's own, written, built, checked, bound in TOML and applied.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::{Node, corvid};

const SETTINGS: &str = r#"
[plugins.by-region]
file   = "by-region/by-region.wasm"
config = { field = "region" }

[topics.orders]
partitions  = 6
partitioner = "by-region"
on_fault    = "dead-letter"
"#;

#[test]
fn a_plugin_of_ones_own_from_nothing_to_records_in_its_partitions() {
    let node = Node::start();
    write_and_build(&node);
    node.file("orders.toml", SETTINGS);
    let apply = |more: &[&str]| node.admin(&[&["apply", "orders.toml"], more].concat()).json();
    assert_eq!(apply(&["--dry-run"])["dry_run"], true);
    assert_eq!(node.admin(&["topic", "list"]).json(), json!([]));
    assert_eq!(apply(&[])["changes"].as_array().unwrap().len(), 2);
    assert_eq!(apply(&[])["changes"], json!([]));

    let order = |order: usize| format!("{order}:{{\"region\":\"{}\"}}\n", ["eu", "us"][order % 2]);
    let orders: String = (0..100).map(order).collect();
    let sent = node.kafka(&["produce", "orders", "-K", ":"], &orders).json();
    assert_eq!(sent["records"], 100);
    let records = node.records("orders");
    assert_eq!(records.len(), 100);
    let partitions_of = |region: &str| -> BTreeSet<i64> {
        let of_region = |record: &&Value| record["value"].as_str().unwrap().contains(region);
        let partition = |record: &Value| record["partition"].as_i64().unwrap();
        records.iter().filter(of_region).map(partition).collect()
    };
    assert_eq!(partitions_of("eu").len(), 1, "{records:?}");
    assert_eq!(partitions_of("us").len(), 1, "{records:?}");

    let described = node.admin(&["plugin", "describe", "by-region"]).json();
    assert_eq!(described["bindings"][0]["place"], "partitioner");
    assert_eq!(described["instances"][0]["records"], 100);
}

/// The bug: the line that `plugin new` recommends does not test what it wrote.
#[test]
fn every_template_passes_the_check_that_it_recommends() {
    let folder = tempfile::tempdir().unwrap();
    for hook in ["validator", "transform"] {
        corvid(folder.path(), &["plugin", "new", hook, "--hook", hook], "").json();
        corvid(folder.path(), &["plugin", "build", hook], "").json();
        let readme = std::fs::read_to_string(folder.path().join(hook).join("README.md")).unwrap();
        let (_, rest) = readme.split_once("corvid plugin check --config '").unwrap();
        let (config, _) = rest.split_once('\'').unwrap();
        let module = format!("{hook}/{hook}.wasm");
        let checked = corvid(folder.path(), &["plugin", "check", &module, "--config", config], "").json();
        assert_eq!(checked["self_test"]["run"], true);
        assert_eq!(checked["timings"].as_array().unwrap().len(), 2, "{checked}");
    }
}

/// Panics on values that end in `xxx"}`, such as those that a check is timed with.
const FAILS: &str = r#"
use corvid_plugin_sdk::{Config, Record, Topic, Validator, Verdict, export};
struct Fails;
impl Validator for Fails {
    fn new(_config: &Config<'_>) -> Result<Self, String> { Ok(Fails) }
    fn validate(&mut self, record: &Record<'_>, _topic: &Topic<'_>) -> Verdict {
        assert!(record.value().is_none_or(|value| !value.ends_with(b"xxx\"}")), "an order");
        Ok(())
    }
}
export!(validator = Fails);
"#;

/// The bugs: a plugin that panics on every record passes its check, with a time that was never measured; and whoever
/// sends it a record hears nothing for two minutes, and nothing of the panic then.
#[test]
fn a_plugin_that_only_fails_is_found_out() {
    let node = Node::start();
    let run = |arguments: &[&str]| corvid(node.folder.path(), arguments, "");
    run(&["plugin", "new", "fails", "--hook", "validator"]).json();
    node.file("fails/src/lib.rs", FAILS);
    run(&["plugin", "build", "fails"]).json();
    let checked = run(&["plugin", "check", "fails/fails.wasm"]);
    let error = checked.failed(1)["error"].as_str().unwrap().to_owned();
    assert!(error.contains("fails on plain JSON records: panic: "), "{error}");
    assert!(error.contains("an order"), "{error}");
    let report: Value = serde_json::from_str(&checked.out).unwrap();
    assert_eq!(report["timings"][0]["ns_per_record"], Value::Null);

    node.file(
        "fails.toml",
        "[plugins.fails]\nfile = \"fails/fails.wasm\"\n[topics.orders]\nproduce = [\"fails\"]\n",
    );
    node.admin(&["apply", "fails.toml"]).json();
    // More batches than it takes to open the breaker.
    for _ in 0..12 {
        let refused = node
            .kafka(&["produce", "orders", "-p", "0", "--timeout", "1ms"], "xxx\"}\n")
            .failed(1);
        let hint = refused["hint"].as_str().unwrap();
        assert!(hint.contains("panic") && hint.contains("an order"), "{refused}");
    }
    let log = node.log();
    assert!(
        log.contains("it is not called for a while; its last fault: panic: "),
        "{log}"
    );
    assert!(!log.contains("kind=\"breaker_open\""), "{log}");
}

fn write_and_build(node: &Node) {
    let folder = node.folder.path();
    let run = |arguments: &[&str]| corvid(folder, arguments, "").json();
    let written = run(&["plugin", "new", "by-region", "--hook", "partitioner"]);
    assert_eq!(written["folder"], "by-region");
    let built = run(&["plugin", "build", "by-region"]);
    let module = "by-region/by-region.wasm";
    // The bug: a plugin that was never started passes.
    let untested = corvid(folder, &["plugin", "check", module], "");
    assert!(untested.failed(1)["hint"].as_str().unwrap().contains("--config"));
    let untested: Value = serde_json::from_str(&untested.out).unwrap();
    assert_eq!(
        untested["self_test"],
        json!({ "run": false, "why": "`field` is missing" })
    );
    let checked = run(&["plugin", "check", module, "--config", "{\"field\":\"region\"}"]);
    assert_eq!(checked["hooks"], json!(["partition"]));
    assert_eq!(checked["self_test"], json!({ "run": true }));
    assert_eq!(checked["digest"], built["digest"]);
    assert_eq!(checked["timings"].as_array().unwrap().len(), 2);
}

#[test]
fn a_project_is_written_only_where_there_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for hook in ["validator", "transform"] {
        corvid(folder.path(), &["plugin", "new", hook, "--hook", hook], "").json();
    }
    let again = corvid(
        folder.path(),
        &["plugin", "new", "validator", "--hook", "validator"],
        "",
    )
    .failed(2);
    assert!(again["error"].as_str().unwrap().contains("not empty"));
    for name in ["Upper", "1st", "test", "../x", "a/b", ""] {
        assert_eq!(
            corvid(folder.path(), &["plugin", "new", name, "--hook", "validator"], "").code,
            2,
            "{name}"
        );
    }
    let missing = corvid(folder.path(), &["plugin", "check", "nothing.wasm"], "").failed(2);
    assert!(missing["hint"].as_str().unwrap().contains("plugin build"));
    std::fs::write(folder.path().join("no.wasm"), "no module").unwrap();
    corvid(folder.path(), &["plugin", "check", "no.wasm"], "").failed(1);
}
