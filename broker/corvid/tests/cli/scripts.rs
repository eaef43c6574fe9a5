//! Scripts, from a file of settings to records.

use serde_json::{Value, json};

use super::support::{Node, corvid, warm};

const ORDERS: &str = r#"
[topics.orders]
partitions = 4

[topics.orders.partitioner]
script = """
fn partition(record) {
    switch record.json?.region {
        "eu" => 1,
        "us" => config?.us ?? 2,
        _ => KEEP
    }
}
"""
"#;

fn node() -> Node {
    let folder = tempfile::tempdir().unwrap();
    warm(folder.path());
    Node::start_in(folder, &[])
}

/// The partition of each order, by its id.
fn partitions(node: &Node) -> Value {
    let records = node.records("orders").into_iter().map(|record| {
        let key = record["key"].as_str().unwrap().to_owned();
        (key, record["partition"].clone())
    });
    Value::Object(records.collect())
}

#[test]
fn a_script_routes_and_is_changed_while_the_node_runs() {
    let node = node();
    node.file("orders.toml", ORDERS);
    let applied = node.admin(&["apply", "orders.toml"]).json();
    assert_eq!(applied["changes"].as_array().unwrap().len(), 2, "{applied}");
    let send = |lines: &str| node.kafka(&["produce", "orders", "-K", ":"], lines).json();
    send("a:{\"region\":\"eu\"}\nb:{\"region\":\"us\"}\n");
    node.file("orders.toml", &ORDERS.replace("\"eu\" => 1", "\"eu\" => 3"));
    let changed = node.admin(&["apply", "orders.toml"]).json();
    assert_eq!(
        changed["changes"][0]["text"],
        "~ plugin orders.partitioner: script (generation 2)"
    );
    send("c:{\"region\":\"eu\"}\n");
    node.file(
        "orders.toml",
        &ORDERS.replace("script =", "config = { us = 0 }\nscript ="),
    );
    node.admin(&["apply", "orders.toml"]).json();
    send("d:{\"region\":\"us\"}\n");
    assert_eq!(partitions(&node), json!({ "a": 1, "b": 2, "c": 3, "d": 0 }));
    // A script is a plugin like any other.
    let described = node.admin(&["plugin", "describe", "orders.partitioner"]).json();
    assert_eq!(described["bindings"][0]["topic"], "orders");
    assert_eq!(described["instances"][0]["hooks"], json!(["partition"]));
}

/// The bug: a script is applied that does not compile, or that has no function for its place.
#[test]
fn what_does_not_compile_is_refused_and_what_runs_stays() {
    let node = node();
    node.file("orders.toml", ORDERS);
    node.admin(&["apply", "orders.toml"]).json();
    let refused = |text: &str| {
        node.file("wrong.toml", text);
        let apply = node.admin(&["apply", "wrong.toml", "--as", "orders"]).failed(1);
        apply["error"].as_str().unwrap().to_owned()
    };
    let slip = refused(&ORDERS.replace("switch", "swich"));
    assert!(
        slip.contains("plugin \"orders.partitioner\": ") && slip.contains("line 2, column "),
        "{slip}"
    );
    let other = refused(&ORDERS.replace("fn partition", "fn validate"));
    assert!(
        other
            .contains("bound as partitioner, which wants a partitioner (in a script: `fn partition`); it has validate"),
        "{other}"
    );
    node.kafka(&["produce", "orders", "-K", ":"], "a:{\"region\":\"eu\"}\n")
        .json();
    assert_eq!(partitions(&node), json!({ "a": 1 }));
}

