//! Where a broker's config comes from: set on the wire for one node, for all nodes, in the node's
//! own file, or nowhere.

use super::{Configs, broker_key};

/// The layers of one broker's configs, the strongest first.
#[derive(Clone, Copy, Debug)]
pub struct BrokerLayers<'a> {
    /// Set for this node over the wire.
    pub node: &'a Configs,
    /// Set for all nodes over the wire.
    pub cluster: &'a Configs,
    /// From the node's own file and command line, under Kafka's names.
    pub fixed: &'a Configs,
}

/// Which layer a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The topic's own.
    Topic,
    /// A broker's, set over the wire.
    DynamicBroker,
    /// All brokers', set over the wire.
    DynamicDefaultBroker,
    /// The node's file.
    StaticBroker,
    /// Nobody has set it.
    Default,
    /// The group's own.
    Group,
}

impl Source {
    /// The number that DescribeConfigs (v1+) tells.
    pub fn code(self) -> i8 {
        match self {
            Source::Topic => 1,
            Source::DynamicBroker => 2,
            Source::DynamicDefaultBroker => 3,
            Source::StaticBroker => 4,
            Source::Default => 5,
            Source::Group => 8,
        }
    }
}

impl<'a> BrokerLayers<'a> {
    /// Every layer that has the key, the strongest first; not the default.
    pub fn all(&self, key: &str) -> impl Iterator<Item = (&'a str, Source)> {
        [
            (self.node, Source::DynamicBroker),
            (self.cluster, Source::DynamicDefaultBroker),
            (self.fixed, Source::StaticBroker),
        ]
        .into_iter()
        .filter_map(move |(layer, source)| layer.get(key).map(|value| (value.as_str(), source)))
    }

    /// The value that counts: the strongest layer's, or the default. `None` is null.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.all(key)
            .next()
            .map(|(value, _)| value)
            .or_else(|| broker_key(key).and_then(|entry| entry.default))
    }

    /// A number that counts. A value out of line (the wire lets none in) gives the default.
    pub fn number(&self, key: &str) -> i64 {
        let parse = |text: &str| text.trim().parse().ok();
        let fallback = || broker_key(key).and_then(|entry| entry.default).and_then(parse);
        self.get(key).and_then(parse).or_else(fallback).unwrap_or(0)
    }

    /// A switch.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// The layers as one map, without defaults.
    pub fn merged(&self) -> Configs {
        let mut merged = self.fixed.clone();
        for layer in [self.cluster, self.node] {
            merged.extend(layer.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        merged
    }
}
