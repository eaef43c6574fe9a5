//! What a dead letter says of itself, in the headers that the dead-letter topic's readers expect.

use corvid_metadata::policy::HeaderStyle;
use corvid_record::hidden::{OffsetEncoding, OffsetHeader};

use crate::fates::Why;

/// Where a record was when it failed.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The topic that it was sent to.
    pub topic: &'a str,
    /// The partition that the client chose.
    pub partition: i32,
    /// The record's timestamp, ms.
    pub timestamp: i64,
}

/// A header's name and value.
pub type OwnHeader = (&'static str, Vec<u8>);

/// The headers of a letter, but for the one that names the offset: that is known when it is written.
pub fn headers(style: HeaderStyle, origin: Origin<'_>, why: &Why, now_ms: i64) -> Vec<OwnHeader> {
    match style {
        HeaderStyle::Corvid => corvid(origin, why, now_ms),
        HeaderStyle::Spring => spring(origin, why),
        HeaderStyle::Connect => connect(origin, why),
    }
}

/// The header with the record's offset at its source, which delivery adds.
pub fn offset_header(style: HeaderStyle) -> OffsetHeader {
    let (key, encoding) = match style {
        HeaderStyle::Corvid => ("corvid-dlt-offset", OffsetEncoding::Text),
        HeaderStyle::Spring => ("kafka_dlt-original-offset", OffsetEncoding::BigEndian),
        HeaderStyle::Connect => ("__connect.errors.offset", OffsetEncoding::Text),
    };
    OffsetHeader {
        key: key.as_bytes().to_vec(),
        encoding,
    }
}

/// UTF-8 throughout; numbers in decimal, times in ms.
fn corvid(origin: Origin<'_>, why: &Why, now_ms: i64) -> Vec<OwnHeader> {
    let text = |value: String| value.into_bytes();
    vec![
        ("corvid-dlt-topic", origin.topic.into()),
        ("corvid-dlt-partition", text(origin.partition.to_string())),
        ("corvid-dlt-timestamp", text(origin.timestamp.to_string())),
        ("corvid-dlt-stage", why.stage.as_str().into()),
        ("corvid-dlt-plugin", text(why.plugin.clone())),
        ("corvid-dlt-generation", text(why.generation.to_string())),
        ("corvid-dlt-code", text(why.code.clone())),
        ("corvid-dlt-reason", text(why.reason.clone())),
        ("corvid-dlt-attempts", text("1".into())),
        ("corvid-dlt-first-at", text(now_ms.to_string())),
        ("corvid-dlt-last-at", text(now_ms.to_string())),
    ]
}

/// As Spring Kafka's `DeadLetterPublishingRecoverer`: numbers are big-endian.
fn spring(origin: Origin<'_>, why: &Why) -> Vec<OwnHeader> {
    vec![
        ("kafka_dlt-original-topic", origin.topic.into()),
        ("kafka_dlt-original-partition", origin.partition.to_be_bytes().into()),
        ("kafka_dlt-original-timestamp", origin.timestamp.to_be_bytes().into()),
        ("kafka_dlt-original-timestamp-type", b"CreateTime".into()),
        ("kafka_dlt-exception-fqcn", exception_of(why).into_bytes()),
        ("kafka_dlt-exception-message", why.reason.clone().into_bytes()),
    ]
}

/// As Kafka Connect's `DeadLetterQueueReporter` with context headers.
fn connect(origin: Origin<'_>, why: &Why) -> Vec<OwnHeader> {
    vec![
        ("__connect.errors.topic", origin.topic.into()),
        ("__connect.errors.partition", origin.partition.to_string().into_bytes()),
        ("__connect.errors.stage", why.stage.as_str().to_uppercase().into_bytes()),
        ("__connect.errors.class.name", why.plugin.clone().into_bytes()),
        ("__connect.errors.exception.class.name", exception_of(why).into_bytes()),
        ("__connect.errors.exception.message", why.reason.clone().into_bytes()),
    ]
}

/// Stands where those two name a Java class: the plugin and its code.
fn exception_of(why: &Why) -> String {
    format!("corvid.{}.{}", why.plugin, why.code)
}
