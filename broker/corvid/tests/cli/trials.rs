//! What a deployment or a file can't mean is said before anything happens, all of it at once.

use serde_json::{Value, json};

use super::support::{Came, Node, corvid, warm};

const BOUND: &str = r#"
[plugins.large]
builtin = "threshold-alert"
config  = { field = "amount", threshold = 10 }

[topics.users]
partitions = 2
produce    = ["large"]

[topics.orders]
partitions = 4
produce    = ["large"]
"#;

fn bound() -> Node {
    let folder = tempfile::tempdir().unwrap();
    warm(folder.path());
    let node = Node::start_in(folder, &[]);
    node.file("bound.toml", BOUND);
    node.admin(&["apply", "bound.toml"]).json();
    node
}

fn deploy(node: &Node, threshold: u32, more: &[&str]) -> Came {
    let config = json!({ "field": "amount", "threshold": threshold }).to_string();
    let deploy = [
        "plugin",
        "deploy",
        "builtin:threshold-alert",
        "--name",
        "large",
        "--config",
        &config,
    ];
    node.admin(&[&deploy, more].concat())
}

fn error(came: &Value) -> &str {
    came["error"].as_str().unwrap()
}

/// The bugs: a canary that decides nowhere is taken; a second trial ends the first one, and nobody is told.
#[test]
fn a_trial_decides_somewhere_and_is_ended_by_nobody_unawares() {
    let node = bound();
    let nowhere = deploy(&node, 1, &["--canary", "1,7"]).failed(1);
    assert!(error(&nowhere).contains("partition 7"), "{nowhere}");
    assert!(error(&nowhere).contains("the highest is 3"), "{nowhere}");
    // One of the topics has it.
    let tried = deploy(&node, 1, &["--canary", "3"]).json();
    assert_eq!(
        tried["warnings"],
        json!(["topic users has no partition 3 for the canary"])
    );
    for other in [&["--shadow"][..], &["--canary", "1"], &[]] {
        let refused = deploy(&node, 2, other).failed(1);
        assert!(
            error(&refused).contains("generation 2 of plugin \"large\" is being tried as a canary already"),
            "{refused}"
        );
        assert!(error(&refused).contains("--replace"), "{refused}");
    }
    let again = deploy(&node, 1, &["--canary", "3"]).json();
    assert_eq!((&again["generation"], &again["outcome"]), (&json!(2), &json!("tried")));
    let other = deploy(&node, 2, &["--shadow", "--replace"]).json();
    assert_eq!((&other["generation"], &other["outcome"]), (&json!(3), &json!("tried")));
    node.admin(&["plugin", "rollback", "large"]).json();
    deploy(&node, 3, &["--shadow"]).json();
}

/// The bug: a plugin may take all of the machine, for as long as it likes.
#[test]
fn limits_have_limits() {
    let node = bound();
    for (flags, told) in [
        (["--deadline", "11s"], "may take 1 ms to 10 s"),
        (["--memory", "2GiB"], "64KiB to 1GiB"),
    ] {
        let refused = deploy(&node, 1, &flags).failed(1);
        assert!(error(&refused).contains(told), "{refused}");
    }
    deploy(&node, 1, &["--deadline", "10s", "--memory", "1GiB"]).json();
    let binding = r#"[{"plugin":"large","limits":{"deadline":"1m"}}]"#;
    let set = format!("corvid.produce={binding}");
    let refused = node.admin(&["topic", "alter", "users", "--set", &set]).failed(1);
    assert!(
        error(&refused).contains("plugin \"large\": a deadline of 60000 ms"),
        "{refused}"
    );
    node.file(
        "wrong.toml",
        &BOUND.replace("config ", "limits = { deadline = \"1h\", memory = \"1KiB\" }\nconfig "),
    );
    let refused = corvid(node.stop().path(), &["config", "check", "wrong.toml"], "").failed(2);
    for told in ["a deadline of 3600000 ms", "1024 bytes of memory"] {
        assert!(error(&refused).contains(told), "{refused}");
    }
}

/// The bug: one file that is missing hides all other mistakes until the next run.
#[test]
fn a_check_tells_of_every_file() {
    let folder = tempfile::tempdir().unwrap();
    warm(folder.path());
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("broken.rhai", "fn validate(record) {\n    let x = ;\n}\n");
    file("broken.wasm", "no module");
    file(
        "a.toml",
        "[plugins.a]\nscript_file = \"none.rhai\"\n[plugins.b]\nscript_file = \"broken.rhai\"\n[plugins.c]\nfile = \"none.wasm\"\n\
         [plugins.d]\nfile = \"broken.wasm\"\n[topics.orders]\npartitioner = { script_file = \"nor_this.rhai\" }\n",
    );
    let refused = corvid(folder.path(), &["config", "check", "a.toml"], "").failed(2);
    for told in [
        "none.rhai",
        "broken.rhai:2:13",
        "none.wasm",
        "plugin `d`: ",
        "nor_this.rhai",
    ] {
        assert!(error(&refused).contains(told), "no {told:?} in {refused}");
    }
    let applied = corvid(folder.path(), &["apply", "a.toml"], "").failed(2);
    for told in ["none.rhai", "none.wasm", "nor_this.rhai"] {
        assert!(error(&applied).contains(told), "no {told:?} in {applied}");
    }
}

/// The bug: a plugin is tried with all tables there could be, and `apply` refuses what the check called fine.
#[test]
fn a_check_grants_what_the_binding_grants() {
    let folder = tempfile::tempdir().unwrap();
    let check = |binding: &str| {
        let text = format!(
            "[plugins.alert]\nbuiltin = \"threshold-alert\"\n\
             config = {{ field = \"amount\", user = \"from\", table = \"limits\", threshold = 1 }}\n\
             [topics.transfers]\nproduce = [{binding}]\n\
             [topics.user-limits]\nconfigs = {{ \"cleanup.policy\" = \"compact\" }}\n"
        );
        std::fs::write(folder.path().join("a.toml"), text).unwrap();
        corvid(folder.path(), &["config", "check", "a.toml"], "")
    };
    check(r#"{ plugin = "alert", tables = { limits = "user-limits" } }"#).json();
    let refused = check(r#""alert""#).failed(2);
    for told in [
        "plugin `alert`, as topic `transfers` binds it",
        "grants no table `limits`",
    ] {
        assert!(error(&refused).contains(told), "no {told:?} in {refused}");
    }
}

/// The bug: of a chain of plugins, nobody knows which one refused a record.
#[test]
fn a_refusal_names_the_plugin_of_the_chain() {
    let node = bound();
    let chain = |told: &str| {
        format!("script = \"fn validate(record) {{ if record.key == \\\"{told}\\\" {{ \\\"not {told}\\\" }} }}\"\n")
    };
    let text = format!(
        "[plugins.first]\n{}[plugins.second]\n{}[topics.chained]\nproduce = [\"first\", \"second\"]\n",
        chain("one"),
        chain("two")
    );
    node.file("chained.toml", &text);
    node.admin(&["apply", "chained.toml"]).json();
    for (key, told) in [("one", "first: not one"), ("two", "second: not two")] {
        let refused = node
            .kafka(&["produce", "chained", "-K", ":"], &format!("{key}:1\n"))
            .failed(1);
        assert!(refused.to_string().contains(told), "{refused}");
    }
}
