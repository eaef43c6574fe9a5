//! What is no slip of the pen, and is told what was meant all the same.

use expect_test::expect;

use super::refused;

/// The bug: `retention = "30"` keeps letters for 30 ms, and says nothing.
#[test]
fn a_number_alone_is_no_duration_and_no_size() {
    refused(
        "[topics.a.dead_letter]\nretention = \"30\"\n[plugins.m]\nbuiltin = \"field-mask\"\nlimits = { memory = \"16\" }\n",
        expect![[r#"
            error: "30" has no unit; expected for example "20ms", "2s", "1m", "12h" or "7d"
             --> corvid.toml:2:13
              |
            2 | retention = "30"
              |             ^^^^

            error: "16" has no unit; expected for example "64KiB", "16MiB" or "1GB"
             --> corvid.toml:5:21
              |
            5 | limits = { memory = "16" }
              |                     ^^^^
        "#]],
    );
}

#[test]
fn kafkas_names_and_units() {
    refused(
        "[topics.a]\n\"retention.ms\" = 5\ncleanup.policy = \"delete\"\nviews = []\n\
         [topics.a.configs]\n\"retention.ms\" = \"7d\"\n\"segment.bytes\" = \"1GiB\"\n\"segment.ms\" = \"soon\"\n\
         [broker]\nlog.retention.hours = \"2d\"\nlog.retention.minutes = \"90s\"\n",
        expect![[r#"
            error: unknown key `retention.ms` in [topics.a]
             --> corvid.toml:2:1
              |
            2 | "retention.ms" = 5
              | ^^^^^^^^^^^^^^ Kafka's configs stand in [topics.a.configs]

            error: unknown key `cleanup` in [topics.a]
             --> corvid.toml:3:1
              |
            3 | cleanup.policy = "delete"
              | ^^^^^^^ Kafka's configs stand in [topics.a.configs]

            error: unknown key `views` in [topics.a]
             --> corvid.toml:4:1
              |
            4 | views = []
              | ^^^^^ `fetch` has the views

            error: invalid value "7d" for config retention.ms: expected a whole number of 64 bits
             --> corvid.toml:6:18
              |
            6 | "retention.ms" = "7d"
              |                  ^^^^ in milliseconds: 604800000

            error: invalid value "1GiB" for config segment.bytes: expected a whole number of 32 bits
             --> corvid.toml:7:19
              |
            7 | "segment.bytes" = "1GiB"
              |                   ^^^^^^ in bytes: 1073741824

            error: invalid value "soon" for config segment.ms: expected a whole number of 64 bits
             --> corvid.toml:8:16
              |
            8 | "segment.ms" = "soon"
              |                ^^^^^^

            error: invalid value "2d" for config log.retention.hours: expected a whole number of 32 bits
              --> corvid.toml:10:23
               |
            10 | log.retention.hours = "2d"
               |                       ^^^^ in hours: 48

            error: invalid value "90s" for config log.retention.minutes: expected a whole number of 32 bits
              --> corvid.toml:11:25
               |
            11 | log.retention.minutes = "90s"
               |                         ^^^^^
        "#]],
    );
}
