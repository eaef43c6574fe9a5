//! The configs of consumer groups (resource type GROUP). They are kept, and shown, from the first
//! day; the protocols that they are about come later. Sorted by name.

use super::{Check, ConfigKey, ConfigType::Int, Scale};

const LATER: &str = "it is about the new group protocol (KIP-848), which is not served yet";

pub(super) const TABLE: &[ConfigKey] = &[
    ConfigKey::new(
        "consumer.heartbeat.interval.ms",
        Int,
        "5000",
        "Milliseconds between a member's heartbeats.",
    )
    .check(Check::Within(1, i32::MAX as i64))
    .ignored(LATER)
    .defaults_to(&[("group.consumer.heartbeat.interval.ms", Scale::Same)]),
    ConfigKey::new(
        "consumer.session.timeout.ms",
        Int,
        "45000",
        "Milliseconds after which a silent member is out.",
    )
    .check(Check::Within(1, i32::MAX as i64))
    .ignored(LATER)
    .defaults_to(&[("group.consumer.session.timeout.ms", Scale::Same)]),
];
