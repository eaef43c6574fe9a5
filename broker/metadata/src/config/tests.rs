use super::*;
use crate::topic_name;
use expect_test::{Expect, expect};

/// Every topic config of Apache Kafka 4.3.1: what `LogConfig.configNames()` says, in its order.
const KAFKA_4_3_1: [(&str, Option<&str>); 34] = [
    ("cleanup.policy", Some("delete")),
    ("compression.gzip.level", Some("-1")),
    ("compression.lz4.level", Some("9")),
    ("compression.type", Some("producer")),
    ("compression.zstd.level", Some("3")),
    ("delete.retention.ms", Some("86400000")),
    ("file.delete.delay.ms", Some("60000")),
    ("flush.messages", Some("9223372036854775807")),
    ("flush.ms", Some("9223372036854775807")),
    ("follower.replication.throttled.replicas", Some("")),
    ("index.interval.bytes", Some("4096")),
    ("internal.segment.bytes", None),
    ("leader.replication.throttled.replicas", Some("")),
    ("local.retention.bytes", Some("-2")),
    ("local.retention.ms", Some("-2")),
    ("max.compaction.lag.ms", Some("9223372036854775807")),
    ("max.message.bytes", Some("1048588")),
    ("message.timestamp.after.max.ms", Some("3600000")),
    ("message.timestamp.before.max.ms", Some("9223372036854775807")),
    ("message.timestamp.type", Some("CreateTime")),
    ("min.cleanable.dirty.ratio", Some("0.5")),
    ("min.compaction.lag.ms", Some("0")),
    ("min.insync.replicas", Some("1")),
    ("preallocate", Some("false")),
    ("remote.log.copy.disable", Some("false")),
    ("remote.log.delete.on.disable", Some("false")),
    ("remote.storage.enable", Some("false")),
    ("retention.bytes", Some("-1")),
    ("retention.ms", Some("604800000")),
    ("segment.bytes", Some("1073741824")),
    ("segment.index.bytes", Some("10485760")),
    ("segment.jitter.ms", Some("0")),
    ("segment.ms", Some("604800000")),
    ("unclean.leader.election.enable", Some("false")),
];

