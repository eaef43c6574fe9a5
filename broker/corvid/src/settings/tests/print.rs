//! What right files come to, and how they are printed.

use expect_test::{expect, expect_file};

use super::parse;
use crate::settings::table::KEYS;
use crate::settings::{Settings, effective, reference};

#[test]
fn a_policy_becomes_topic_configs() {
    let settings = parse(POLICY).unwrap();
    assert_eq!(settings.warnings, [""; 0]);
    expect![[r#"
        DesiredTopic {
            partitions: Some(
                6,
            ),
            configs: {
                "compression.type": "zstd",
                "corvid.dead.letter.headers": "spring",
                "corvid.dead.letter.topic": "letters",
                "corvid.durability": "replicas",
                "corvid.on.refused": "dead-letter",
                "corvid.partitioner": "by-region",
                "corvid.produce": "[\"limit\",{\"plugin\":\"limit\",\"config\":{\"max\":1.5},\"on_fault\":\"pass\",\"limits\":{\"deadline\":\"1ms\"}}]",
                "retention.ms": "1000",
            },
        }
    "#]].assert_debug_eq(&settings.topics["orders"]);
}

const POLICY: &str = r#"
[plugins.by-region]
builtin = "field-partitioner"
config  = { field = "region", table = { eu = 0 } }
limits  = { deadline = "5ms", memory = "1MiB" }

[plugins.limit]
file = "limit.wasm"

[topics.orders]
partitions  = 6
partitioner = "by-region"
produce     = ["limit", { plugin = "limit", config = { max = 1.5 }, on_fault = "pass", limits = { deadline = "1ms" } }]
on_refused  = "dead-letter"
durability  = "replicas"
configs     = { retention.ms = 1000, "compression.type" = "zstd" }
dead_letter = { topic = "letters", headers = "spring" }
"#;

#[test]
fn what_a_file_comes_to_reads_back() {
    let settings = parse(POLICY).unwrap();
    let printed = effective(&settings);
    assert_eq!(parse(&printed).unwrap(), settings);
    expect![[r#"
        [node]
        id = 1  # default
        data = "corvid-data"  # default
        # rack is not set
        # threads is not set

        [listeners]
        kafka = "127.0.0.1:9092"  # default
        # advertise is not set
        insecure = false  # default

        [admin]
        listen = "127.0.0.1:9099"  # default
        # token is not set
        hosts = []  # default

        [log]
        format = "readable"  # default
        level = "info"  # default

        [plugins.by-region]
        builtin = "field-partitioner"
        config = { field = "region", table = { eu = 0 } }
        limits = { deadline = "5ms", memory = "1MiB" }

        [plugins.limit]
        file = "limit.wasm"

        [topics.orders]
        partitions = 6
        durability = "replicas"
        on_refused = "dead-letter"
        partitioner = "by-region"
        produce = ["limit", { config = { max = 1.5 }, limits = { deadline = "1ms" }, on_fault = "pass", plugin = "limit" }]
        dead_letter = { headers = "spring", topic = "letters" }
        configs = { "compression.type" = "zstd", "retention.ms" = 1000 }

    "#]].assert_eq(&printed);
}

#[test]
fn the_quickstart_is_right() {
    let settings = parse(crate::embedded::QUICKSTART).unwrap();
    assert_eq!(settings.warnings, [""; 0]);
    assert_eq!(settings.plugins.len(), 3);
}

/// `UPDATE_EXPECT=1 cargo test -p corvid` writes the file.
#[test]
fn the_reference_stands_in_config_and_every_key_in_it() {
    expect_file!["../../../../../config/corvid.toml"].assert_eq(&reference());
    assert_eq!(parse(&reference()).unwrap(), Settings::default());
    for key in KEYS {
        assert!(reference().contains(key.name), "{}", key.name);
        assert!(!key.doc.is_empty() && !key.expects.is_empty());
    }
}

/// The bug: an example or a default in the reference that is refused when it is used.
#[test]
fn what_the_reference_shows_is_legal() {
    let used = |line: &str| match line.strip_prefix('#') {
        Some(key) if !key.starts_with([' ', '\n']) && !key.is_empty() => key.to_owned(),
        _ => line.to_owned(),
    };
    // One module a plugin; and a topic whose records may be delayed has no partitioner.
    let other = |line: &&str| {
        !["#file", "#digest", "#script", "#token", "#partitioner"]
            .iter()
            .any(|other| line.starts_with(other))
    };
    let text: Vec<String> = reference().lines().filter(other).map(used).collect();
    let text = text.join("\n");
    let text = text
        .replace("[\"order-schema\"]", "[\"by-region\"]")
        .replace("\"mask-card\"", "\"by-region\"")
        .replace("\"payments-backoff\"", "\"by-region\"");
    let settings = parse(&text).unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!(settings.warnings, [""; 0]);
}
