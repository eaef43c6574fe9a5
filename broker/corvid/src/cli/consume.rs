//! `corvid consume`: records become lines.

use std::time::Duration;

use corvid_env::clock;
use corvid_wire::client::{ConsumedRecord, Consumer, ConsumerOptions, Start};
use serde_json::{Value, json};

use super::bytes_text::{self, text};
use super::kafka::{Kafka, block_on};
use super::output::print;
use super::units::before_now;
use super::{Done, Exit, Failure, Output};

/// `corvid consume TOPIC`
#[derive(clap::Args)]
pub struct Args {
    /// The topic
    topic: String,
    /// Where to begin: earliest, latest, an offset, a time ago such as -1h, or @MS, a time in ms since the epoch
    #[arg(long, default_value = "earliest", value_parser = begin, allow_hyphen_values = true)]
    from: Begin,
    /// One partition only
    #[arg(long, short)]
    partition: Option<i32>,
    /// Stop after so many records
    #[arg(long, short = 'n', value_name = "COUNT")]
    max: Option<usize>,
    /// Go on when the end is reached
    #[arg(long, short)]
    follow: bool,
    /// Partition, offset, key and headers, too
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    kafka: Kafka,
}

/// Where to begin.
#[derive(Debug, Clone, Copy)]
enum Begin {
    At(Start),
    Offset(i64),
}

/// Prints the records.
pub fn run(args: &Args, output: Output) -> Done {
    block_on(consume(args, output))
}

async fn consume(args: &Args, output: Output) -> Done {
    let mut consumer = Consumer::new(args.kafka.connect().await?, options(args.follow));
    assign(&mut consumer, args).await?;
    let mut left = args.max.unwrap_or(usize::MAX);
    while left > 0 {
        let records = consumer.poll().await?;
        for record in records.iter().take(left) {
            print(&line(record, args.verbose, output));
        }
        left = left.saturating_sub(records.len());
        if !args.follow && consumer.is_at_end() {
            break;
        }
    }
    Ok(())
}

/// Who stops at the end asks without waiting for more.
pub fn options(follow: bool) -> ConsumerOptions {
    let standard = ConsumerOptions::default();
    ConsumerOptions {
        max_wait: if follow {
            standard.max_wait
        } else {
            Duration::from_millis(50)
        },
        ..standard
    }
}

async fn assign(consumer: &mut Consumer, args: &Args) -> Done {
    let count = consumer.client().partition_count(&args.topic, false).await?;
    let all = 0..count;
    if let Some(partition) = args.partition {
        check_partition(&args.topic, partition, count)?;
    }
    let wanted = |partition: &i32| args.partition.is_none_or(|one| one == *partition);
    match args.from {
        Begin::Offset(offset) => all
            .filter(wanted)
            .for_each(|partition| consumer.assign(&args.topic, partition, offset)),
        Begin::At(start) => {
            consumer.assign_topic(&args.topic, start).await?;
            if let Some(partition) = args.partition {
                let offset = consumer.position(&args.topic, partition).unwrap_or(0);
                let client = args.kafka.connect().await?;
                *consumer = Consumer::new(client, options(args.follow));
                consumer.assign(&args.topic, partition, offset);
            }
        }
    }
    Ok(())
}

/// Whether a topic of so many partitions has this one.
pub fn check_partition(topic: &str, partition: i32, count: i32) -> Done {
    if (0..count).contains(&partition) {
        return Ok(());
    }
    let missing = Failure::new(Exit::Missing, format!("topic {topic} has no partition {partition}"));
    Err(missing.hint(format!("it has 0 to {}", count - 1)))
}

fn line(record: &ConsumedRecord, verbose: bool, output: Output) -> String {
    if output.is_json() {
        return as_json(record).to_string();
    }
    let value = text(record.value.as_deref());
    if !verbose {
        return value;
    }
    let headers: Vec<_> = record
        .headers
        .iter()
        .map(|(key, value)| format!("{}={}", text(Some(key)), text(value.as_deref())))
        .collect();
    let headers = if headers.is_empty() {
        String::new()
    } else {
        format!(" [{}]", headers.join(" "))
    };
    format!(
        "{}-{} {}: {}{headers}",
        record.partition,
        record.offset,
        text(record.key.as_deref()),
        value
    )
}

/// A record as JSON.
pub fn as_json(record: &ConsumedRecord) -> Value {
    let headers: Vec<Value> = record
        .headers
        .iter()
        .map(|(key, value)| json!([bytes_text::json(Some(key)), bytes_text::json(value.as_deref())]))
        .collect();
    json!({
        "topic": &*record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": bytes_text::json(record.key.as_deref()),
        "value": bytes_text::json(record.value.as_deref()),
        "headers": headers,
    })
}

fn begin(text: &str) -> Result<Begin, String> {
    let wrong = || "expected earliest, latest, an offset, a time ago such as -1h, or @MS".to_owned();
    if text.starts_with('-') {
        let ago = before_now(text).map_err(|_| wrong())?.as_millis() as i64;
        return Ok(Begin::At(Start::Timestamp(clock::wall_clock().0.saturating_sub(ago))));
    }
    Ok(match text {
        "earliest" => Begin::At(Start::Earliest),
        "latest" => Begin::At(Start::Latest),
        _ => match text.strip_prefix('@') {
            Some(time) => Begin::At(Start::Timestamp(time.parse().map_err(|_| wrong())?)),
            None => Begin::Offset(text.parse().map_err(|_| wrong())?),
        },
    })
}
