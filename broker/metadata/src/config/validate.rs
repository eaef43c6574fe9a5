//! Whether a value is legal: by type, by range, and by what Corvid can honour.

use super::retries;
use super::{Check, CleanupPolicy, ConfigError, ConfigKey, ConfigType, Configs, Durability, Support, keys};
use super::{broker_key, group_key, topic_key};
use crate::limits::MAX_CONFIG_VALUE_BYTES;
use crate::policy::{
    Backoff, Binding, BindingError, HeaderStyle, OnFault, OnRefused, TopicBindings, other_dead_letter_topics,
};
use crate::topic_name;

/// Whether a topic's config may be set to this value, whichever topic it is.
pub fn validate_topic(_topic: &str, key: &str, value: &str) -> Result<(), ConfigError> {
    let entry = topic_key(key).ok_or_else(|| ConfigError::Unknown {
        resource: "topic",
        key: key.to_owned(),
    })?;
    check_value(entry, value)?;
    check_support(entry, value)
}

/// Whether a topic's whole set of configs is legal: each by itself, and together.
pub fn check_topic(topic: &str, configs: &Configs) -> Result<(), ConfigError> {
    for (key, value) in configs {
        validate_topic(topic, key, value)?;
    }
    check_together(topic, configs)
}

/// Whether a topic's configs go together, whatever each of them may be by itself.
pub fn check_together(topic: &str, configs: &Configs) -> Result<(), ConfigError> {
    let bindings = TopicBindings::from_configs(topic, configs)?;
    if let Some(reason) = validate_bindings(topic, configs, &bindings)
        .or_else(|| validate_delay(topic, configs, &bindings))
        .or_else(|| retries::check(topic, configs, &bindings))
        .or_else(|| validate_lag(topic, configs))
    {
        return Err(ConfigError::Incoherent(reason));
    }
    check_dead_letter(topic, &bindings)
}

/// A record that is held comes back behind what was written meanwhile: in a compacted log it would take the place of newer ones. It
/// waits in the partition that the client named, so nothing can send it elsewhere.
fn validate_delay(topic: &str, configs: &Configs, bindings: &TopicBindings) -> Option<String> {
    let allowed = configs.get(keys::DELAY_MAX_MS).is_some_and(|value| value.trim() != "0");
    let reason = if !allowed {
        return None;
    } else if is_compacted(configs) {
        "it is compacted, and a record that comes late would take the place of newer ones"
    } else if bindings.partitioner.is_some() {
        "it has a partitioner, and a delayed record waits in the partition that the client named"
    } else if topic_name::is_internal(topic) {
        "it is one of the broker's internal topics"
    } else {
        return None;
    };
    Some(format!(
        "topic \"{topic}\" can't have delayed records ({}): {reason}",
        keys::DELAY_MAX_MS
    ))
}

/// As Kafka.
fn validate_lag(topic: &str, configs: &Configs) -> Option<String> {
    let ms = |key| configs.get(key)?.trim().parse::<u64>().ok();
    let (min, max) = (ms(keys::MIN_COMPACTION_LAG_MS)?, ms(keys::MAX_COMPACTION_LAG_MS)?);
    (min > max).then(|| {
        format!(
            "topic \"{topic}\": {} ({min}) is longer than {} ({max})",
            keys::MIN_COMPACTION_LAG_MS,
            keys::MAX_COMPACTION_LAG_MS
        )
    })
}

pub(super) fn is_compacted(configs: &Configs) -> bool {
    configs
        .get(keys::CLEANUP_POLICY)
        .and_then(|value| CleanupPolicy::parse(value))
        .is_some_and(CleanupPolicy::compacts)
}

/// A topic with a partitioner is not compacted: a moved record would leave its older versions
/// behind. And it is not one of Streams' or the broker's own, whose readers count on records
/// staying where they were put.
pub(crate) fn validate_bindings(topic: &str, configs: &Configs, bindings: &TopicBindings) -> Option<String> {
    bindings.partitioner.as_ref()?;
    let reason = if is_compacted(configs) {
        "it is compacted, and a moved record would leave its older versions behind in the partition that the client named"
    } else if topic_name::is_streams_internal(topic) {
        "its name is that of an internal topic of Kafka Streams, whose tasks count on records staying in their partition"
    } else if topic_name::is_internal(topic) {
        "it is one of the broker's internal topics"
    } else {
        return None;
    };
    Some(format!(
        "topic \"{topic}\" can't have a partitioner ({}): {reason}",
        keys::PARTITIONER
    ))
}

