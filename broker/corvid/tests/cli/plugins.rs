//! Plugins as software: deployed, tried, promoted and taken back on a running node.

use serde_json::{Value, json};

use super::support::{Came, Node, corvid};

const BOUND: &str = r#"
[plugins.large]
builtin = "threshold-alert"
config  = { field = "amount", threshold = 10 }

[topics.users]
partitions = 2
produce    = ["large"]
"#;

/// Modules of a release, from the repository.
fn released(module: &str) -> String {
    let sdk = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugin-sdk/released/0.1.0");
    format!("{sdk}/{module}.wasm")
}

fn threshold(limit: u32) -> String {
    json!({ "field": "amount", "threshold": limit }).to_string()
}

struct Bound(Node);

impl Bound {
    fn start() -> Self {
        let node = Node::start();
        node.file("users.toml", BOUND);
        node.admin(&["apply", "users.toml"]).json();
        Self(node)
    }

    fn deploy(&self, module: &str, limit: u32, more: &[&str]) -> Came {
        let (file, config) = (released(module), threshold(limit));
        let deploy = ["plugin", "deploy", &file, "--name", "large", "--config", &config];
        self.0.admin(&[&deploy, more].concat())
    }

    fn deploy_builtin(&self, builtin: &str, name: &str, more: &[&str]) -> Came {
        let file = format!("builtin:{builtin}");
        let deploy = ["plugin", "deploy", &file, "--name", name];
        self.0.admin(&[&deploy, more].concat())
    }

    /// Whether a record with this amount is marked.
    fn marks(&self, partition: &str, amount: u32) -> bool {
        let line = format!("k:{{\"amount\":{amount}}}\n");
        let sent = ["produce", "users", "-K", ":", "-p", partition];
        self.0.kafka(&sent, &line).json();
        let wanted: i64 = partition.parse().unwrap();
        let records = self.0.records("users");
        let last = records.iter().rfind(|record| record["partition"] == wanted).unwrap();
        last["headers"] == json!([["alert", "true"]])
    }

    fn describe(&self) -> Value {
        self.0.admin(&["plugin", "describe", "large"]).json()
    }
}

