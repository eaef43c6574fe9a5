//! The hook that decides what becomes of a record that failed.

use std::borrow::Cow;
use std::time::Duration;

use crate::answer::List;
use crate::config::Config;
use crate::input::{Input, Topic};
use crate::reader::{Reader, malformed};
use crate::record::Record;
use crate::refusal::Refusal;

/// Decides what becomes of records that failed: with a consumer, which produces them to its retry topic, or already at the
/// produce, where a plugin refused them or failed.
///
/// What it decides is written down with the record, and never asked again. Where it fails itself, the topic's own
/// arithmetic decides (`[topics.NAME.retry]`): no record is lost by it.
///
/// ```
/// use std::time::Duration;
/// use corvid_plugin_sdk::{Config, Decision, Failure, Policy, Record, Topic, export};
///
/// /// What a person has to look at does not wait for the last attempt.
/// pub struct Impatient;
///
/// impl Policy for Impatient {
///     fn new(_config: &Config<'_>) -> Result<Self, String> {
///         Ok(Impatient)
///     }
///
///     fn decide(&mut self, record: &Record<'_>, failure: &Failure<'_>, _topic: &Topic<'_>) -> Decision {
///         if failure.reason.contains("unknown account") {
///             return Decision::DeadLetter;
///         }
///         if record.header("urgent").is_some() {
///             return Decision::RetryAfter(Duration::from_millis(50));
///         }
///         Decision::AsConfigured
///     }
/// }
///
/// export!(policy = Impatient);
///
/// // In its unit tests:
/// use corvid_plugin_sdk::testing::{Call, Failed, RecordBuilder};
///
/// let records = [RecordBuilder::new().header("urgent", ""), RecordBuilder::new()];
/// let call = Call::new(records).failed(Failed::new().attempt(2).reason("timed out"));
/// let decisions = call.decide::<Impatient>("{}").unwrap();
/// assert_eq!(decisions, [Decision::RetryAfter(Duration::from_millis(50)), Decision::AsConfigured]);
/// ```
pub trait Policy: Sized {
    /// Makes the plugin from its configuration, once for every instance of it. An error's text is
    /// shown to whoever binds the plugin, and the plugin is not bound.
    fn new(config: &Config<'_>) -> Result<Self, String>;

    /// What becomes of this record, which failed like this.
    fn decide(&mut self, record: &Record<'_>, failure: &Failure<'_>, topic: &Topic<'_>) -> Decision;
}

/// What went wrong with a record, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure<'a> {
    /// Where it failed.
    pub stage: Stage,
    /// For programs: a refusing plugin's own code in decimal digits, the kind of a fault, or what the consumer said
    /// (`corvid-retry-code`); may be empty.
    pub code: &'a str,
    /// For people; may be empty.
    pub reason: &'a str,
    /// How many times the record has been handled, and failed, this time included: 1 and more.
    pub attempt: u32,
    /// How many times it is handled at most (`attempts` of the topic's retry table; 1 at the produce). A record that has
    /// had them all does not come back, whatever is decided: see [`Failure::is_last`].
    pub attempts: u32,
    /// When it failed first, in milliseconds since the epoch.
    pub first_at_ms: i64,
    /// When it failed this time.
    pub last_at_ms: i64,
    /// The topic that it was in at first.
    pub topic: &'a str,
    /// The partition that it was in at first, if that is known: a consumer may not say.
    pub partition: Option<i32>,
}

impl Failure<'_> {
    /// Whether this was the last attempt that the topic allows.
    pub fn is_last(&self) -> bool {
        self.attempt >= self.attempts
    }
}

/// Where a record failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// A validator refused it, or failed.
    Validator,
    /// A transform refused it, or failed.
    Transform,
    /// The partitioner failed.
    Partitioner,
    /// A consumer's handler failed.
    Consumer,
    /// A later broker's, which this SDK has no name for.
    Other,
}

