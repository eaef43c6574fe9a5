//! Reading a topic's letters, all of them, by the Kafka listener.

use std::collections::BTreeMap;

use corvid_admin::model::LettersBody;
use corvid_wire::client::{ConsumedRecord, Consumer, Start};

use super::super::kafka::Kafka;
use super::super::{Failure, consume};

/// Shows each letter of a topic to `look`, with whether it was redriven.
pub async fn each(
    kafka: &Kafka,
    topic: &str,
    letters: &[LettersBody],
    partition: Option<i32>,
    mut look: impl FnMut(&ConsumedRecord, bool),
) -> Result<(), Failure> {
    let mut consumer = Consumer::new(kafka.connect().await?, consume::options(false));
    match partition {
        None => consumer.assign_topic(topic, Start::Earliest).await?,
        Some(wanted) => {
            let count = consumer.client().partition_count(topic, false).await?;
            consume::check_partition(topic, wanted, count)?;
            let start = letters
                .iter()
                .find(|one| one.partition == wanted)
                .map_or(0, |one| one.start);
            consumer.assign(topic, wanted, start);
        }
    }
    let redriven = Redriven::of(letters);
    loop {
        for record in consumer.poll().await? {
            look(&record, redriven.has(record.partition, record.offset));
        }
        if consumer.is_at_end() {
            return Ok(());
        }
    }
}

/// Which letters have left.
struct Redriven(BTreeMap<i32, BTreeMap<i64, i64>>);

impl Redriven {
    fn of(letters: &[LettersBody]) -> Self {
        let partition = |one: &LettersBody| (one.partition, one.redriven.iter().copied().collect());
        Self(letters.iter().map(partition).collect())
    }

    fn has(&self, partition: i32, offset: i64) -> bool {
        let ranges = self.0.get(&partition);
        ranges.is_some_and(|ranges| {
            ranges
                .range(..=offset)
                .next_back()
                .is_some_and(|(_, end)| offset < *end)
        })
    }
}
