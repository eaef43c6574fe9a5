//! All that one topic binds, read from its configs.

use std::collections::BTreeMap;

use super::{
    ATTEMPTS_MAX, Backoff, Binding, DeadLetter, GROUPS_MAX, GROUPS_MAX_MAX, HeaderStyle, OnFault, OnRefused, Retry,
    RetryOf,
};
use crate::config::{ConfigError, keys};
use crate::limits::MAX_DEAD_LETTER_TOPICS;

/// The policy of one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicBindings {
    /// Decides where records go; at most one.
    pub partitioner: Option<Binding>,
    /// Validators and transforms, in the order in which they run.
    pub produce: Vec<Binding>,
    /// Views, in the order in which they run, each for some readers.
    pub fetch: Vec<Binding>,
    /// Decides what becomes of what they refuse or fail on, where that says `policy`.
    pub policy: Option<Binding>,
    /// For bindings that don't say otherwise.
    pub on_refused: OnRefused,
    /// For bindings that don't say otherwise.
    pub on_fault: OnFault,
    /// Where dead letters go, if something sends them.
    pub dead_letter: DeadLetter,
    /// Its retry table; of a retry topic, that of its source (see [`crate::retry_topic`]).
    pub retry: Option<Retry>,
    /// What it is for, if it is a retry topic.
    pub retry_of: Option<RetryOf>,
}

impl TopicBindings {
    /// The policy of a topic without one.
    pub fn none(topic: &str) -> Self {
        TopicBindings {
            partitioner: None,
            produce: Vec::new(),
            fetch: Vec::new(),
            policy: None,
            on_refused: OnRefused::default(),
            on_fault: OnFault::default(),
            dead_letter: DeadLetter {
                topic: default_dead_letter_topic(topic),
                others: Vec::new(),
                headers: HeaderStyle::default(),
                retention_ms: None,
            },
            retry: None,
            retry_of: None,
        }
    }

