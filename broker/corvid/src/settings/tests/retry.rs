//! `[topics.NAME.retry]` and `policy`.

use corvid_metadata::config::Configs;
use expect_test::expect;

use super::{parse, refused};

fn configs(text: &str) -> Configs {
    parse(text).unwrap().topics["orders"].configs.clone()
}

fn expected(configs: &[(&str, &str)]) -> Configs {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    configs.iter().map(pair).collect()
}

#[test]
fn each_shape_of_a_backoff_becomes_configs() {
    let table = r#"
        [topics.orders.retry]
        attempts = 4
        backoff  = { initial = "200ms", multiplier = 2.0, max = "1m", jitter = 0.1 }
        groups_max = 7
        policy   = { plugin = "payments-backoff", config = { busy_ms = 5 } }
    "#;
    let backoff = r#"{"initial":"200ms","jitter":0.1,"max":"1m","multiplier":2.0}"#;
    let policy = r#"{"plugin":"payments-backoff","config":{"busy_ms":5}}"#;
    assert_eq!(
        configs(table),
        expected(&[
            ("corvid.retry.attempts", "4"),
            ("corvid.retry.backoff", backoff),
            ("corvid.retry.groups.max", "7"),
            ("corvid.retry.policy", policy)
        ])
    );
    let only = |backoff: &str| configs(&format!("[topics.orders.retry]\nbackoff = {backoff}\n"));
    let three = |backoff: &str| expected(&[("corvid.retry.attempts", "3"), ("corvid.retry.backoff", backoff)]);
    assert_eq!(only(r#"{ fixed = "1s" }"#), three(r#"{"fixed":"1s"}"#));
    for list in [r#"["200ms", "1s"]"#, "[200, 1000]", r#""200ms, 1s""#] {
        assert_eq!(only(list), three(r#"["200ms","1s"]"#), "{list}");
    }
}

#[test]
fn a_policy_is_bound_where_something_is_left_to_it() {
    let topic = "[topics.orders]\non_fault = \"policy\"\n";
    assert_eq!(
        configs(&format!("{topic}policy = \"careful\"\n")),
        expected(&[("corvid.on.fault", "policy"), ("corvid.policy", "careful")])
    );
    refused(
        topic,
        expect![[r#"
            error: topic "orders" leaves it to the policy what becomes of records, and binds none; set corvid.policy
             --> corvid.toml:1:9
              |
            1 | [topics.orders]
              |         ^^^^^^ here, corvid.policy is the topic's `policy`
        "#]],
    );
}

#[test]
fn what_makes_no_sense_is_said_where_it_stands() {
    refused(
        "[topics.orders.retry]\nattempts = 0\nbackof = \"1s\"\nbackoff = { fixed = \"1s\", max = \"1m\" }\n\
         [topics.users.retry]\nbackoff = [\"soon\"]\npolicy = 7\n",
        expect![[r#"
            error: `attempts` expects 1 to 1000, found 0
             --> corvid.toml:2:12
              |
            2 | attempts = 0
              |            ^

            error: unknown key `backof` in [topics.orders.retry]
             --> corvid.toml:3:1
              |
            3 | backof = "1s"
              | ^^^^^^ did you mean `backoff`?

            error: `backoff`: a backoff has either `fixed` or `initial`, `multiplier` and `max`
             --> corvid.toml:4:11
              |
            4 | backoff = { fixed = "1s", max = "1m" }
              |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            error: `backoff`: "soon" is not a duration; expected for example "20ms", "2s", "1m", "12h" or "7d"
             --> corvid.toml:6:11
              |
            6 | backoff = ["soon"]
              |           ^^^^^^^^

            error: `policy` expects a plugin's name or a table { plugin, script, config, tables, on_refused, on_fault, limits }, found the number 7
             --> corvid.toml:7:10
              |
            7 | policy = 7
              |          ^
        "#]],
    );
}