/// A dead letter that goes to its own topic would be judged, refused, and never come to rest.
fn check_dead_letter(topic: &str, bindings: &TopicBindings) -> Result<(), ConfigError> {
    let letters = &bindings.dead_letter;
    for name in letters.topics() {
        if name == topic {
            return Err(ConfigError::Incoherent(format!(
                "topic \"{topic}\" can't be its own dead-letter topic"
            )));
        }
        if topic_name::is_internal(name) {
            return Err(ConfigError::Incoherent(format!(
                "\"{name}\" is one of the broker's own topics, and can't be where dead letters go; set {}",
                keys::DEAD_LETTER_TOPIC
            )));
        }
    }
    if letters.others.contains(&letters.topic) {
        return Err(ConfigError::Incoherent(format!(
            "dead letters go to \"{}\" anyhow; take it from {}",
            letters.topic,
            keys::DEAD_LETTER_OTHERS
        )));
    }
    // Of a retry topic, its source says where they go, and not its own name, which may be longer.
    if bindings.retry_of.is_none() && (bindings.dead_letters() || bindings.retry.is_some()) {
        topic_name::check(&bindings.dead_letter.topic).map_err(|error| {
            ConfigError::Incoherent(format!(
                "the dead-letter topic \"{}\" can't exist: {error}; set {}",
                bindings.dead_letter.topic,
                keys::DEAD_LETTER_TOPIC
            ))
        })?;
    }
    Ok(())
}

/// Whether two values of a topic config say the same: bindings by their meaning, the rest by letter.
pub(crate) fn same_value(key: &str, one: &str, other: &str) -> bool {
    let equal = |one: Option<_>, other: Option<_>| one.is_some() && one == other;
    one.trim() == other.trim()
        || match key {
            keys::PRODUCE => equal(Binding::parse_list(one).ok(), Binding::parse_list(other).ok()),
            keys::FETCH => equal(Binding::parse_views(one).ok(), Binding::parse_views(other).ok()),
            keys::RETRY_BACKOFF => Backoff::parse(one).is_ok_and(|one| Backoff::parse(other) == Ok(one)),
            keys::PARTITIONER | keys::POLICY | keys::RETRY_POLICY => equal(
                Binding::parse(one).ok().map(|one| vec![one]),
                Binding::parse(other).ok().map(|other| vec![other]),
            ),
            _ => false,
        }
}

/// Whether a broker's config may be set to this value over the wire.
pub fn validate_broker(key: &str, value: &str) -> Result<(), ConfigError> {
    let entry = broker_key(key).ok_or_else(|| ConfigError::Unknown {
        resource: "broker",
        key: key.to_owned(),
    })?;
    check_value(entry, value)?;
    check_support(entry, value)
}

/// Whether a group's config may be set to this value.
pub fn validate_group(key: &str, value: &str) -> Result<(), ConfigError> {
    let entry = group_key(key).ok_or_else(|| ConfigError::Unknown {
        resource: "group",
        key: key.to_owned(),
    })?;
    check_value(entry, value)?;
    check_support(entry, value)
}

fn check_support(entry: &ConfigKey, value: &str) -> Result<(), ConfigError> {
    match entry.support {
        Support::Applied | Support::Ignored(_) => Ok(()),
        Support::AtStart => Err(ConfigError::ReadOnly {
            key: entry.name.to_owned(),
        }),
        Support::Absent => Err(ConfigError::Absent {
            key: entry.name.to_owned(),
        }),
        Support::Refused(_) if Some(value.trim()) == entry.default => Ok(()),
        Support::Refused(reason) => Err(ConfigError::Refused {
            key: entry.name.to_owned(),
            value: value.chars().take(100).collect(),
            reason,
        }),
    }
}

/// The type and the range.
pub(super) fn check_value(entry: &ConfigKey, value: &str) -> Result<(), ConfigError> {
    let invalid = |reason: String| ConfigError::invalid(entry.name, value, reason);
    if value.len() > MAX_CONFIG_VALUE_BYTES {
        return Err(invalid(format!(
            "it has {} bytes, the limit is {MAX_CONFIG_VALUE_BYTES}",
            value.len()
        )));
    }
    check_type(entry.config_type, value.trim()).map_err(|what| invalid(format!("expected {what}")))?;
    check_range(&entry.check, value.trim()).map_err(invalid)
}

fn check_type(config_type: ConfigType, value: &str) -> Result<(), &'static str> {
    let (legal, what) = match config_type {
        ConfigType::Boolean => (is_boolean(value), "true or false"),
        ConfigType::Short => (value.parse::<i16>().is_ok(), "a whole number of 16 bits"),
        ConfigType::Int => (value.parse::<i32>().is_ok(), "a whole number of 32 bits"),
        ConfigType::Long => (value.parse::<i64>().is_ok(), "a whole number of 64 bits"),
        ConfigType::Double => (value.parse::<f64>().is_ok_and(f64::is_finite), "a number"),
        ConfigType::String | ConfigType::List | ConfigType::Class | ConfigType::Password => (true, "text"),
    };
    if legal { Ok(()) } else { Err(what) }
}

