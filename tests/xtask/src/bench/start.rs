//! From the start of the process to its first answer.

use std::path::Path;

use super::broker::Broker;
use super::table::{Row, Table};
use super::{corvid, kafka};

/// A start may take this much of Kafka's.
const START_MAX: f64 = 0.05;

/// Starts and stops each, in turn, on folders that were used before.
pub fn measure(
    corvid: &corvid::Program,
    kafka: &kafka::Program,
    folder: &Path,
    pairs: usize,
    table: &mut Table,
) -> anyhow::Result<()> {
    println!("\n==> start to the first answer");
    let (corvid_folder, kafka_folder) = (folder.join("corvid"), folder.join("kafka"));
    let start_kafka = || Broker::start("Kafka", kafka.command(&kafka_folder)?);
    let start_corvid = || Broker::start("Corvid", corvid.command(&corvid_folder)?);
    // The first start formats, and compiles plugins.
    drop((start_kafka()?, start_corvid()?));
    let mut measured = Vec::new();
    for _ in 0..pairs {
        let seconds = |broker: Broker| broker.started_in.as_secs_f64();
        measured.push((seconds(start_kafka()?), seconds(start_corvid()?)));
    }
    table.add(Row {
        workload: "start".to_owned(),
        figure: "to ApiVersions, s",
        pairs: measured,
        noise: Vec::new(),
        limit: Some(START_MAX),
    });
    Ok(())
}