#[test]
fn a_check_shows_every_mistake_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    warm(folder.path());
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("broken.rhai", "fn validate(record) {\n    let x = ;\n}\n");
    file(
        "a.toml",
        "[plugins.a]\nscript_file = \"broken.rhai\"\n\n[topics.orders]\npartitioner = { script = \"fn partition(record) { record.json.a }\" }\n\n[[topics.orders.produce]]\nscript = '''\nfn validate(record) {\n    1 + +\n}\n'''\n[[topics.orders.produce]]\nscript = \"fn partition(record) { KEEP }\"\n",
    );
    let error = corvid(folder.path(), &["config", "check", "a.toml"], "").failed(2)["error"]
        .as_str()
        .unwrap()
        .to_owned();
    for expected in [
        "script `a`: Unexpected ';'\n --> broken.rhai:2:13\n",
        "`partition` fails on records of all sorts, and must not (ask for fields with `?.`, and answer KEEP)\n --> a.toml:5:",
        "script `orders.produce.1`: ",
        " --> a.toml:11:1\n",
        "script `orders.produce.2`: its place at topic `orders` wants `fn validate(record)` or `fn transform(record)`, and it has `fn partition(record)`",
    ] {
        assert!(error.contains(expected), "no {expected:?} in\n{error}");
    }
    file(
        "b.toml",
        "[topics.orders]\npartitioner = { script_file = \"none.rhai\" }\n",
    );
    let missing = corvid(folder.path(), &["config", "check", "b.toml"], "").failed(2);
    assert!(missing["error"].as_str().unwrap().contains("none.rhai"), "{missing}");
}

/// Takes what the sandbox gives: time by work inside of single steps, memory by calls that each keep some.
const GREEDY: &str = r#"
[topics.greedy]
on_fault   = "dead-letter"
on_refused = "dead-letter"

[[topics.greedy.produce]]
script = """
fn hoard(n) {
    let text = "x";
    for doubled in 0..21 { text += text; }
    hoard(n + 1) + text.len()
}

fn validate(record) {
    if record.value == "memory" { hoard(0); }
    while record.value == "time" {
        let text = "";
        text.pad(1000000, 'x');
    }
    while record.value == "steps" { }
}
"""
"#;

/// The bug: a script stops the node, or takes its neighbours with it.
#[test]
fn a_script_that_takes_too_much_is_stopped() {
    let node = node();
    node.file("greedy.toml", GREEDY);
    node.admin(&["apply", "greedy.toml"]).json();
    for lines in ["memory:memory\nfine:\n", "time:time\nfine:\n", "steps:steps\nfine:\n"] {
        node.kafka(&["produce", "greedy", "-K", ":", "-p", "0"], lines).json();
    }
    let both = ["dlt", "show", "greedy", "--kafka", &node.kafka, "--admin", &node.admin];
    let letters = corvid(node.folder.path(), &both, "").json();
    let letters: Vec<(&str, &str)> = letters
        .as_array()
        .unwrap()
        .iter()
        .map(|letter| (letter["key"].as_str().unwrap(), letter["reason"].as_str().unwrap()))
        .collect();
    let [memory, time, steps] = letters[..] else {
        panic!("{letters:?}")
    };
    assert!(memory.0 == "memory" && memory.1.contains("memory"), "{memory:?}");
    assert!(time.0 == "time" && time.1.contains("CPU time"), "{time:?}");
    assert!(
        steps.0 == "steps" && steps.1.contains("more than 100000 steps"),
        "{steps:?}"
    );
    assert_eq!(node.records("greedy").len(), 3);
}

/// The bug: what `plugin new` writes does not pass the commands that it recommends.
#[test]
fn every_new_script_passes_what_it_recommends() {
    let folder = tempfile::tempdir().unwrap();
    warm(folder.path());
    for hook in ["partitioner", "validator", "transform", "policy", "view"] {
        corvid(
            folder.path(),
            &["plugin", "new", "mine", "--hook", hook, "--script", "--path", hook],
            "",
        )
        .json();
        let own = folder.path().join(hook);
        let test = ["plugin", "test", "mine.rhai", "--records", "records.jsonl"];
        let tested = corvid(&own, &test, "").json();
        assert!(tested["verdicts"].as_array().unwrap().len() >= 3, "{hook}: {tested}");
        let checked = corvid(&own, &["config", "check", "mine.toml"], "");
        assert_eq!(checked.code, 0, "{hook}: {}", checked.err);
    }
    std::fs::write(folder.path().join("wrong.rhai"), "fn validate(record) { let }").unwrap();
    let bench = ["plugin", "bench", "wrong.rhai", "--time", "1ms"];
    let failed = corvid(folder.path(), &bench, "").failed(1);
    assert!(failed["error"].as_str().unwrap().contains("wrong.rhai"), "{failed}");
    assert!(
        failed["error"].as_str().unwrap().contains("line 1, column 27"),
        "{failed}"
    );
}
