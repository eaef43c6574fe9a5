//! What is measured, and how much of Kafka's it may cost.

use super::Effort;
use super::figures::{self, Figure};

/// A workload, the same for both brokers.
#[derive(Debug, Clone)]
pub struct Workload {
    /// For people, and for `--only`.
    pub name: &'static str,
    /// Records that are sent.
    pub records: u64,
    /// Bytes of a value.
    pub size: u64,
    /// Partitions of the topic.
    pub partitions: u32,
    /// `none` or `lz4`.
    pub codec: &'static str,
    /// What keys begin with; no keys without.
    pub keys: &'static str,
    /// The partition that is sent to; -1 leaves it to the client.
    pub to: i32,
    /// How often what is sent is written by who writes it most often.
    pub copies: u32,
    /// How often all is read back.
    pub reads: u32,
    /// Records a second; 0 is as fast as it goes.
    pub rate: u32,
    /// Topic configs of each.
    pub corvid: String,
    /// Topic configs of each.
    pub kafka: &'static str,
    /// What is shown of it.
    pub figures: Vec<Figure>,
}

/// Neither broker waits for the disk.
const REPLICAS: &str = "corvid.durability=replicas";
/// Both wait for it.
const DISK: &str = "corvid.durability=disk";

/// All of them, in the order of the table.
pub fn all(effort: &Effort) -> Vec<Workload> {
    let sent = |name, size| Workload::new(name, size, effort.bytes / size);
    let both = |work: Workload| {
        let figures = vec![figures::PRODUCED.limit(0.4), figures::CONSUMED.limit(0.6)];
        Workload {
            reads: 4,
            figures,
            ..work
        }
    };
    let produced = |work: Workload| Workload {
        figures: vec![figures::PRODUCED],
        ..work
    };
    let mut work = vec![
        both(sent("1 KiB", 1024)),
        both(sent("1 KiB, 16 partitions", 1024).partitions(16)),
        // The client takes long for small records.
        both(Workload::new("100 B", 100, effort.bytes / 400)),
        both(Workload::new("100 B, 16 partitions", 100, effort.bytes / 400).partitions(16)),
        both(sent("1 KiB lz4", 1024).codec("lz4")),
        produced(sent("1 KiB, with a validator", 1024).corvid("corvid.produce=accept-all")),
        produced(
            sent("1 KiB lz4, with a validator", 1024)
                .codec("lz4")
                .corvid("corvid.produce=accept-all"),
        ),
    ];
    work.push(Workload {
        keys: "Z",
        to: 0,
        // In the outbox, and at the target.
        copies: 2,
        ..produced(
            sent("1 KiB, all records moved", 1024)
                .partitions(2)
                .corvid("corvid.partitioner=letters"),
        )
    });
    work.push(Workload {
        corvid: DISK.to_owned(),
        kafka: "flush.messages=1",
        figures: vec![figures::PRODUCED, figures::TIME],
        ..sent("1 KiB, on disk", 1024)
    });
    work.push(Workload {
        rate: 2_000,
        figures: vec![figures::MEDIAN, figures::TAIL, figures::SPENT],
        ..Workload::new(
            "2,000/s, linger 0",
            1024,
            if effort.bytes < 256 << 20 { 6_000 } else { 20_000 },
        )
    });
    work
}

impl Workload {
    fn new(name: &'static str, size: u64, records: u64) -> Self {
        Self {
            name,
            records,
            size,
            partitions: 1,
            codec: "none",
            keys: "",
            to: -1,
            copies: 1,
            reads: 0,
            rate: 0,
            corvid: REPLICAS.to_owned(),
            kafka: "",
            figures: Vec::new(),
        }
    }

    fn partitions(self, partitions: u32) -> Self {
        Self { partitions, ..self }
    }

    fn codec(self, codec: &'static str) -> Self {
        Self { codec, ..self }
    }

    fn corvid(self, config: &str) -> Self {
        Self {
            corvid: format!("{};{config}", self.corvid),
            ..self
        }
    }
}
