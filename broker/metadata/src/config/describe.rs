//! What DescribeConfigs answers: every key, its value, and where the value comes from.

use super::{BrokerLayers, ConfigKey, Configs, Source, broker_keys, group_keys, topic_keys};

/// One line of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The key.
    pub name: &'static str,
    /// The value that counts; `None` for null and for what is sensitive.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// Whether it can't be changed over the wire.
    pub read_only: bool,
    /// Whether the value is hidden.
    pub sensitive: bool,
    /// Its type.
    pub config_type: super::ConfigType,
    /// Its documentation.
    pub doc: &'static str,
    /// Every value on the way down to the default, the one that counts first.
    pub synonyms: Vec<Synonym>,
}

/// A value under the name that it has in its layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The name: the topic's, or the broker's for the same thing.
    pub name: &'static str,
    /// The value, in the unit of that name; `None` for null and for what is sensitive.
    pub value: Option<String>,
    /// The layer.
    pub source: Source,
}

/// All configs of a topic.
pub fn describe_topic(configs: &Configs, broker: BrokerLayers<'_>) -> Vec<Described> {
    let line = |key: &'static ConfigKey| {
        let mut values = own(key, configs, Source::Topic);
        for (name, scale) in key.broker {
            for (value, source) in broker.all(name) {
                values.push((*name, scale.apply(value), value.to_owned(), source));
            }
        }
        let synonym_default = key.broker.first().map_or(key.name, |(name, _)| name);
        described(key, values, synonym_default)
    };
    shown(topic_keys().iter(), configs).map(line).collect()
}

/// All configs of a broker.
pub fn describe_broker(broker: BrokerLayers<'_>) -> Vec<Described> {
    let line = |key: &'static ConfigKey| {
        let values = broker
            .all(key.name)
            .map(|(value, source)| (key.name, value.to_owned(), value.to_owned(), source));
        described(key, values.collect(), key.name)
    };
    let mut lines: Vec<Described> = broker_keys().map(line).collect();
    lines.sort_by_key(|line| line.name);
    lines
}

/// All configs of a consumer group.
pub fn describe_group(configs: &Configs, broker: BrokerLayers<'_>) -> Vec<Described> {
    let line = |key: &'static ConfigKey| {
        let mut values = own(key, configs, Source::Group);
        for (name, scale) in key.broker {
            for (value, source) in broker.all(name) {
                values.push((*name, scale.apply(value), value.to_owned(), source));
            }
        }
        described(key, values, key.name)
    };
    shown(group_keys().iter(), configs).map(line).collect()
}

/// A name, the value in the described key's unit, the value in its own unit, the layer.
type Layered = (&'static str, String, String, Source);

fn own(key: &ConfigKey, configs: &Configs, source: Source) -> Vec<Layered> {
    configs
        .get(key.name)
        .map(|value| (key.name, value.clone(), value.clone(), source))
        .into_iter()
        .collect()
}

fn shown<'a>(
    keys: impl Iterator<Item = &'static ConfigKey> + 'a,
    configs: &'a Configs,
) -> impl Iterator<Item = &'static ConfigKey> + 'a {
    keys.filter(|key| !key.internal || configs.contains_key(key.name))
}

fn described(key: &'static ConfigKey, values: Vec<Layered>, default_name: &'static str) -> Described {
    let sensitive = key.sensitive();
    let open = |value: String| (!sensitive).then_some(value);
    let first = values.first().map(|(_, value, _, source)| (value.clone(), *source));
    let mut synonyms: Vec<Synonym> = values
        .into_iter()
        .map(|(name, _, value, source)| Synonym {
            name,
            value: open(value),
            source,
        })
        .collect();
    if let Some(default) = key.default {
        synonyms.push(Synonym {
            name: default_name,
            value: open(default.to_owned()),
            source: Source::Default,
        });
    }
    let (value, source) = match first {
        Some((value, source)) => (Some(value), source),
        None => (key.default.map(str::to_owned), Source::Default),
    };
    Described {
        name: key.name,
        value: value.and_then(open),
        source,
        read_only: key.read_only(),
        sensitive,
        config_type: key.config_type,
        doc: key.doc,
        synonyms,
    }
}
