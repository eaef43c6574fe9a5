//! What a dead letter says of itself, read from the headers of any of the three styles, and of Spring's retry topics.
//!
//! Anyone may have written them: a header that is missing, or is not what it should be, is not there.

/// Why a record is dead, and where it was. Whatever a letter doesn't say is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Story {
    /// The topic that the record was sent to.
    pub topic: Option<String>,
    /// Its partition there.
    pub partition: Option<i32>,
    /// Its offset there.
    pub offset: Option<i64>,
    /// Its timestamp there, ms since the epoch.
    pub timestamp: Option<i64>,
    /// The consumer group that gave up on it.
    pub group: Option<String>,
    /// What it failed in: a hook, `consumer`, or a stage of Connect's.
    pub stage: Option<String>,
    /// The plugin that refused it or failed on it, or Connect's class.
    pub plugin: Option<String>,
    /// The plugin's code, or the kind of fault.
    pub code: Option<String>,
    /// The exception's class, where it was one of Java's.
    pub exception: Option<String>,
    /// Why, for people.
    pub reason: Option<String>,
    /// How often it was tried.
    pub attempts: Option<i64>,
    /// When it failed first, ms since the epoch.
    pub first_at: Option<i64>,
    /// When it failed last, ms since the epoch.
    pub last_at: Option<i64>,
}

/// How the headers begin that tell where and why a record died.
const DEATH: &[&str] = &[
    "corvid-dlt-",
    "kafka_dlt-",
    "kafka_original-",
    "kafka_exception-",
    "kafka_key-exception-",
    "__connect.errors.",
];
/// How those begin that tell how often it was tried.
const RETRIES: &[&str] = &["corvid-retry-", "retry_topic-"];

/// Whether a header belongs to a letter's story, and not to the record that it was.
pub fn is_storys(header: &[u8]) -> bool {
    tells_of_a_death(header) || begins_with(header, RETRIES)
}

/// Whether a header tells where and why a record died.
pub fn tells_of_a_death(header: &[u8]) -> bool {
    begins_with(header, DEATH)
}

fn begins_with(header: &[u8], prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| header.starts_with(prefix.as_bytes()))
}

impl Story {
    /// Reads the headers of a letter, in their order.
    pub fn of<'a>(headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Self {
        let headers: Vec<_> = headers
            .filter_map(|(key, value)| Some((std::str::from_utf8(key).ok()?, value?)))
            .filter(|(key, _)| is_storys(key.as_bytes()))
            .collect();
        Headers(headers).story()
    }
}

struct Headers<'a>(Vec<(&'a str, &'a [u8])>);

impl Headers<'_> {
    fn story(&self) -> Story {
        let class = self.text(&[
            "kafka_dlt-exception-cause-fqcn",
            "kafka_exception-cause-fqcn",
            "kafka_dlt-exception-fqcn",
            "kafka_exception-fqcn",
            "__connect.errors.exception.class.name",
        ]);
        let ours = class.as_deref().and_then(decided_by_plugin);
        Story {
            topic: self.text(&[
                "corvid-dlt-topic",
                "kafka_dlt-original-topic",
                "kafka_original-topic",
                "__connect.errors.topic",
            ]),
            partition: self.origin("partition").and_then(|number| number.try_into().ok()),
            offset: self.origin("offset"),
            timestamp: self.origin("timestamp"),
            group: self.text(&[
                "corvid-dlt-group",
                "kafka_dlt-original-consumer-group",
                "__connect.errors.connector.name",
            ]),
            stage: self.text(&["corvid-dlt-stage", "__connect.errors.stage"]),
            plugin: self
                .text(&["corvid-dlt-plugin", "__connect.errors.class.name"])
                .or_else(|| ours.map(|(plugin, _)| plugin.to_owned())),
            code: self
                .text(&["corvid-dlt-code"])
                .or_else(|| ours.map(|(_, code)| code.to_owned())),
            exception: class.clone().filter(|_| ours.is_none()),
            reason: self.text(&[
                "corvid-dlt-reason",
                "kafka_dlt-exception-message",
                "kafka_exception-message",
                "__connect.errors.exception.message",
            ]),
            attempts: self.number(&["corvid-dlt-attempts", "retry_topic-attempts"]),
            first_at: self.number(&["corvid-dlt-first-at"]),
            last_at: self.number(&["corvid-dlt-last-at"]),
        }
    }

    fn origin(&self, field: &str) -> Option<i64> {
        self.number(&[
            &format!("corvid-dlt-{field}"),
            &format!("kafka_dlt-original-{field}"),
            &format!("kafka_original-{field}"),
            &format!("__connect.errors.{field}"),
        ])
    }

    /// The first of these that is there; of several with one name, the last: a letter of a letter tells of its own death.
    fn find(&self, names: &[&str]) -> Option<(&str, &[u8])> {
        names
            .iter()
            .find_map(|name| self.0.iter().rev().find(|(key, _)| key == name).copied())
    }

    fn text(&self, names: &[&str]) -> Option<String> {
        let (_, value) = self.find(names)?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// Decimal digits, or big-endian as Spring has it.
    fn number(&self, names: &[&str]) -> Option<i64> {
        let (name, value) = self.find(names)?;
        if !name.starts_with("kafka_") && !name.starts_with("retry_topic-") {
            return std::str::from_utf8(value).ok()?.parse().ok();
        }
        match value.len() {
            4 => Some(i64::from(i32::from_be_bytes(value.try_into().ok()?))),
            8 => Some(i64::from_be_bytes(value.try_into().ok()?)),
            _ => None,
        }
    }
}