#[test]
fn a_deployed_generation_is_active_and_can_be_taken_back() {
    let bound = Bound::start();
    assert!(!bound.marks("0", 5));
    let deployed = bound
        .deploy("threshold_alert", 1, &["--note", "smaller amounts, too"])
        .json();
    assert_eq!(
        (&deployed["generation"], &deployed["outcome"]),
        (&json!(2), &json!("active"))
    );
    assert_eq!(deployed["prepared"][0]["hooks"], json!(["transform"]));
    assert_eq!(deployed["topics"], json!(["users"]));
    assert!(bound.marks("0", 5));
    assert_eq!(bound.deploy("threshold_alert", 1, &[]).json()["outcome"], "unchanged");
    // The file has not changed: it does not undo this.
    let applied = bound.0.admin(&["apply", "users.toml"]).json();
    assert_eq!(applied["changes"], json!([]));
    assert!(
        applied["warnings"][0]
            .as_str()
            .unwrap()
            .contains("generation 2 (deploy)"),
        "{applied}"
    );
    assert!(bound.marks("0", 5));
    let back = bound
        .0
        .admin(&["plugin", "rollback", "large", "--note", "too many"])
        .json();
    assert_eq!((&back["generation"], &back["restores"]), (&json!(3), &json!(1)));
    assert!(!bound.marks("0", 5));
    bound.0.admin(&["plugin", "rollback", "large"]).failed(1);
    let told = bound.describe();
    assert_eq!(
        (&told["active"]["how"], &told["active"]["note"]),
        (&json!("rollback"), &json!("too many"))
    );
    let history: Vec<_> = told["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|past| (&past["generation"], &past["note"]))
        .collect();
    assert_eq!(
        history,
        [(&json!(2), &json!("smaller amounts, too")), (&json!(1), &json!(""))]
    );
    bound.0.admin(&["plugin", "rollback", "large", "--to", "2"]).json();
    assert!(bound.marks("0", 5));
    // Generations are metadata: they are there after a restart, and the file does not undo them then either.
    let node = Node::start_in(bound.0.stop(), &["--config", "users.toml"]);
    let bound = Bound(node);
    assert!(bound.marks("0", 5));
    assert_eq!(bound.describe()["generation"], 4);
}

/// The bug: a plugin that cannot work becomes active, and every produce fails.
#[test]
fn what_cannot_work_never_becomes_active() {
    let bound = Bound::start();
    bound.0.file("broken.wasm", "no module");
    let broken = ["plugin", "deploy", "broken.wasm", "--name", "large"];
    let no_config = bound.deploy_builtin("threshold-alert", "large", &["--config", "{}"]);
    let unready = [
        (bound.0.admin(&broken), "large"),
        (bound.deploy("letter_range_partitioner", 1, &["--shadow"]), "large"),
        (no_config, "`field` is missing"),
        (
            bound.deploy_builtin("letter-range-partitioner", "large", &["--config", "{}"]),
            "which wants a validator or a transform",
        ),
    ];
    for (came, told) in unready {
        let refused = came.failed(1);
        assert!(refused["error"].as_str().unwrap().contains(told), "{refused}");
        let hint = refused["hint"].as_str().unwrap();
        assert!(hint.contains("generation 1 stays active"), "{refused}");
    }
    assert_eq!(bound.describe()["generation"], 1);
    assert!(!bound.marks("0", 5));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let bound = Bound::start();
    bound.deploy_builtin("none", "large", &[]).failed(4);
    bound.deploy_builtin("threshold-alert", "new", &["--shadow"]).failed(1);
    bound.deploy_builtin("threshold-alert", "a/b", &[]).failed(1);
    bound.0.admin(&["plugin", "promote", "large"]).failed(1);
    bound.0.admin(&["plugin", "rollback", "nobody"]).failed(4);
    let folder = tempfile::tempdir().unwrap();
    let missing = [
        "plugin",
        "deploy",
        "none.wasm",
        "--name",
        "x",
        "--admin",
        &bound.0.admin,
    ];
    corvid(folder.path(), &missing, "").failed(2);
}

#[test]
fn a_shadow_decides_nothing_and_tells_what_differs() {
    let bound = Bound::start();
    assert_eq!(
        bound.deploy("threshold_alert", 1, &["--shadow"]).json()["outcome"],
        "tried"
    );
    assert!(!bound.marks("1", 5));
    assert!(bound.marks("1", 11));
    let shadow = loop {
        let shadow = bound.describe()["candidate"]["shadow"].clone();
        if shadow["compared"] == 2 {
            break shadow;
        }
    };
    assert_eq!(shadow["differences"], json!({ "accept -> edit": 1 }));
    let sample = &shadow["samples"][0];
    assert_eq!(
        (&sample["topic"], &sample["partition"], &sample["offset"]),
        (&json!("users"), &json!(1), &json!(0))
    );
    assert_eq!((&sample["key"], &sample["active"]), (&json!("k"), &json!("accept")));
    let promoted = bound
        .0
        .admin(&["plugin", "promote", "large", "--generation", "2"])
        .json();
    assert_eq!(
        (&promoted["active"], &promoted["outcome"]),
        (&json!(2), &json!("active"))
    );
    assert!(bound.marks("1", 5));
}

#[test]
fn a_canary_decides_for_its_partitions_only() {
    let bound = Bound::start();
    bound.deploy("threshold_alert", 1, &["--canary", "1"]).json();
    assert_eq!((bound.marks("0", 5), bound.marks("1", 5)), (false, true));
    assert_eq!(bound.0.admin(&["plugin", "list"]).json()["plugins"][0]["tried"], 2);
    assert_eq!(
        bound.0.admin(&["plugin", "rollback", "large"]).json()["outcome"],
        "abandoned"
    );
    assert_eq!((bound.marks("0", 5), bound.marks("1", 5)), (false, false));
    bound.deploy("threshold_alert", 1, &["--canary", "0"]).json();
    bound
        .0
        .admin(&["plugin", "promote", "large", "--generation", "2"])
        .failed(1);
    bound.0.admin(&["plugin", "promote", "large"]).json();
    assert_eq!((bound.marks("0", 5), bound.marks("1", 5)), (true, true));
    assert_eq!(bound.describe()["history"][0]["generation"], 1);
}

/// The bugs: each version of a plugin that there ever was stays on the disk for good; or one goes that is needed after a restart, or
/// that a rollback goes back to.
#[test]
fn modules_that_no_generation_has_any_more_are_removed() {
    let files = |node: &Node| {
        let modules = std::fs::read_dir(node.folder.path().join("corvid-data/plugins")).unwrap();
        modules.map(|file| file.unwrap().file_name()).collect::<Vec<_>>()
    };
    let often = "[broker]\n\"log.retention.check.interval.ms\" = 50\n";
    let bound = Bound::start();
    bound.0.file("corvid.toml", often);
    let gone = format!(
        "{BOUND}[plugins.gone]\nfile = \"{}\"\n",
        released("letter_range_partitioner")
    );
    bound.0.file("users.toml", &gone);
    bound.0.admin(&["apply", "users.toml"]).json();
    bound.deploy("threshold_alert", 1000, &[]).json();
    bound.0.file("users.toml", BOUND);
    bound.0.admin(&["apply", "users.toml"]).json();
    let before = files(&bound.0);
    // As if an hour had gone by.
    let config = ["--config", "corvid.toml"];
    let bound = Bound(Node::start_to_fail(bound.0.stop(), &config, "modules.unnamed=skip"));
    while !bound.0.log().contains("a module that no generation has any more") {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let bound = Bound(Node::start_in(bound.0.stop(), &config));
    let left = files(&bound.0);
    assert_eq!(left.len(), before.len() - 1, "{before:?}, {left:?}");
    assert!(!bound.marks("0", 50) && bound.marks("0", 5000));
    bound.0.admin(&["plugin", "rollback", "large"]).json();
    assert!(bound.marks("0", 50));
    // What went is sent again by the file that names it.
    bound.0.file("users.toml", &gone);
    bound.0.admin(&["apply", "users.toml"]).json();
    assert_eq!(files(&bound.0).len(), before.len());
}
