//! What a node would refuse of topics, and the file tells.

use expect_test::expect;

use super::{parse, refused};

/// The bug: a file that `config check` calls fine, and `apply` refuses.
#[test]
fn what_a_node_would_refuse_of_topics_is_refused_in_the_file() {
    refused(
        "[topics.__consumer_offsets]\npartitions = 3\n[topics.big]\npartitions = 10001\n[topics.\"a.b\"]\n[topics.a_b]\n\
         [topics.views]\nfetch = [{ plugin = \"mask\", clients = [] }]\n",
        expect![[r#"
            error: `__consumer_offsets` is one of the broker's own topics, which no file changes
             --> corvid.toml:1:9
              |
            1 | [topics.__consumer_offsets]
              |         ^^^^^^^^^^^^^^^^^^

            error: `partitions` expects 1 to 10000, found 10001
             --> corvid.toml:4:14
              |
            4 | partitions = 10001
              |              ^^^^^

            error: topic `a_b` collides with topic `a.b`
             --> corvid.toml:6:9
              |
            6 | [topics.a_b]
              |         ^^^ names that differ in `.` and `_` alone are the same in metrics

            error: `clients` is empty, and the view would be for nobody
             --> corvid.toml:8:39
              |
            8 | fetch = [{ plugin = "mask", clients = [] }]
              |                                       ^^ without `clients` it is for all readers
        "#]],
    );
}

/// The bug: a table of a topic that forgets, which only a node notices.
#[test]
fn a_table_wants_a_compacted_topic() {
    let looked_up = |policy: &str| {
        format!(
            "[topics.a]\nproduce = [{{ plugin = \"p\", tables = {{ limits = \"l\" }} }}]\n[plugins.p]\nbuiltin = \"threshold-alert\"\n{policy}"
        )
    };
    refused(
        &looked_up("[topics.l.configs]\ncleanup.policy = \"delete\"\n"),
        expect![[r#"
            error: topic `a` looks things up in topic `l`, which forgets records by their age
             --> corvid.toml:1:9
              |
            1 | [topics.a]
              |         ^ a table wants configs = { "cleanup.policy" = "compact" }
        "#]],
    );
    let warnings = |policy: &str| parse(&looked_up(policy)).unwrap().warnings.join("\n");
    expect![[r#"
        warning: topic `a` looks things up in topic `l`, which this file does not have
         --> corvid.toml:1:9
          |
        1 | [topics.a]
          |         ^ it has to be on the node already, and compacted: a table wants configs = { "cleanup.policy" = "compact" }
    "#]].assert_eq(&warnings(""));
    expect![[r#"
        warning: topic `a` looks things up in topic `l`, of which this file does not say that it is compacted
         --> corvid.toml:1:9
          |
        1 | [topics.a]
          |         ^ a table wants configs = { "cleanup.policy" = "compact" }
    "#]]
    .assert_eq(&warnings("[topics.l]\n"));
    assert_eq!(warnings("[topics.l.configs]\ncleanup.policy = \"compact\"\n"), "");
}
