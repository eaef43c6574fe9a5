//! Requests about offsets of partitions: those that exist go on to the group's coordinator, which knows no topics; the
//! others are answered here, beside them.

use std::collections::BTreeMap;

use corvid_coordinator::Topic;
use corvid_metadata::Image;
use corvid_wire::kafka::ResponseError;

/// Topics with the error code of each partition.
pub(super) type Codes = Vec<Topic<i16>>;

/// Divides what a request names into partitions that exist and the answer to those that don't.
pub(super) fn divide<T>(image: &Image, topics: impl IntoIterator<Item = Topic<T>>) -> (Vec<Topic<T>>, Codes) {
    let (mut existing, mut unknown) = (Vec::new(), Vec::new());
    for topic in topics {
        let found = image.topic(&topic.name);
        let (there, missing): (Vec<_>, Vec<_>) = topic
            .partitions
            .into_iter()
            .partition(|(index, _)| found.is_some_and(|found| found.partition(*index).is_some()));
        let code = ResponseError::UnknownTopicOrPartition.code();
        let missing: Vec<_> = missing.into_iter().map(|(index, _)| (index, code)).collect();
        // A topic that is named without partitions is answered so.
        if !missing.is_empty() || there.is_empty() {
            unknown.push(Topic {
                name: topic.name.clone(),
                id: topic.id,
                partitions: missing,
            });
        }
        if !there.is_empty() {
            existing.push(Topic {
                name: topic.name,
                id: topic.id,
                partitions: there,
            });
        }
    }
    (existing, unknown)
}

/// Both parts of an answer, each topic once: clients keep them in maps by name.
pub(super) fn join(unknown: Codes, answered: impl IntoIterator<Item = Topic<i16>>) -> Codes {
    let mut all: Codes = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for topic in unknown.into_iter().chain(answered) {
        match places.get(&topic.name) {
            Some(&place) => all[place].partitions.extend(topic.partitions),
            None => {
                places.insert(topic.name.clone(), all.len());
                all.push(topic);
            }
        }
    }
    all
}