    /// Reads a topic's own configs.
    pub fn from_configs(topic: &str, configs: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut bindings = TopicBindings::none(topic);
        for (key, value) in configs {
            bindings.take(key, value)?;
        }
        bindings.retry = retry(configs)?;
        bindings.retry_of = retry_of(configs);
        Ok(bindings)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), ConfigError> {
        let invalid = |reason: String| ConfigError::invalid(key, value, reason);
        match key {
            keys::PARTITIONER => self.partitioner = binding(key, value, Binding::parse_partitioner)?,
            keys::POLICY => self.policy = binding(key, value, Binding::parse)?,
            keys::PRODUCE => self.produce = Binding::parse_list(value).map_err(|error| invalid(error.to_string()))?,
            keys::FETCH => self.fetch = Binding::parse_views(value).map_err(|error| invalid(error.to_string()))?,
            keys::ON_REFUSED => {
                self.on_refused = OnRefused::parse(value)
                    .ok_or_else(|| invalid("expected refuse, dead-letter, drop or policy".into()))?;
            }
            keys::ON_FAULT => {
                self.on_fault = OnFault::parse(value)
                    .ok_or_else(|| invalid("expected refuse, dead-letter, pass or policy".into()))?;
            }
            keys::DEAD_LETTER_TOPIC if value.is_empty() => {}
            keys::DEAD_LETTER_TOPIC => {
                crate::topic_name::check(value).map_err(|error| invalid(error.to_string()))?;
                value.clone_into(&mut self.dead_letter.topic);
            }
            keys::DEAD_LETTER_OTHERS => {
                self.dead_letter.others = other_dead_letter_topics(value).map_err(invalid)?;
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

    /// Every binding there is: those of a produce, the views, and the policies.
    pub fn everywhere(&self) -> impl Iterator<Item = &Binding> {
        let of_retry = self.retry.as_ref().and_then(|retry| retry.policy.as_ref());
        self.all().chain(&self.fetch).chain(&self.policy).chain(of_retry)
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

    /// Whether some binding sends records to the dead-letter topic, or may: then the route has to exist.
    pub fn dead_letters(&self) -> bool {
        let sends = |binding| {
            self.on_refused_of(binding) == OnRefused::DeadLetter || self.on_fault_of(binding) == OnFault::DeadLetter
        };
        self.policy.is_some() || self.retry_of.is_some() || self.all().any(sends)
    }

    /// Whether some binding leaves it to the policy.
    pub fn asks_policy(&self) -> bool {
        self.on_refused == OnRefused::Policy
            || self.on_fault == OnFault::Policy
            || self.all().any(|binding| {
                self.on_refused_of(binding) == OnRefused::Policy || self.on_fault_of(binding) == OnFault::Policy
            })
    }
}

/// A config that names one plugin, or none.
fn binding(
    key: &str,
    value: &str,
    parse: fn(&str) -> Result<Binding, super::BindingError>,
) -> Result<Option<Binding>, ConfigError> {
    if value.trim().is_empty() {
        return Ok(None);
    }
    let invalid = |error: super::BindingError| ConfigError::invalid(key, value, error.to_string());
    parse(value).map(Some).map_err(invalid)
}

/// The retry table: there is one where attempts are set.
fn retry(configs: &BTreeMap<String, String>) -> Result<Option<Retry>, ConfigError> {
    let attempts = configs.get(keys::RETRY_ATTEMPTS).map_or("0", |value| value.trim());
    let invalid = |reason: &str| ConfigError::invalid(keys::RETRY_ATTEMPTS, attempts, reason);
    let attempts: u32 = attempts.parse().map_err(|_| invalid("expected a whole number"))?;
    if attempts > ATTEMPTS_MAX {
        return Err(invalid("expected 0 to 1000"));
    }
    let backoff = match configs.get(keys::RETRY_BACKOFF) {
        Some(value) => Backoff::parse(value)
            .map_err(|error| ConfigError::invalid(keys::RETRY_BACKOFF, value, error.to_string()))?,
        None => Backoff::default(),
    };
    let groups_max = match configs.get(keys::RETRY_GROUPS_MAX) {
        Some(value) => groups_max(value)?,
        None => GROUPS_MAX,
    };
    let policy = match configs.get(keys::RETRY_POLICY) {
        Some(value) => binding(keys::RETRY_POLICY, value, Binding::parse)?,
        None => None,
    };
    Ok((attempts > 0).then_some(Retry {
        attempts,
        backoff,
        groups_max,
        policy,
    }))
}

fn groups_max(value: &str) -> Result<u32, ConfigError> {
    let groups: Option<u32> = value.trim().parse().ok();
    groups.filter(|groups| *groups <= GROUPS_MAX_MAX).ok_or_else(|| {
        let expected = format!("expected a whole number, 0 to {GROUPS_MAX_MAX}");
        ConfigError::invalid(keys::RETRY_GROUPS_MAX, value, expected)
    })
}

fn retry_of(configs: &BTreeMap<String, String>) -> Option<RetryOf> {
    let source = configs.get(keys::RETRY_SOURCE).filter(|source| !source.is_empty())?;
    Some(RetryOf {
        source: source.clone(),
        group: configs.get(keys::RETRY_GROUP).cloned().unwrap_or_default(),
    })
}

/// `<topic>.DLT`, as Spring Kafka has named them for years.
pub fn default_dead_letter_topic(topic: &str) -> String {
    format!("{topic}.DLT")
}

/// Reads `corvid.dead.letter.others`: names with commas between them.
pub(crate) fn other_dead_letter_topics(value: &str) -> Result<Vec<String>, String> {
    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    if names.len() > MAX_DEAD_LETTER_TOPICS {
        return Err(format!(
            "there are {} topics, the limit is {MAX_DEAD_LETTER_TOPICS}",
            names.len()
        ));
    }
    for (index, name) in names.iter().enumerate() {
        crate::topic_name::check(name).map_err(|error| format!("\"{name}\": {error}"))?;
        if names[..index].contains(name) {
            return Err(format!("\"{name}\" is named twice"));
        }
    }
    Ok(names)
}
