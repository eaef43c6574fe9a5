//! The headers by which a record that comes back carries its history, and by which clients tell theirs.
//!
//! Ours are UTF-8 throughout, with decimals and times in ms; Spring Kafka's are big-endian. Of a header that is there more
//! than once the last one counts: clients add rather than replace.

use corvid_record::Record;

/// What all of ours begin with.
pub const PREFIX: &[u8] = b"corvid-retry-";
/// How many times the record has failed before this time.
pub const ATTEMPTS: &str = "corvid-retry-attempts";
/// The topic that it was in at first.
pub const TOPIC: &str = "corvid-retry-topic";
/// The partition that it was in at first.
pub const PARTITION: &str = "corvid-retry-partition";
/// Its offset there.
pub const OFFSET: &str = "corvid-retry-offset";
/// Its timestamp there.
pub const TIMESTAMP: &str = "corvid-retry-timestamp";
/// When it failed first.
pub const FIRST_AT: &str = "corvid-retry-first-at";
/// When it failed the last time.
pub const LAST_AT: &str = "corvid-retry-last-at";
/// Why it failed, for people; from the client.
pub const REASON: &str = "corvid-retry-reason";
/// Why it failed, for programs; from the client.
pub const CODE: &str = "corvid-retry-code";

/// Spring's: the attempt that comes next, in four bytes; one byte in old versions.
const SPRING_ATTEMPTS: &str = "retry_topic-attempts";
/// Spring's, of a retry topic and of a dead-letter topic.
const SPRING_TOPIC: [&str; 2] = ["kafka_original-topic", "kafka_dlt-original-topic"];
const SPRING_PARTITION: [&str; 2] = ["kafka_original-partition", "kafka_dlt-original-partition"];
const SPRING_OFFSET: [&str; 2] = ["kafka_original-offset", "kafka_dlt-original-offset"];
const SPRING_TIMESTAMP: [&str; 2] = ["kafka_original-timestamp", "kafka_dlt-original-timestamp"];
const SPRING_REASON: [&str; 2] = ["kafka_exception-message", "kafka_dlt-exception-message"];
const SPRING_CODE: [&str; 2] = ["kafka_exception-fqcn", "kafka_dlt-exception-fqcn"];

/// What a client's headers say; `None` where they say nothing that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// How many times the record has failed before this time.
    pub failed_before: Option<u32>,
    /// The topic that it was in at first.
    pub topic: Option<String>,
    /// The partition that it was in at first.
    pub partition: Option<i32>,
    /// Its offset there.
    pub offset: Option<i64>,
    /// Its timestamp there.
    pub timestamp: Option<i64>,
    /// When it failed first.
    pub first_at: Option<i64>,
    /// Why it failed, for people.
    pub reason: Option<String>,
    /// Why it failed, for programs.
    pub code: Option<String>,
}

/// The longest reason that is kept, in bytes.
const REASON_MAX: usize = 1024;
/// The longest code.
const CODE_MAX: usize = 256;

impl Told {
    /// Reads a record's headers.
    pub fn by(record: &Record<'_>) -> Self {
        let own = |name: &str| last(record, &[name]);
        let number = |name: &str| own(name).and_then(decimal);
        Self {
            failed_before: failed_before(record),
            topic: own(TOPIC)
                .or_else(|| last(record, &SPRING_TOPIC))
                .and_then(|name| std::str::from_utf8(name).ok())
                .filter(|name| corvid_metadata::topic_name::check(name).is_ok())
                .map(str::to_owned),
            partition: number(PARTITION)
                .and_then(|number| i32::try_from(number).ok())
                .or_else(|| {
                    last(record, &SPRING_PARTITION).and_then(|bytes| bytes.try_into().ok().map(i32::from_be_bytes))
                })
                .filter(|partition| *partition >= 0),
            offset: number(OFFSET)
                .or_else(|| last(record, &SPRING_OFFSET).and_then(long))
                .filter(|offset| *offset >= 0),
            timestamp: number(TIMESTAMP).or_else(|| last(record, &SPRING_TIMESTAMP).and_then(long)),
            first_at: number(FIRST_AT),
            reason: own(REASON)
                .or_else(|| last(record, &SPRING_REASON))
                .map(|bytes| text(bytes, REASON_MAX)),
            code: own(CODE)
                .or_else(|| last(record, &SPRING_CODE))
                .map(|bytes| text(bytes, CODE_MAX)),
        }
    }
}

/// The larger of the two counts, where both are there: a Spring application that copies headers counts, too.
fn failed_before(record: &Record<'_>) -> Option<u32> {
    let counted = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let own = last(record, &[ATTEMPTS]).and_then(decimal).map(counted);
    let springs = last(record, &[SPRING_ATTEMPTS]).and_then(|bytes| match bytes {
        [next] => Some(i64::from(*next)),
        bytes => bytes.try_into().ok().map(|bytes| i64::from(i32::from_be_bytes(bytes))),
    });
    // Its number is that of the attempt to come: this failure is of the one before, and others came before that.
    let springs = springs.filter(|next| *next >= 1).map(|next| counted((next - 2).max(0)));
    own.max(springs)
}

