//! All that one topic binds, read from its configs.

use std::collections::BTreeMap;

use super::{Binding, DeadLetter, HeaderStyle, OnFault, OnRefused};
use crate::config::{ConfigError, keys};

/// The policy of one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicBindings {
    /// Decides where records go; at most one.
    pub partitioner: Option<Binding>,
    /// Validators and transforms, in the order in which they run.
    pub produce: Vec<Binding>,
    /// Views, in the order in which they run, each for some readers.
    pub fetch: Vec<Binding>,
    /// For bindings that don't say otherwise.
    pub on_refused: OnRefused,
    /// For bindings that don't say otherwise.
    pub on_fault: OnFault,
    /// Where dead letters go, if something sends them.
    pub dead_letter: DeadLetter,
}

impl TopicBindings {
    /// The policy of a topic without one.
    pub fn none(topic: &str) -> Self {
        TopicBindings {
            partitioner: None,
            produce: Vec::new(),
            fetch: Vec::new(),
            on_refused: OnRefused::default(),
            on_fault: OnFault::default(),
            dead_letter: DeadLetter {
                topic: default_dead_letter_topic(topic),
                headers: HeaderStyle::default(),
                retention_ms: None,
            },
        }
    }

    /// Reads a topic's own configs.
    pub fn from_configs(topic: &str, configs: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut bindings = TopicBindings::none(topic);
        for (key, value) in configs {
            bindings.take(key, value)?;
        }
        Ok(bindings)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), ConfigError> {
        let invalid = |reason: String| ConfigError::invalid(key, value, reason);
        match key {
            keys::PARTITIONER if value.trim().is_empty() => self.partitioner = None,
            keys::PARTITIONER => {
                self.partitioner = Some(Binding::parse(value).map_err(|error| invalid(error.to_string()))?);
            }
            keys::PRODUCE => self.produce = Binding::parse_list(value).map_err(|error| invalid(error.to_string()))?,
            keys::FETCH => self.fetch = Binding::parse_views(value).map_err(|error| invalid(error.to_string()))?,
            keys::ON_REFUSED => {
                self.on_refused =
                    OnRefused::parse(value).ok_or_else(|| invalid("expected refuse, dead-letter or drop".into()))?;
            }
            keys::ON_FAULT => {
                self.on_fault =
                    OnFault::parse(value).ok_or_else(|| invalid("expected refuse, dead-letter or pass".into()))?;
            }
            keys::DEAD_LETTER_TOPIC if value.is_empty() => {}
            keys::DEAD_LETTER_TOPIC => {
                crate::topic_name::check(value).map_err(|error| invalid(error.to_string()))?;
                value.clone_into(&mut self.dead_letter.topic);
            }
            keys::DEAD_LETTER_RETENTION_MS => {
                let ms: i64 = value
                    .trim()
                    .parse()
                    .map_err(|_| invalid("expected milliseconds, -1 or -2".into()))?;
                self.dead_letter.retention_ms = (ms >= -1).then_some(ms);
            }
            keys::DEAD_LETTER_HEADERS => {
                self.dead_letter.headers =
                    HeaderStyle::parse(value).ok_or_else(|| invalid("expected corvid, spring or connect".into()))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether no plugin is bound: the fast path of a produce.
    pub fn is_empty(&self) -> bool {
        self.partitioner.is_none() && self.produce.is_empty()
    }

    /// Every binding of a produce, in the order in which they run: the partitioner comes last.
    pub fn all(&self) -> impl Iterator<Item = &Binding> {
        self.produce.iter().chain(&self.partitioner)
    }

    /// Every binding there is: those of a produce, and the views.
    pub fn everywhere(&self) -> impl Iterator<Item = &Binding> {
        self.all().chain(&self.fetch)
    }

    /// What happens when this view fails: what it says itself, and never what the topic says of a produce. Nobody is
    /// shown what a view should have changed because of a word that was meant for something else.
    pub fn on_fault_of_view(binding: &Binding) -> OnFault {
        binding.on_fault.unwrap_or(OnFault::Refuse)
    }

    /// What happens to a record that this binding refuses.
    pub fn on_refused_of(&self, binding: &Binding) -> OnRefused {
        binding.on_refused.unwrap_or(self.on_refused)
    }

    /// What happens to a record on which this binding fails.
    pub fn on_fault_of(&self, binding: &Binding) -> OnFault {
        binding.on_fault.unwrap_or(self.on_fault)
    }

    /// Whether some binding sends records to the dead-letter topic: then the route has to exist.
    pub fn dead_letters(&self) -> bool {
        self.all().any(|binding| {
            self.on_refused_of(binding) == OnRefused::DeadLetter || self.on_fault_of(binding) == OnFault::DeadLetter
        })
    }
}

/// `<topic>.DLT`, as Spring Kafka has named them for years.
pub fn default_dead_letter_topic(topic: &str) -> String {
    format!("{topic}.DLT")
}