/// Kafka's parser takes both in any case.
fn is_boolean(value: &str) -> bool {
    value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")
}

fn check_range(check: &Check, value: &str) -> Result<(), String> {
    match check {
        Check::Any => Ok(()),
        Check::Within(least, most) => match value.parse::<i64>() {
            Ok(number) if (*least..=*most).contains(&number) => Ok(()),
            _ if *most == i64::MAX => Err(format!("expected at least {least}")),
            _ => Err(format!("expected {least} to {most}")),
        },
        Check::Fraction(least, most) => match value.parse::<f64>() {
            Ok(number) if (*least..=*most).contains(&number) => Ok(()),
            _ => Err(format!("expected {least} to {most}")),
        },
        Check::OneOf(words) if words.contains(&value) => Ok(()),
        Check::OneOf(words) => Err(format!("expected one of {}", words.join(", "))),
        Check::SomeOf(words) => check_words(words, value),
        Check::Parses(parse) => parse(value),
    }
}

fn check_words(words: &[&str], value: &str) -> Result<(), String> {
    let given: Vec<&str> = value.split(',').map(str::trim).collect();
    let doubled = |word: &&str| given.iter().filter(|other| *other == word).count() > 1;
    if given.iter().any(|word| !words.contains(word) || doubled(word)) {
        return Err(format!("expected some of {}, each once", words.join(", ")));
    }
    Ok(())
}

fn expect(legal: bool, what: &str) -> Result<(), String> {
    if legal { Ok(()) } else { Err(format!("expected {what}")) }
}

pub(super) fn gzip_level(value: &str) -> Result<(), String> {
    expect(matches!(value.parse::<i32>(), Ok(-1 | 1..=9)), "1 to 9, or -1")
}

pub(super) fn durability(value: &str) -> Result<(), String> {
    expect(Durability::parse(value).is_some(), "disk or replicas")
}

pub(super) fn on_refused(value: &str) -> Result<(), String> {
    expect(OnRefused::parse(value).is_some(), "refuse, dead-letter, drop or policy")
}

pub(super) fn on_fault(value: &str) -> Result<(), String> {
    expect(OnFault::parse(value).is_some(), "refuse, dead-letter, pass or policy")
}

pub(super) fn dead_letter_topics(value: &str) -> Result<(), String> {
    other_dead_letter_topics(value).map(drop)
}

pub(super) fn header_style(value: &str) -> Result<(), String> {
    expect(HeaderStyle::parse(value).is_some(), "corvid, spring or connect")
}

pub(super) fn partitioner(value: &str) -> Result<(), String> {
    binding_or_empty(value, Binding::parse_partitioner)
}

pub(super) fn policy(value: &str) -> Result<(), String> {
    binding_or_empty(value, Binding::parse)
}

fn binding_or_empty(value: &str, parse: fn(&str) -> Result<Binding, BindingError>) -> Result<(), String> {
    if value.is_empty() {
        Ok(())
    } else {
        let checked = parse(value).and_then(|binding| binding.check_limits());
        checked.map_err(|error| error.to_string())
    }
}

fn bindings(value: &str, parse: fn(&str) -> Result<Vec<Binding>, BindingError>) -> Result<(), String> {
    let checked = parse(value).and_then(|bindings| bindings.iter().try_for_each(Binding::check_limits));
    checked.map_err(|error| error.to_string())
}

pub(super) fn backoff(value: &str) -> Result<(), String> {
    Backoff::parse(value).map(drop).map_err(|error| error.to_string())
}

pub(super) fn produce(value: &str) -> Result<(), String> {
    bindings(value, Binding::parse_list)
}

pub(super) fn fetch(value: &str) -> Result<(), String> {
    bindings(value, Binding::parse_views)
}

pub(super) fn topic_name_or_empty(value: &str) -> Result<(), String> {
    if value.is_empty() {
        Ok(())
    } else {
        topic_name::check(value).map_err(|error| error.to_string())
    }
}

pub(super) fn throttled_replicas(value: &str) -> Result<(), String> {
    let pair = |item: &str| {
        item.split_once(':')
            .is_some_and(|(partition, broker)| partition.parse::<u32>().is_ok() && broker.parse::<u32>().is_ok())
    };
    let legal = matches!(value, "" | "*" | "none") || value.split(',').all(|item| pair(item.trim()));
    expect(legal, "*, or partition:broker with commas between")
}