/// `corvid.PLUGIN.CODE`, where the other styles name a Java class.
fn decided_by_plugin(class: &str) -> Option<(&str, &str)> {
    class.strip_prefix("corvid.")?.rsplit_once('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(headers: &[(&str, &[u8])]) -> Story {
        Story::of(headers.iter().map(|(key, value)| (key.as_bytes(), Some(*value))))
    }

    #[test]
    fn each_style_tells_where_the_record_was_and_why_it_is_dead() {
        let corvid = story(&[
            ("corvid-dlt-topic", b"orders"),
            ("corvid-dlt-partition", b"3"),
            ("corvid-dlt-offset", b"17"),
            ("corvid-dlt-stage", b"validator"),
            ("corvid-dlt-plugin", b"order-schema"),
            ("corvid-dlt-reason", b"no amount"),
            ("corvid-dlt-attempts", b"1"),
        ]);
        assert_eq!(
            (corvid.partition, corvid.offset, corvid.attempts),
            (Some(3), Some(17), Some(1))
        );
        assert_eq!(corvid.plugin.as_deref(), Some("order-schema"));
        let spring = story(&[
            ("kafka_dlt-original-topic", b"orders"),
            ("kafka_dlt-original-partition", &3_i32.to_be_bytes()),
            ("kafka_dlt-original-offset", &17_i64.to_be_bytes()),
            (
                "kafka_dlt-exception-fqcn",
                b"org.springframework.kafka.listener.ListenerExecutionFailedException",
            ),
            ("kafka_dlt-exception-cause-fqcn", b"java.lang.NumberFormatException"),
            ("kafka_dlt-exception-message", b"For input string: many"),
        ]);
        assert_eq!(
            (spring.partition, spring.offset, &spring.plugin),
            (Some(3), Some(17), &None)
        );
        assert_eq!(spring.exception.as_deref(), Some("java.lang.NumberFormatException"));
        let retried = story(&[
            ("kafka_original-topic", b"payments"),
            ("retry_topic-attempts", &5_i32.to_be_bytes()),
        ]);
        assert_eq!(
            (retried.topic.as_deref(), retried.attempts),
            (Some("payments"), Some(5))
        );
        let connect = story(&[
            ("__connect.errors.topic", b"orders"),
            ("__connect.errors.partition", b"3"),
            ("__connect.errors.stage", b"VALUE_CONVERTER"),
            ("__connect.errors.exception.class.name", b"corvid.order-schema.7"),
        ]);
        assert_eq!((connect.partition, connect.code.as_deref()), (Some(3), Some("7")));
        assert_eq!(
            (connect.plugin.as_deref(), connect.exception),
            (Some("order-schema"), None)
        );
    }

    /// The bug: a letter whose headers someone made up ends the command, or sends records to partition −1.
    #[test]
    fn what_is_no_number_is_not_there() {
        let odd = story(&[
            ("corvid-dlt-partition", b"99999999999"),
            ("corvid-dlt-offset", b"x"),
            ("kafka_dlt-original-timestamp", b"12345"),
            ("corvid-dlt-attempts", b""),
        ]);
        assert_eq!(odd, Story::default());
        assert_eq!(Story::of([(&b"\xff"[..], None)].into_iter()), Story::default());
    }
}
