//! What a dead letter says of itself, in the headers that the dead-letter topic's readers expect.

use corvid_metadata::policy::HeaderStyle;
use corvid_record::hidden::{OffsetEncoding, OffsetHeader};

use crate::fates::Why;
use crate::retry::History;

/// Where a record was when it failed.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The topic that it was sent to.
    pub topic: &'a str,
    /// The partition that the client chose; `None` where a consumer did not say it.
    pub partition: Option<i32>,
    /// Its offset, where that is known before it is delivered.
    pub offset: Option<i64>,
    /// The record's timestamp, ms.
    pub timestamp: i64,
}

impl<'a> Origin<'a> {
    /// A record that comes from a retry topic was somewhere else at first.
    fn of(self, history: Option<&'a History>) -> Self {
        history.map_or(self, |history| Origin {
            topic: &history.topic,
            partition: history.partition,
            offset: history.offset,
            timestamp: history.timestamp,
        })
    }
}

/// A header's name and value.
pub type OwnHeader = (&'static str, Vec<u8>);

/// The headers of a letter, but for one that names an offset that is known only when it is delivered.
pub fn headers(style: HeaderStyle, origin: Origin<'_>, why: &Why, now_ms: i64) -> Vec<OwnHeader> {
    let history = why.history.as_deref();
    let origin = origin.of(history);
    let mut headers = match style {
        HeaderStyle::Corvid => corvid(origin, why),
        HeaderStyle::Spring => spring(origin, why),
        HeaderStyle::Connect => connect(origin, why),
    };
    // The other two have no names for this, and it is only now that there is something to tell.
    if style == HeaderStyle::Corvid || history.is_some() {
        headers.extend(times(history, now_ms));
    }
    headers
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
fn corvid(origin: Origin<'_>, why: &Why) -> Vec<OwnHeader> {
    let text = |value: String| value.into_bytes();
    let mut headers = vec![("corvid-dlt-topic", origin.topic.into())];
    headers.extend(
        origin
            .partition
            .map(|partition| ("corvid-dlt-partition", text(partition.to_string()))),
    );
    headers.extend(
        origin
            .offset
            .map(|offset| ("corvid-dlt-offset", text(offset.to_string()))),
    );
    headers.push(("corvid-dlt-timestamp", text(origin.timestamp.to_string())));
    headers.push(("corvid-dlt-stage", why.stage.as_str().into()));
    headers.extend(
        why.history
            .as_ref()
            .map(|history| ("corvid-dlt-group", text(history.group.clone()))),
    );
    if !why.plugin.is_empty() {
        headers.push(("corvid-dlt-plugin", text(why.plugin.clone())));
        headers.push(("corvid-dlt-generation", text(why.generation.to_string())));
    }
    headers.push(("corvid-dlt-code", text(why.code.clone())));
    headers.push(("corvid-dlt-reason", text(why.reason.clone())));
    headers
}

/// How often it failed, and when.
fn times(history: Option<&History>, now_ms: i64) -> [OwnHeader; 3] {
    let (attempts, first, last) = history.map_or((1, now_ms, now_ms), |history| {
        (history.attempts, history.first_at, history.last_at)
    });
    let text = |value: String| value.into_bytes();
    [
        ("corvid-dlt-attempts", text(attempts.to_string())),
        ("corvid-dlt-first-at", text(first.to_string())),
        ("corvid-dlt-last-at", text(last.to_string())),
    ]
}

/// As Spring Kafka's `DeadLetterPublishingRecoverer`: numbers are big-endian.
fn spring(origin: Origin<'_>, why: &Why) -> Vec<OwnHeader> {
    let mut headers = vec![("kafka_dlt-original-topic", origin.topic.into())];
    headers.extend(
        origin
            .partition
            .map(|partition| ("kafka_dlt-original-partition", partition.to_be_bytes().into())),
    );
    headers.extend(
        origin
            .offset
            .map(|offset| ("kafka_dlt-original-offset", offset.to_be_bytes().into())),
    );
    headers.extend([
        ("kafka_dlt-original-timestamp", origin.timestamp.to_be_bytes().into()),
        ("kafka_dlt-original-timestamp-type", b"CreateTime".into()),
        ("kafka_dlt-exception-fqcn", exception_of(why).into_bytes()),
        ("kafka_dlt-exception-message", why.reason.clone().into_bytes()),
    ]);
    headers.extend(
        why.history
            .as_ref()
            .map(|history| ("kafka_dlt-original-consumer-group", history.group.clone().into_bytes())),
    );
    headers
}

/// As Kafka Connect's `DeadLetterQueueReporter` with context headers.
fn connect(origin: Origin<'_>, why: &Why) -> Vec<OwnHeader> {
    let mut headers = vec![("__connect.errors.topic", origin.topic.into())];
    headers.extend(
        origin
            .partition
            .map(|partition| ("__connect.errors.partition", partition.to_string().into_bytes())),
    );
    headers.extend(
        origin
            .offset
            .map(|offset| ("__connect.errors.offset", offset.to_string().into_bytes())),
    );
    headers.extend([
        ("__connect.errors.stage", why.stage.as_str().to_uppercase().into_bytes()),
        ("__connect.errors.class.name", why.plugin.clone().into_bytes()),
        ("__connect.errors.exception.class.name", exception_of(why).into_bytes()),
        ("__connect.errors.exception.message", why.reason.clone().into_bytes()),
    ]);
    headers
}

/// Stands where those two name a Java class: what the consumer said, or the plugin and its code.
fn exception_of(why: &Why) -> String {
    match &why.history {
        Some(_) if why.plugin.is_empty() => why.code.clone(),
        _ => format!("corvid.{}.{}", why.plugin, why.code),
    }
}
