//! Failures to show to a policy, and what it decides of them.

use std::time::Duration;

use super::call::Call;
use crate::config::Config;
use crate::policy::{self, Decision, Policy, Stage, kind};
use crate::reader::Reader;

/// How a record failed. At first: with a consumer, the first of three attempts, at 0 ms, of a topic `topic`, without a code
/// or a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    stage: Stage,
    code: String,
    reason: String,
    attempt: u32,
    attempts: u32,
    first_at_ms: i64,
    last_at_ms: i64,
    topic: String,
    partition: i32,
}

impl Default for Failed {
    fn default() -> Self {
        Failed {
            stage: Stage::Consumer,
            code: String::new(),
            reason: String::new(),
            attempt: 1,
            attempts: 3,
            first_at_ms: 0,
            last_at_ms: 0,
            topic: "topic".to_owned(),
            partition: -1,
        }
    }
}

impl Failed {
    /// A first failure with a consumer.
    pub fn new() -> Self {
        Failed::default()
    }

    /// At this stage.
    #[must_use]
    pub fn stage(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }

    /// With this code.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self
    }

    /// For this reason.
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        reason.clone_into(&mut self.reason);
        self
    }

    /// At this attempt, from 1.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// With so many attempts allowed.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// First at, and this time at, in milliseconds since the epoch.
    #[must_use]
    pub fn at_ms(mut self, first: i64, last: i64) -> Self {
        (self.first_at_ms, self.last_at_ms) = (first, last);
        self
    }

    /// Of a record that was in this topic and partition at first.
    #[must_use]
    pub fn from(mut self, topic: &str, partition: i32) -> Self {
        topic.clone_into(&mut self.topic);
        self.partition = partition;
        self
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(match self.stage {
            Stage::Validator => 0,
            Stage::Transform => 1,
            Stage::Partitioner => 2,
            Stage::Consumer => 3,
            Stage::Other => u8::MAX,
        });
        out.extend_from_slice(&self.attempt.to_le_bytes());
        out.extend_from_slice(&self.attempts.to_le_bytes());
        out.extend_from_slice(&self.first_at_ms.to_le_bytes());
        out.extend_from_slice(&self.last_at_ms.to_le_bytes());
        out.extend_from_slice(&self.partition.to_le_bytes());
        for text in [&self.topic, &self.code, &self.reason] {
            out.extend_from_slice(&(text.len() as u16).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
    }
}

impl Call {
    /// What a new policy of this configuration decides of each record, or why it can't be made.
    pub fn decide<P: Policy>(&self, config: &str) -> Result<Vec<Decision>, String> {
        Ok(self.decide_with(&mut P::new(&Config::parse(config)?)?))
    }

    /// What this policy decides of each record.
    pub fn decide_with<P: Policy>(&self, plugin: &mut P) -> Vec<Decision> {
        let failures = |out: &mut Vec<u8>| {
            for index in 0..self.len() {
                self.failure(index).write(out);
            }
        };
        let answer = self.run_with(failures, |input, answer| policy::answer(plugin, input, answer));
        decisions(&answer, self.len())
    }
}

fn decisions(answer: &[u8], records: usize) -> Vec<Decision> {
    /// A year: the host takes more for a fault.
    const DELAY_MAX_MS: i64 = 365 * 24 * 3_600_000;
    let mut decisions = vec![Decision::AsConfigured; records];
    super::answers::entries(answer, records, |index, reader| {
        let [what] = reader.array();
        decisions[index] = match what {
            kind::RETRY => {
                let delay = i64::from_le_bytes(reader.array());
                assert!(
                    (0..=DELAY_MAX_MS).contains(&delay),
                    "record {index}: nothing is held for {delay} ms"
                );
                Decision::RetryAfter(Duration::from_millis(delay.unsigned_abs()))
            }
            kind::DEAD_LETTER => match topic(reader) {
                name if name.is_empty() => Decision::DeadLetter,
                name => Decision::DeadLetterTo(name.into()),
            },
            kind::DROP => Decision::Drop,
            kind::REFUSE => Decision::Refuse(super::answers::refusal(reader)),
            _ => panic!("record {index}: {what} is no kind of decision"),
        };
    });
    decisions
}

fn topic(reader: &mut Reader<'_>) -> String {
    let len = u16::from_le_bytes(reader.array());
    let name = str::from_utf8(reader.take(len.into())).expect("a topic's name is UTF-8");
    name.to_owned()
}
