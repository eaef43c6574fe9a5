//! From Kafka's names to the coordinator's settings.

use std::time::Duration;

use corvid_controller::Controller;
use corvid_coordinator::CoordinatorConfig;

/// The settings that hold on this node. They are read at start, as in Kafka.
pub(crate) fn of(controller: &Controller) -> CoordinatorConfig {
    let image = controller.image();
    let layers = image.broker_layers(controller.node(), controller.fixed_configs());
    let number = |key: &str| layers.number(key).max(0).unsigned_abs();
    let ms = |key: &str| Duration::from_millis(number(key));
    CoordinatorConfig {
        min_session_timeout: ms("group.min.session.timeout.ms"),
        max_session_timeout: ms("group.max.session.timeout.ms"),
        initial_rebalance_delay: ms("group.initial.rebalance.delay.ms"),
        max_group_size: number("group.max.size") as usize,
        max_offset_metadata_bytes: number("offset.metadata.max.bytes") as usize,
        offsets_retention: Duration::from_secs(60 * number("offsets.retention.minutes")),
        offsets_retention_check_interval: ms("offsets.retention.check.interval.ms"),
        partitions: number("offsets.topic.num.partitions") as i32,
        ..CoordinatorConfig::default()
    }
}