/// What becomes of a record that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// What the topic's own settings say.
    AsConfigured,
    /// It comes back after this time, a year at most. At the produce, where nothing is kept that was not checked, the
    /// producer is told to try again.
    RetryAfter(Duration),
    /// It goes to the topic's dead-letter topic.
    DeadLetter,
    /// It goes to this dead-letter topic, which has to be among those that the topic names
    /// (`[topics.NAME.dead_letter]`); any other is a fault.
    DeadLetterTo(Cow<'static, str>),
    /// It is gone, and counted.
    Drop,
    /// Whoever produced it is told why; with it, its whole batch is refused.
    Refuse(Refusal),
}

/// Runs the hook over a call's records, and writes the answer: nothing, or what is decided otherwise than configured.
pub(crate) fn answer<P: Policy>(plugin: &mut P, input: &Input<'_>, answer: &mut Vec<u8>) {
    let mut decisions = List::new(answer, input.len);
    let mut failures = Reader::new(input.extra);
    let last = input.records.len().saturating_sub(1);
    for (index, record) in input.records.clone().enumerate() {
        let failure = Failure::read(&mut failures);
        match plugin.decide(&record, &failure, &input.topic) {
            Decision::AsConfigured => {}
            Decision::RetryAfter(delay) => {
                let entry = decisions.entry(index);
                entry.push(kind::RETRY);
                entry.extend_from_slice(&i64::try_from(delay.as_millis()).unwrap_or(i64::MAX).to_le_bytes());
            }
            Decision::DeadLetter => dead_letter(decisions.entry(index), ""),
            Decision::DeadLetterTo(topic) => dead_letter(decisions.entry(index), &topic),
            Decision::Drop => decisions.entry(index).push(kind::DROP),
            Decision::Refuse(refusal) => {
                decisions.entry(index).push(kind::REFUSE);
                decisions.refuse(&refusal, last - index);
            }
        }
    }
}

fn dead_letter(entry: &mut Vec<u8>, topic: &str) {
    let Ok(len) = u16::try_from(topic.len()) else {
        panic!("the name of a topic has at most 249 bytes")
    };
    entry.push(kind::DEAD_LETTER);
    entry.extend_from_slice(&len.to_le_bytes());
    entry.extend_from_slice(topic.as_bytes());
}

impl<'a> Failure<'a> {
    /// Reads the failure of the next record (ABI.md has its fields).
    fn read(reader: &mut Reader<'a>) -> Self {
        let [stage] = reader.array();
        let attempt = u32::from_le_bytes(reader.array());
        let attempts = u32::from_le_bytes(reader.array());
        let first_at_ms = i64::from_le_bytes(reader.array());
        let last_at_ms = i64::from_le_bytes(reader.array());
        let partition = i32::from_le_bytes(reader.array());
        Failure {
            stage: Stage::from_number(stage),
            attempt,
            attempts,
            first_at_ms,
            last_at_ms,
            partition: (partition >= 0).then_some(partition),
            topic: text(reader),
            code: text(reader),
            reason: text(reader),
        }
    }
}

fn text<'a>(reader: &mut Reader<'a>) -> &'a str {
    let len = u16::from_le_bytes(reader.array());
    match str::from_utf8(reader.take(len.into())) {
        Ok(text) => text,
        Err(_) => malformed(),
    }
}

impl Stage {
    fn from_number(number: u8) -> Self {
        match number {
            0 => Stage::Validator,
            1 => Stage::Transform,
            2 => Stage::Partitioner,
            3 => Stage::Consumer,
            _ => Stage::Other,
        }
    }
}

/// What an entry of the answer decides.
pub(crate) mod kind {
    pub(crate) const RETRY: u8 = 0;
    pub(crate) const DEAD_LETTER: u8 = 1;
    pub(crate) const DROP: u8 = 2;
    pub(crate) const REFUSE: u8 = 3;
}
