//! Which plugins a topic binds, and what happens to the records that they refuse.
//!
//! A policy is a handful of topic configs (`corvid.partitioner`, `corvid.produce`, …), so that
//! everything that can set a Kafka config can set it. [`TopicBindings::from_configs`] reads them.

mod backoff;
mod binding;
mod bindings;
mod readers;
mod retry;
mod script;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use backoff::{BACKOFF_MAX_MS, Backoff, BackoffError, Delays};
pub use binding::{Binding, BindingError, LimitsError, PluginLimits};
pub use bindings::TopicBindings;
pub(crate) use bindings::other_dead_letter_topics;
pub use readers::{ANONYMOUS, Reader, Readers, ReadersError};
pub use retry::{ATTEMPTS_MAX, GROUPS_MAX, GROUPS_MAX_MAX, RETRY_SUFFIX, Retry, RetryOf};
pub use script::{SCRIPT_BYTES_MAX, SCRIPT_LIMITS, SCRIPT_PLUGIN, script_config};

/// What happens to a record that a validator or a transform refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnRefused {
    /// The whole batch is refused with INVALID_RECORD, naming the record and the reason.
    #[default]
    Refuse,
    /// The record goes to the dead-letter topic, the rest of the batch is appended.
    DeadLetter,
    /// The record is left out, and counted.
    Drop,
    /// The topic's policy decides; where it says nothing, as `Refuse`.
    Policy,
}

/// What happens to a record on which a plugin trapped, ran out of time, or answered nonsense.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFault {
    /// A retriable error to the client.
    #[default]
    Refuse,
    /// The record goes to the dead-letter topic.
    DeadLetter,
    /// The record goes on as it came, marked by a header.
    Pass,
    /// The topic's policy decides; where it says nothing, as `Refuse`.
    Policy,
}

/// How the headers of a dead letter are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderStyle {
    /// `corvid-dlt-topic`, …: UTF-8, decimals.
    #[default]
    Corvid,
    /// `kafka_dlt-original-topic`, …: as Spring Kafka's DeadLetterPublishingRecoverer writes them.
    Spring,
    /// `__connect.errors.topic`, …: as Kafka Connect's sinks write them.
    Connect,
}

/// Where dead letters go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The topic; `<topic>.DLT` if it isn't set.
    pub topic: String,
    /// Others that a policy may choose instead.
    pub others: Vec<String>,
    /// The family of headers.
    pub headers: HeaderStyle,
    /// How long they are kept, in ms, −1 for ever; `None` if the dead-letter topic itself says.
    pub retention_ms: Option<i64>,
}

impl DeadLetter {
    /// Every topic that a letter may go to: the usual one first, then the others in their order.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.topic).chain(&self.others).map(String::as_str)
    }
}

macro_rules! spelled {
    ($type:ty { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $type {
            /// As it stands in a config and in TOML.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads a config's value.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

spelled!(OnRefused { Refuse = "refuse", DeadLetter = "dead-letter", Drop = "drop", Policy = "policy" });
spelled!(OnFault { Refuse = "refuse", DeadLetter = "dead-letter", Pass = "pass", Policy = "policy" });
spelled!(HeaderStyle { Corvid = "corvid", Spring = "spring", Connect = "connect" });
