//! Retry topics: `<topic>.<group>.retry`, by which records come back that a consumer of the group failed on.
//!
//! A name says which topic it is for only together with the topics that there are, since topics and groups may have dots:
//! `orders.eu.billing.retry` is for group `billing` of `orders.eu`, or for group `eu.billing` of `orders`. The longest name of
//! a topic that has a retry table wins. It is settled once, when the topic is created; from then on its configs say it.

use crate::config::{Configs, TopicSettings, keys};
use crate::image::{Image, TopicImage};
use crate::policy::{RETRY_SUFFIX, RetryOf, TopicBindings};

/// What a topic of this name would be for, if it is one that a retry table asks for.
pub fn of_name<'i>(image: &'i Image, name: &str) -> Option<(&'i TopicImage, RetryOf)> {
    let of = of_name_where(name, |candidate| {
        image.topic(candidate).is_some_and(|topic| has_table(topic))
    })?;
    Some((image.topic(&of.source)?, of))
}

/// The same among the topics that have a retry table, or will have one.
pub fn of_name_where(name: &str, has_table: impl Fn(&str) -> bool) -> Option<RetryOf> {
    let stem = name.strip_suffix(RETRY_SUFFIX)?;
    let mut dots = stem.rmatch_indices('.').map(|(at, _)| at);
    let at = dots.find(|at| *at + 1 < stem.len() && has_table(&stem[..*at]))?;
    Some(RetryOf {
        source: stem[..at].to_owned(),
        group: stem[at + 1..].to_owned(),
    })
}

/// The retry topic whose own retry topic this name would be of. A consumer that fails on what came back, and takes the topic it came by for
/// its origin, would send it where nobody reads.
pub fn of_retry_topic<'i>(image: &'i Image, name: &str) -> Option<&'i TopicImage> {
    let stem = name.strip_suffix(RETRY_SUFFIX)?;
    let prefixes = stem.match_indices('.').map(|(at, _)| &stem[..at]);
    let mut topics = prefixes.filter_map(|prefix| Some(&**image.topic(prefix)?));
    topics.find(|topic| topic.configs.contains_key(keys::RETRY_SOURCE))
}

/// How many retry topics a topic has, however they came to be.
pub fn count_of(image: &Image, source: &str) -> usize {
    let of = |topic: &&std::sync::Arc<TopicImage>| topic.configs.get(keys::RETRY_SOURCE).is_some_and(|of| of == source);
    image.topics().filter(of).count()
}

/// The configs that say what a retry topic is for.
pub fn configs_of(of: &RetryOf) -> Configs {
    Configs::from([
        (keys::RETRY_SOURCE.to_owned(), of.source.clone()),
        (keys::RETRY_GROUP.to_owned(), of.group.clone()),
    ])
}

/// Gives the settings of a retry topic what counts at its source: the retry table, and where dead letters go.
pub fn inherit(image: &Image, settings: &mut TopicSettings) {
    let Some(of) = &settings.bindings.retry_of else {
        return;
    };
    let source = image
        .topic(&of.source)
        .and_then(|source| TopicBindings::from_configs(&source.name, &source.configs).ok());
    settings.bindings.retry = None;
    if let Some(source) = source {
        settings.bindings.retry = source.retry;
        settings.bindings.dead_letter = source.dead_letter;
    }
}

fn has_table(topic: &TopicImage) -> bool {
    TopicBindings::from_configs(&topic.name, &topic.configs).is_ok_and(|bindings| bindings.retry.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;
    use crate::ids::TopicId;
    use crate::record::{PartitionRecord, Record};

    fn image(topics: &[(&str, &str)]) -> Image {
        let records: Vec<Record> = (1..)
            .zip(topics)
            .map(|(id, (name, attempts))| Record::CreateTopic {
                id: TopicId([id; 16]),
                name: (*name).to_owned(),
                partitions: vec![PartitionRecord::new(vec![NodeId(1)])],
                configs: Configs::from([(keys::RETRY_ATTEMPTS.to_owned(), (*attempts).to_owned())]),
            })
            .collect();
        Image::default().apply(&records).unwrap()
    }

    fn source(image: &Image, name: &str) -> Option<(String, String)> {
        of_name(image, name).map(|(topic, of)| {
            assert_eq!(topic.name, of.source);
            (of.source, of.group)
        })
    }

    /// The bug: with dots in the names of topics and groups, one name is read now as this and now as that.
    #[test]
    fn the_longest_topic_with_a_retry_table_wins() {
        let image = image(&[
            ("orders", "3"),
            ("orders.eu", "3"),
            ("orders.eu.west", "0"),
            ("plain", "0"),
        ]);
        let found = |topic: &str, group: &str| Some((topic.to_owned(), group.to_owned()));
        assert_eq!(source(&image, "orders.billing.retry"), found("orders", "billing"));
        assert_eq!(source(&image, "orders.eu.billing.retry"), found("orders.eu", "billing"));
        assert_eq!(source(&image, "orders.eu.retry"), found("orders", "eu"));
        assert_eq!(source(&image, "orders.us.billing.retry"), found("orders", "us.billing"));
        assert_eq!(source(&image, "orders.eu.west.g.retry"), found("orders.eu", "west.g"));
        for none in [
            "plain.g.retry",
            "orders.retry",
            "orders..retry",
            "retry",
            ".retry",
            "orders.g",
            "nobody.g.retry",
        ] {
            assert_eq!(source(&image, none), None, "{none}");
        }
    }
}