#[test]
fn every_topic_config_of_kafka_is_there_with_its_default() {
    for (name, default) in KAFKA_4_3_1 {
        let key = topic_key(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(key.default, default, "{name}");
    }
    let ours = topic_keys()
        .iter()
        .filter(|key| !KAFKA_4_3_1.iter().any(|(name, _)| *name == key.name));
    assert!(ours.clone().all(|key| key.name.starts_with("corvid.")));
}

#[test]
fn tables_are_sorted_and_their_defaults_legal() {
    let broker: Vec<_> = broker_keys().collect();
    for keys in [topic_keys().iter().collect(), group_keys().iter().collect(), broker] as [Vec<&ConfigKey>; 3] {
        for key in &keys {
            if let Some(default) = key.default {
                assert_eq!(validate::check_value(key, default), Ok(()), "{}", key.name);
            }
            assert!(key.doc.ends_with('.'), "{}", key.name);
            assert!(
                key.broker.iter().all(|(name, _)| broker_key(name).is_some()),
                "{}",
                key.name
            );
            assert_eq!(
                keys.iter().filter(|other| other.name == key.name).count(),
                1,
                "{}",
                key.name
            );
        }
    }
    for table in [
        topic_table::TABLE,
        broker_table::TABLE,
        broker_log_table::TABLE,
        broker_coordinator_table::TABLE,
    ] {
        assert!(table.is_sorted_by_key(|key| key.name));
    }
    assert!(broker_absent::table().is_sorted_by_key(|key| key.name));
    let _ = TopicSettings::default_for("orders");
}

fn told(topic: &str, key: &str, value: &str, expected: &Expect) {
    let answer = validate_topic(topic, key, value);
    expected.assert_eq(&answer.map_or_else(|error| error.to_string(), |()| "fine".to_owned()));
}

#[test]
fn values_that_cannot_be() {
    told(
        "t",
        "retention.ms",
        "soon",
        &expect![[r#"invalid value "soon" for config retention.ms: expected a whole number of 64 bits"#]],
    );
    told(
        "t",
        "retention.ms",
        "-2",
        &expect![[r#"invalid value "-2" for config retention.ms: expected at least -1"#]],
    );
    told("t", "retention.ms", " 5 ", &expect!["fine"]);
    told(
        "t",
        "segment.bytes",
        "1024",
        &expect![[r#"invalid value "1024" for config segment.bytes: expected 1048576 to 2147483647"#]],
    );
    told(
        "t",
        "min.cleanable.dirty.ratio",
        "NaN",
        &expect![[r#"invalid value "NaN" for config min.cleanable.dirty.ratio: expected a number"#]],
    );
    told("t", "preallocate", "TRUE", &expect!["fine"]);
    told(
        "t",
        "retention.hours",
        "1",
        &expect![[r#"unknown topic config "retention.hours""#]],
    );
    told(
        "t",
        "compression.type",
        "brotli",
        &expect![[
            r#"invalid value "brotli" for config compression.type: expected one of uncompressed, zstd, lz4, snappy, gzip, producer"#
        ]],
    );
    told(
        "t",
        "corvid.produce",
        r#"[{"plugin":"a","deadline":1}]"#,
        &expect![[
            r#"invalid value "[{\"plugin\":\"a\",\"deadline\":1}]" for config corvid.produce: unknown field `deadline`, expected one of `plugin`, `config`, `on_refused`, `on_fault`, `limits`, `clients`, `principals`, `groups`, `tables` at line 1 column 29; expected a plugin's name or a table { plugin, config, tables, on_refused, on_fault, limits }"#
        ]],
    );
    told(
        "t",
        "corvid.dead.letter.topic",
        "a/b",
        &expect![[
            r#"invalid value "a/b" for config corvid.dead.letter.topic: topic name contains '/'; only a-z, A-Z, 0-9, '.', '_' and '-' are legal"#
        ]],
    );
}

#[test]
fn what_is_not_supported_is_refused_with_the_reason() {
    told("t", "cleanup.policy", "compact,delete", &expect!["fine"]);
    told("t", "cleanup.policy", "delete", &expect!["fine"]);
    told("__consumer_offsets", "cleanup.policy", "compact", &expect!["fine"]);
    told(
        "t",
        "remote.storage.enable",
        "true",
        &expect![[
            r#"config remote.storage.enable = "true" is not supported: there is no tiered storage, a log is on local disk as a whole"#
        ]],
    );
    told("t", "remote.storage.enable", "false", &expect!["fine"]);
}

#[test]
fn a_partitioner_wants_an_ordinary_topic() {
    let bound = |policy: &str| {
        Configs::from([
            ("corvid.partitioner".into(), "p".into()),
            ("cleanup.policy".into(), policy.into()),
        ])
    };
    assert_eq!(check_topic("orders", &bound("delete")), Ok(()));
    for (topic, policy) in [
        ("app-store-changelog", "delete"),
        ("app-x-repartition", "delete"),
        ("__consumer_offsets", "compact"),
    ] {
        let error = check_topic(topic, &bound(policy)).unwrap_err();
        assert!(
            matches!(&error, ConfigError::Incoherent(reason) if reason.contains("can't have a partitioner")),
            "{topic}: {error}"
        );
    }
}

#[test]
fn a_topic_is_not_its_own_dead_letter_topic() {
    let configs = Configs::from([("corvid.dead.letter.topic".into(), "orders".into())]);
    assert!(check_topic("orders", &configs).is_err());
    let long = "x".repeat(topic_name::MAX_LENGTH);
    let configs = Configs::from([
        ("corvid.produce".into(), "v".into()),
        ("corvid.on.refused".into(), "dead-letter".into()),
    ]);
    assert!(
        check_topic(&long, &configs)
            .unwrap_err()
            .to_string()
            .contains("set corvid.dead.letter.topic")
    );
}

/// The bug: letters are written between the records of consumer groups.
#[test]
fn letters_do_not_go_to_the_brokers_own_topics() {
    for topic in topic_name::INTERNAL {
        let configs = Configs::from([("corvid.dead.letter.topic".into(), topic.into())]);
        let refused = check_topic("orders", &configs).unwrap_err().to_string();
        assert!(
            refused.contains(topic) && refused.contains("the broker's own"),
            "{refused}"
        );
    }
}

#[test]
fn how_long_letters_are_kept() {
    let kept = |value: &str| {
        let configs = Configs::from([("corvid.dead.letter.retention.ms".into(), value.into())]);
        check_topic("orders", &configs)?;
        Ok::<_, ConfigError>(
            crate::TopicBindings::from_configs("orders", &configs)?
                .dead_letter
                .retention_ms,
        )
    };
    assert_eq!(kept("1000").unwrap(), Some(1000));
    assert_eq!((kept("-1").unwrap(), kept("-2").unwrap()), (Some(-1), None));
    assert!(["-3", "soon", ""].iter().all(|value| kept(value).is_err()));
}

#[test]
fn broker_configs_are_changed_on_the_wire_only_where_that_works() {
    assert_eq!(validate_broker("log.retention.ms", "1000"), Ok(()));
    assert_eq!(
        validate_broker("num.partitions", "3"),
        Err(ConfigError::ReadOnly {
            key: "num.partitions".into()
        })
    );
    assert!(matches!(
        validate_broker("log.cleanup.policy", "compact"),
        Err(ConfigError::Refused { .. })
    ));
    assert!(matches!(
        validate_broker("ssl.cipher.suites", "all"),
        Err(ConfigError::Absent { .. })
    ));
    assert!(matches!(
        validate_broker("nonsense", "1"),
        Err(ConfigError::Unknown { .. })
    ));
}

#[test]
fn settings_come_from_the_topic_then_the_broker_then_the_table() {
    let broker = Configs::from([
        ("log.retention.hours".into(), "1".into()),
        ("log.segment.bytes".into(), "2097152".into()),
    ]);
    let topic = Configs::from([
        ("segment.bytes".into(), "3145728".into()),
        ("retention.bytes".into(), "-1".into()),
    ]);
    let settings = TopicSettings::resolve("t", &topic, &broker).unwrap();
    assert_eq!(
        (
            settings.retention_ms,
            settings.segment_bytes,
            settings.max_message_bytes
        ),
        (Some(3_600_000), 3 << 20, 1_048_588)
    );
    assert_eq!(settings.retention_bytes, None);
    let broker = Configs::from([
        ("log.retention.hours".into(), "1".into()),
        ("log.retention.ms".into(), "-1".into()),
    ]);
    assert_eq!(
        TopicSettings::resolve("t", &Configs::new(), &broker)
            .unwrap()
            .retention_ms,
        None
    );
}

#[test]
fn a_described_topic_shows_where_each_value_comes_from() {
    let node = Configs::from([("log.retention.ms".into(), "7".into())]);
    let fixed = Configs::from([("log.retention.hours".into(), "2".into())]);
    let layers = BrokerLayers {
        node: &node,
        cluster: &Configs::new(),
        fixed: &fixed,
    };
    let topic = Configs::from([("retention.ms".into(), "5".into())]);
    let show = |configs: &Configs, name: &str| {
        let lines = describe_topic(configs, layers);
        let line = lines.iter().find(|line| line.name == name).unwrap();
        let synonyms: Vec<_> = line
            .synonyms
            .iter()
            .map(|s| format!("{}={:?} {:?}", s.name, s.value, s.source))
            .collect();
        format!("{:?} {:?}\n{}", line.value, line.source, synonyms.join("\n"))
    };
    expect![[r#"
        Some("5") Topic
        retention.ms=Some("5") Topic
        log.retention.ms=Some("7") DynamicBroker
        log.retention.hours=Some("2") StaticBroker
        log.retention.ms=Some("604800000") Default"#]]
    .assert_eq(&show(&topic, "retention.ms"));
    expect![[r#"
        Some("7") DynamicBroker
        log.retention.ms=Some("7") DynamicBroker
        log.retention.hours=Some("2") StaticBroker
        log.retention.ms=Some("604800000") Default"#]]
    .assert_eq(&show(&Configs::new(), "retention.ms"));
    assert!(
        describe_topic(&topic, layers)
            .iter()
            .all(|line| line.name != "internal.segment.bytes")
    );
}

/// As many as `ConfigDef` has in Kafka 4.3.1 that are not internal, and our own three.
#[test]
fn a_broker_shows_every_key_of_kafka() {
    let none = Configs::new();
    let layers = BrokerLayers {
        node: &none,
        cluster: &none,
        fixed: &none,
    };
    let lines = describe_broker(layers);
    assert_eq!(lines.len(), 340 + 3);
    let of = |name: &str| {
        let line = lines.iter().find(|line| line.name == name);
        line.map(|line| (line.value.as_deref(), line.read_only, line.sensitive))
    };
    assert_eq!(of("quota.window.num"), Some((Some("11"), true, false)));
    assert_eq!(of("ssl.cipher.suites"), Some((Some(""), true, false)));
    assert_eq!(of("sasl.jaas.config"), Some((None, true, true)));
    assert_eq!(of("log.retention.ms").map(|line| line.1), Some(false));
}

#[test]
fn passwords_are_never_told() {
    let fixed = Configs::from([("ssl.keystore.password".into(), "hunter2".into())]);
    let layers = BrokerLayers {
        node: &Configs::new(),
        cluster: &Configs::new(),
        fixed: &fixed,
    };
    let lines = describe_broker(layers);
    assert!(lines.is_sorted_by_key(|line| line.name));
    let line = lines.iter().find(|line| line.name == "ssl.keystore.password").unwrap();
    assert_eq!((line.value.as_deref(), line.sensitive), (None, true));
    assert!(!format!("{lines:?}").contains("hunter2"));
}