/// The value of the last header of any of these names.
fn last<'a>(record: &Record<'a>, names: &[&str]) -> Option<&'a [u8]> {
    let named = |key: &[u8]| names.iter().any(|name| name.as_bytes() == key);
    let found = record.headers.iter().filter(|(key, _)| named(key)).last();
    found.and_then(|(_, value)| value)
}

/// A whole number, not negative, as far as 63 bits go.
fn decimal(digits: &[u8]) -> Option<i64> {
    let legal = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| legal)?.parse().ok()
}

fn long(bytes: &[u8]) -> Option<i64> {
    bytes.try_into().ok().map(i64::from_be_bytes)
}

fn text(bytes: &[u8], max: usize) -> String {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    text.truncate(text.floor_char_boundary(max));
    text
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use corvid_record::{Batch, BatchBuilder, Compression, Header, RecordParts, Records};
    use proptest::prelude::*;

    use super::*;

    fn told(headers: &[Header<'_>]) -> Told {
        let mut builder = BatchBuilder::new(Compression::None);
        builder.push(&RecordParts {
            headers,
            ..RecordParts::default()
        });
        let bytes: Bytes = builder.finish(None).unwrap();
        let batch = Batch::parse(&bytes).unwrap();
        let record = Records::new(batch.section(), 1).next().unwrap().unwrap();
        Told::by(&record)
    }

    fn failed_before(headers: &[(&str, &[u8])]) -> Option<u32> {
        let headers: Vec<Header<'_>> = headers
            .iter()
            .map(|(key, value)| (key.as_bytes(), Some(*value)))
            .collect();
        told(&headers).failed_before
    }

    #[test]
    fn a_client_that_adds_to_what_is_there_is_understood() {
        assert_eq!(failed_before(&[]), None);
        assert_eq!(failed_before(&[(ATTEMPTS, b"2")]), Some(2));
        assert_eq!(failed_before(&[(ATTEMPTS, b"1"), (ATTEMPTS, b"2")]), Some(2));
        let reasons: [Header<'_>; 2] = [(REASON.as_bytes(), Some(b"old")), (REASON.as_bytes(), Some(b"new"))];
        assert_eq!(told(&reasons).reason.as_deref(), Some("new"));
    }

    /// The bug: an attempt that is read as fewer than there were, so that a record comes back for ever.
    #[test]
    fn springs_headers_count_as_spring_counts() {
        let spring = |next: i32| failed_before(&[("retry_topic-attempts", &next.to_be_bytes())]);
        assert_eq!([spring(2), spring(3), spring(5)], [Some(0), Some(1), Some(3)]);
        assert_eq!([spring(0), spring(-7), spring(1)], [None, None, Some(0)]);
        assert_eq!(failed_before(&[("retry_topic-attempts", &[4])]), Some(2));
        let both: [(&str, &[u8]); 2] = [(ATTEMPTS, b"1"), ("retry_topic-attempts", &[0, 0, 0, 5])];
        assert_eq!(failed_before(&both), Some(3));
        let told = told(&[
            (b"kafka_original-topic", Some(b"orders")),
            (b"kafka_original-partition", Some(&[0, 0, 0, 3])),
            (b"kafka_original-offset", Some(&[0, 0, 0, 0, 0, 0, 1, 0])),
            (b"kafka_exception-message", Some(b"no")),
        ]);
        assert_eq!(
            (told.topic.as_deref(), told.partition, told.offset),
            (Some("orders"), Some(3), Some(256))
        );
        assert_eq!(told.reason.as_deref(), Some("no"));
    }

    /// The bug: a count that is no number is taken for none, and the record starts anew; or it wraps around.
    #[test]
    fn numbers_that_are_none_and_numbers_without_end() {
        for junk in [&b""[..], b"-1", b"+1", b"1.0", b"0x1", b"99999999999999999999", b"\xff"] {
            assert_eq!(failed_before(&[(ATTEMPTS, junk)]), None, "{junk:?}");
        }
        assert_eq!(failed_before(&[(ATTEMPTS, b"9999999999")]), Some(u32::MAX));
    }

    proptest! {
        #[test]
        fn no_header_panics(headers in prop::collection::vec((0usize..16, prop::collection::vec(any::<u8>(), 0..12)), 0..9)) {
            let names = [ATTEMPTS, TOPIC, PARTITION, OFFSET, TIMESTAMP, FIRST_AT, REASON, CODE, SPRING_ATTEMPTS,
                SPRING_TOPIC[0], SPRING_PARTITION[0], SPRING_OFFSET[1], SPRING_TIMESTAMP[0], SPRING_REASON[1], SPRING_CODE[0], "x"];
            let headers: Vec<Header<'_>> =
                headers.iter().map(|(name, value)| (names[*name].as_bytes(), Some(&value[..]))).collect();
            let told = told(&headers);
            prop_assert!(told.partition.is_none_or(|partition| partition >= 0));
            prop_assert!(told.reason.is_none_or(|reason| reason.len() <= REASON_MAX));
        }
    }
}
