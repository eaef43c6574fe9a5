//! What is said of wrong files.

mod hints;
mod print;
mod retry;
mod topics;

use expect_test::{Expect, expect};

use super::{Settings, Source};

fn parse(text: &str) -> Result<Settings, super::Refused> {
    Settings::parse(&Source {
        name: "corvid.toml",
        text,
    })
}

fn refused(text: &str, expected: Expect) {
    let refused = parse(text).expect_err("the file is wrong");
    expected.assert_eq(&refused.to_string());
}

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(parse("").unwrap(), Settings::default());
}

#[test]
fn unknown_keys_and_sections() {
    refused(
        "[nodes]\nid = 1\n\n[topics.orders]\npartitons = 6\n\n[topics.orders.DLT]\npartitions = 1\n",
        expect![[r#"
            error: unknown key `nodes`
             --> corvid.toml:1:2
              |
            1 | [nodes]
              |  ^^^^^ did you mean `node`?

            error: unknown key `partitons` in [topics.orders]
             --> corvid.toml:5:1
              |
            5 | partitons = 6
              | ^^^^^^^^^ did you mean `partitions`?

            error: unknown key `DLT` in [topics.orders]
             --> corvid.toml:7:16
              |
            7 | [topics.orders.DLT]
              |                ^^^ a topic's name with a dot stands in quotes: [topics."orders.DLT"]
        "#]],
    );
}

#[test]
fn wrong_values() {
    refused(
        "[node]\nid = \"one\"\nthreads = 0\n[listeners]\nkafka = \"9092\"\n[log]\nformat = \"jsn\"\nlevel = \"loud\"\n",
        expect![[r#"
            error: `id` expects a whole number, found the text "one"
             --> corvid.toml:2:6
              |
            2 | id = "one"
              |      ^^^^^

            error: `threads` expects 1 to 1024, found 0
             --> corvid.toml:3:11
              |
            3 | threads = 0
              |           ^

            error: `kafka` expects HOST:PORT, found the text "9092"
             --> corvid.toml:5:9
              |
            5 | kafka = "9092"
              |         ^^^^^^ for example "127.0.0.1:9092"

            error: `format` expects one of readable, json
             --> corvid.toml:7:10
              |
            7 | format = "jsn"
              |          ^^^^^ did you mean "json"?

            error: `level` expects one of error, warn, info, debug, trace, off
             --> corvid.toml:8:9
              |
            8 | level = "loud"
              |         ^^^^^^ by module: "info,corvid_api=debug"
        "#]],
    );
}

#[test]
fn a_file_that_is_no_toml() {
    refused(
        "[node]\nid == 1\n",
        expect![[r"
        error: extra `=`, expected nothing
         --> corvid.toml:2:5
          |
        2 | id == 1
          |     ^
    "]],
    );
    refused(
        "[node]\nid = 1\nid = 2\n",
        expect![[r"
        error: duplicate key
         --> corvid.toml:3:1
          |
        3 | id = 2
          | ^^
    "]],
    );
}

#[test]
fn listeners_that_strangers_reach() {
    refused(
        "[listeners]\nkafka = \"0.0.0.0:9092\"\n[admin]\nlisten = \"10.0.0.1:9099\"\ntoken = \"short\"\n",
        expect![[r#"
            error: other machines can reach this listener, and there is no authentication yet
             --> corvid.toml:2:9
              |
            2 | kafka = "0.0.0.0:9092"
              |         ^^^^^^^^^^^^^^ set `insecure = true` in [listeners] (or --insecure) if the network keeps strangers out

            error: clients cannot connect to this address
             --> corvid.toml:2:9
              |
            2 | kafka = "0.0.0.0:9092"
              |         ^^^^^^^^^^^^^^ say where they find this node: `advertise = "HOST:PORT"` in [listeners], or --advertise HOST:PORT

            error: other machines can reach the admin listener: set a `token` in [admin]
             --> corvid.toml:4:10
              |
            4 | listen = "10.0.0.1:9099"
              |          ^^^^^^^^^^^^^^^

            error: `token` expects 16 characters or more, without spaces
             --> corvid.toml:5:9
              |
            5 | token = "short"
              |         ^^^^^^^ for example the output of `openssl rand -hex 32`
        "#]],
    );
    let open = "[listeners]\nkafka = \"0.0.0.0:9092\"\ninsecure = true\nadvertise = \"localhost:9092\"\n";
    expect![[r#"
        warning: clients on other machines will be told to connect to localhost:9092, which is themselves; set `advertise`
         --> corvid.toml:4:13
          |
        4 | advertise = "localhost:9092"
          |             ^^^^^^^^^^^^^^^^
    "#]].assert_eq(&parse(open).unwrap().warnings.join("\n"));
}

#[test]
fn broker_configs() {
    refused(
        "[broker]\nnum.partitons = 3\nnum.partitions = \"many\"\nbroker.id = 3\nlog.cleanup.policy = \"compact\"\n",
        expect![[r#"
            error: unknown broker config `num.partitons` in [broker]
             --> corvid.toml:2:5
              |
            2 | num.partitons = 3
              |     ^^^^^^^^^ did you mean `num.partitions`?

            error: invalid value "many" for config num.partitions: expected a whole number of 32 bits
             --> corvid.toml:3:18
              |
            3 | num.partitions = "many"
              |                  ^^^^^^

            error: `broker.id` has a place of its own
             --> corvid.toml:4:8
              |
            4 | broker.id = 3
              |        ^^ set `id` in [node]

            error: config log.cleanup.policy = "compact" is not supported: every record of a compacted topic needs a key, so the topics themselves say that they are (cleanup.policy)
             --> corvid.toml:5:22
              |
            5 | log.cleanup.policy = "compact"
              |                      ^^^^^^^^^
        "#]],
    );
    let settings = parse("[broker]\nnum.partitions = 3\n\"log.retention.ms\" = -1\nbackground.threads = 3\n").unwrap();
    assert_eq!(settings.broker["num.partitions"], "3");
    assert_eq!(settings.broker["log.retention.ms"], "-1");
    expect![[r"
        warning: `background.threads` has no effect: this release has nothing that it could set
         --> corvid.toml:4:12
          |
        4 | background.threads = 3
          |            ^^^^^^^
    "]]
    .assert_eq(&settings.warnings.join("\n"));
}

#[test]
fn plugins() {
    refused(
        "[plugins.a]\nfile = \"a.wasm\"\nbuiltin = \"field-partitioner\"\n[plugins.b]\nbuiltin = \"field-partitoner\"\n\
         [plugins.c]\n[plugins.\"d,e\"]\nfile = \"builtin:none\"\nlimits = { deadline = \"20 weeks\", memory = 16, cpu = 1 }\n",
        expect![[r#"
            error: plugin `a` has `file` and `builtin`, and needs only one
             --> corvid.toml:3:1
              |
            3 | builtin = "field-partitioner"
              | ^^^^^^^

            error: no plugin named `field-partitoner` is built in
             --> corvid.toml:5:11
              |
            5 | builtin = "field-partitoner"
              |           ^^^^^^^^^^^^^^^^^^ did you mean "field-partitioner"?

            error: plugin `c` needs one of `file`, `builtin`, `digest`, `script` and `script_file`
             --> corvid.toml:6:10
              |
            6 | [plugins.c]
              |          ^

            error: a plugin's name has 1 to 100 letters, digits, dots, dashes and underscores
             --> corvid.toml:7:10
              |
            7 | [plugins."d,e"]
              |          ^^^^^

            error: no plugin named `none` is built in
             --> corvid.toml:8:8
              |
            8 | file = "builtin:none"
              |        ^^^^^^^^^^^^^^ there are cloudevents-validator, field-mask, field-partitioner, json-schema-validator, letter-range-partitioner, murmur2-partitioner, payments-backoff, script, threshold-alert

            error: "20 weeks" is not a duration; expected for example "20ms", "2s", "1m", "12h" or "7d"
             --> corvid.toml:9:23
              |
            9 | limits = { deadline = "20 weeks", memory = 16, cpu = 1 }
              |                       ^^^^^^^^^^

            error: `memory` expects a text in quotes, found the number 16
             --> corvid.toml:9:44
              |
            9 | limits = { deadline = "20 weeks", memory = 16, cpu = 1 }
              |                                            ^^

            error: unknown key `cpu` in [plugins."d,e".limits]
             --> corvid.toml:9:48
              |
            9 | limits = { deadline = "20 weeks", memory = 16, cpu = 1 }
              |                                                ^^^
        "#]],
    );
}

#[test]
fn bindings() {
    refused(
        "[topics.orders]\npartitioner = 3\n\
         produce = [\"a\", { config = {} }, { plugin = \"b\", tables = { a = 1 }, on_fault = \"drop\" }]\n\
         on_refused = \"dead-leter\"\n",
        expect![[r#"
            error: `partitioner` expects a plugin's name or a table { plugin, script, config, tables, on_refused, on_fault, limits }, found the number 3
             --> corvid.toml:2:15
              |
            2 | partitioner = 3
              |               ^

            error: a binding needs a `plugin` or a `script`
             --> corvid.toml:3:17
              |
            3 | produce = ["a", { config = {} }, { plugin = "b", tables = { a = 1 }, on_fault = "drop" }]
              |                 ^^^^^^^^^^^^^^^

            error: `a` expects a text in quotes, found the number 1
             --> corvid.toml:3:65
              |
            3 | produce = ["a", { config = {} }, { plugin = "b", tables = { a = 1 }, on_fault = "drop" }]
              |                                                                 ^

            error: `on_fault` expects one of refuse, dead-letter, pass, policy
             --> corvid.toml:3:81
              |
            3 | produce = ["a", { config = {} }, { plugin = "b", tables = { a = 1 }, on_fault = "drop" }]
              |                                                                                 ^^^^^^

            error: `on_refused` expects one of refuse, dead-letter, drop, policy
             --> corvid.toml:4:14
              |
            4 | on_refused = "dead-leter"
              |              ^^^^^^^^^^^^ did you mean "dead-letter"?
        "#]],
    );
}

#[test]
fn topic_configs_and_dead_letters() {
    refused(
        "[topics.orders.configs]\n\"retention.msec\" = 1\n\"corvid.durability\" = \"disk\"\n\"min.insync.replicas\" = 0\n\
         [topics.orders.dead_letter]\nheader = \"spring\"\ntopic = \"a/b\"\n",
        expect![[r#"
            error: unknown topic config `retention.msec`
             --> corvid.toml:2:1
              |
            2 | "retention.msec" = 1
              | ^^^^^^^^^^^^^^^^ did you mean `retention.ms`?

            error: `corvid.durability` has a key of its own
             --> corvid.toml:3:1
              |
            3 | "corvid.durability" = "disk"
              | ^^^^^^^^^^^^^^^^^^^ set `durability` of the topic

            error: invalid value "0" for config min.insync.replicas: expected 1 to 2147483647
             --> corvid.toml:4:25
              |
            4 | "min.insync.replicas" = 0
              |                         ^

            error: unknown key `header` in [topics.orders.dead_letter]
             --> corvid.toml:6:1
              |
            6 | header = "spring"
              | ^^^^^^ did you mean `headers`?

            error: topic name contains '/'; only a-z, A-Z, 0-9, '.', '_' and '-' are legal
             --> corvid.toml:7:9
              |
            7 | topic = "a/b"
              |         ^^^^^
        "#]],
    );
}

#[test]
fn views_have_readers_that_can_be_known() {
    let settings = parse(
        "[topics.orders]\nfetch = [\"a\", { plugin = \"b\", clients = [\"reporting-*\"], on_fault = \"pass\" }]\n",
    )
    .unwrap();
    let configs = &settings.topics["orders"].configs;
    assert_eq!(
        configs["corvid.fetch"],
        r#"["a",{"plugin":"b","on_fault":"pass","clients":["reporting-*"]}]"#
    );
    refused(
        "[topics.orders]\nfetch = [{ plugin = \"a\", on_fault = \"dead-letter\" }]\n[topics.others]\nfetch = [{ plugin = \"a\", groups = [\"g\"] }]\n\
         [topics.more]\nproduce = [{ plugin = \"a\", clients = [\"c\"] }]\n",
        expect![[r#"
            error: plugin "a" of `fetch`: on_fault = "dead-letter" has no meaning here, since nothing is written; there are refuse and pass
             --> corvid.toml:2:9
              |
            2 | fetch = [{ plugin = "a", on_fault = "dead-letter" }]
              |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            error: the group of a reader is not known, since no fetch of Kafka's protocol names it; use clients (a Java consumer calls itself consumer-GROUP-N unless it has a client.id)
             --> corvid.toml:4:26
              |
            4 | fetch = [{ plugin = "a", groups = ["g"] }]
              |                          ^^^^^^

            error: plugin "a": clients, principals and groups are for the views of `fetch`
             --> corvid.toml:6:11
              |
            6 | produce = [{ plugin = "a", clients = ["c"] }]
              |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn bindings_that_contradict_each_other() {
    refused(
        "[topics.orders]\nproduce = [\"a\", \"a\"]\n[topics.payments.dead_letter]\ntopic = \"payments\"\n",
        expect![[r#"
            error: plugin "a" is bound twice with the same configuration
             --> corvid.toml:2:11
              |
            2 | produce = ["a", "a"]
              |           ^^^^^^^^^^

            error: topic "payments" can't be its own dead-letter topic
             --> corvid.toml:3:9
              |
            3 | [topics.payments.dead_letter]
              |         ^^^^^^^^
        "#]],
    );
    let settings =
        parse("[plugins.by-region]\nbuiltin = \"field-partitioner\"\n[topics.orders]\npartitioner = \"by-regoin\"\n")
            .unwrap();
    expect![[r"
        warning: topic `orders` binds plugin `by-regoin`, which this file does not have
         --> corvid.toml:3:9
          |
        3 | [topics.orders]
          |         ^^^^^^ did you mean `by-region`?
    "]]
    .assert_eq(&settings.warnings.join("\n"));
}

proptest::proptest! {
    /// The bug: a column inside a character, or beyond a line, that panics while the error is shown.
    #[test]
    fn no_file_panics(text in "(\\[|\\]|=|\"|\n|a|ä|topics|plugins|x|\\.|\\{|\\}|,| |#|1|true){0,40}") {
        if let Err(refused) = parse(&text) {
            assert!(!refused.to_string().is_empty());
        }
    }
}

/// The bug: a script that is bound and no plugin, so that it is neither deployed nor seen.
#[test]
fn a_script_in_a_binding_is_a_plugin_named_for_its_place() {
    let settings = parse(
        "[[topics.\"a.b\".produce]]\nscript = \"fn validate(record) {}\"\nconfig = { most = 1 }\non_refused = \"drop\"\n\
         limits = { deadline = \"1s\" }\n[[topics.\"a.b\".produce]]\nscript_file = \"x.rhai\"\n\
         [topics.orders]\npartitioner = { script = \"fn partition(record) {}\" }\n",
    )
    .unwrap();
    let names: Vec<&str> = settings.plugins.keys().map(String::as_str).collect();
    assert_eq!(names, ["a.b.produce.1", "a.b.produce.2", "orders.partitioner"]);
    let first = &settings.plugins["a.b.produce.1"];
    assert_eq!(first.config["most"], 1);
    assert_eq!(first.limits.deadline_ms, Some(1000));
    assert_eq!(
        settings.topics["a.b"].configs["corvid.produce"],
        r#"[{"plugin":"a.b.produce.1","on_refused":"drop"},"a.b.produce.2"]"#
    );
    assert_eq!(
        settings.topics["orders"].configs["corvid.partitioner"],
        "orders.partitioner"
    );
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
}

#[test]
fn scripts_that_stand_where_they_cannot() {
    refused(
        "[plugins.a]\nscript = \"\"\nfile = \"a.wasm\"\n[topics.t]\nproduce = [{ plugin = \"a\", script = \"x\" }]\n\
         [plugins.\"t.partitioner\"]\nfile = \"a.wasm\"\n[topics.t.partitioner]\nscript = \"x\"\n",
        expect![[r#"
            error: plugin `a` has `file` and `script`, and needs only one
             --> corvid.toml:2:1
              |
            2 | script = ""
              | ^^^^^^

            error: a binding has `plugin` and `script`, and needs only one
             --> corvid.toml:5:28
              |
            5 | produce = [{ plugin = "a", script = "x" }]
              |                            ^^^^^^

            error: this script would be the plugin `t.partitioner`, and there is a [plugins."t.partitioner"]
             --> corvid.toml:9:1
              |
            9 | script = "x"
              | ^^^^^^ give that one another name
        "#]],
    );
}
