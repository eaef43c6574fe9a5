//! `corvid produce`: lines become records.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use bytes::Bytes;
use clap::ValueEnum;
use corvid_record::Compression;
use corvid_wire::client::{Acks, Delivery, NewRecord, Producer, ProducerOptions, Refusal};
use serde::Serialize;

use super::kafka::{Kafka, block_on};
use super::output::count;
use super::topic::pair;
use super::units::duration;
use super::{Done, Failure, Output, consume};

/// `corvid produce TOPIC`
#[derive(clap::Args)]
pub struct Args {
    /// The topic
    topic: String,
    /// The partition; by default that of the key, or one after the other
    #[arg(long, short)]
    partition: Option<i32>,
    /// What stands between key and value in a line; by default a line is a value
    #[arg(long, short = 'K', value_name = "TEXT")]
    key_separator: Option<String>,
    /// A header of every record; may come several times
    #[arg(long, short = 'H', value_name = "KEY=VALUE", value_parser = pair)]
    header: Vec<(String, String)>,
    /// How batches are compressed
    #[arg(long, value_enum, default_value_t = Codec::None)]
    compression: Codec,
    /// Count a record as sent when the leader alone has it
    #[arg(long)]
    acks_leader: bool,
    /// How long records are tried for before the command gives up
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = duration)]
    timeout: Duration,
    #[command(flatten)]
    kafka: Kafka,
}

#[derive(Clone, Copy, ValueEnum)]
enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// The longest line, in bytes: more does not fit into a batch anyway.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// What became of all records.
#[derive(Default, Serialize)]
struct Sent {
    topic: String,
    records: usize,
    /// How many went to each partition, as this client chose them.
    partitions: BTreeMap<i32, usize>,
    refused: usize,
    reasons: Vec<String>,
}

/// Sends every line of standard input.
pub fn run(args: &Args, output: Output) -> Done {
    let sent = block_on(send(args, BufReader::with_capacity(256 << 10, io::stdin())))?;
    output.show(&sent, |sent| {
        format!("{} sent to {}", count(sent.records as u64, "record"), sent.topic)
    });
    match sent.refused {
        0 => Ok(()),
        refused => {
            let reasons = sent.reasons.join("\n  ");
            Err(Failure::failed(format!("{} refused", count(refused as u64, "record"))).hint(reasons))
        }
    }
}

async fn send(args: &Args, mut input: BufReader<io::Stdin>) -> Result<Sent, Failure> {
    let options = ProducerOptions {
        compression: args.compression.into(),
        acks: if args.acks_leader { Acks::Leader } else { Acks::All },
        delivery_timeout: args.timeout,
        ..ProducerOptions::default()
    };
    let mut producer = Producer::new(args.kafka.connect().await?, options);
    if let Some(partition) = args.partition {
        let count = producer.partition_count(&args.topic).await?;
        consume::check_partition(&args.topic, partition, count)?;
    }
    let mut sent = Sent {
        topic: args.topic.clone(),
        ..Sent::default()
    };
    let mut line = Vec::new();
    loop {
        // Somebody who types sees each line arrive.
        if !input.buffer().contains(&b'\n') {
            sent.note(producer.flush().await?);
        }
        line.clear();
        if input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        producer.send(&args.topic, args.partition, record(args, &line)).await?;
    }
    sent.note(producer.flush().await?);
    Ok(sent)
}

fn record(args: &Args, line: &[u8]) -> NewRecord {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let separator = args.key_separator.as_deref().unwrap_or_default().as_bytes();
    let at = (!separator.is_empty())
        .then(|| line.windows(separator.len()).position(|part| part == separator))
        .flatten();
    let (key, value) = match at {
        Some(at) => (Some(&line[..at]), &line[at + separator.len()..]),
        None => (None, line),
    };
    let header = |(key, value): &(String, String)| (key.clone(), Some(Bytes::from(value.clone())));
    NewRecord {
        key: key.map(Bytes::copy_from_slice),
        value: Some(Bytes::copy_from_slice(value)),
        headers: args.header.iter().map(header).collect(),
        timestamp: None,
    }
}

impl Sent {
    fn note(&mut self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            match delivery.result {
                Ok(_) => {
                    self.records += delivery.records;
                    *self.partitions.entry(delivery.partition).or_default() += delivery.records;
                }
                Err(refusal) => {
                    self.refused += delivery.records;
                    self.reasons.extend(reasons(&refusal));
                }
            }
        }
        // A hundred say it all.
        self.reasons.truncate(100);
    }
}

/// What the broker says of a batch that it refused.
pub fn reasons(refusal: &Refusal) -> Vec<String> {
    let whole = refusal.message.clone().unwrap_or_else(|| refusal.error.to_string());
    if refusal.records.is_empty() {
        return vec![whole];
    }
    let of_record = |(index, message): &(i32, Option<String>)| {
        format!("record {index} of the batch: {}", message.as_ref().unwrap_or(&whole))
    };
    refusal.records.iter().map(of_record).collect()
}

impl From<Codec> for Compression {
    fn from(codec: Codec) -> Self {
        match codec {
            Codec::None => Compression::None,
            Codec::Gzip => Compression::Gzip,
            Codec::Snappy => Compression::Snappy,
            Codec::Lz4 => Compression::Lz4,
            Codec::Zstd => Compression::Zstd,
        }
    }
}
