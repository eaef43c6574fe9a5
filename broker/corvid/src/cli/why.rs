//! `corvid why TOPIC/PARTITION/OFFSET`: what decided on a record, where it comes from, and where it went.

use corvid_admin::model::{DeciderBody, Found, Known, OriginBody, TargetBody, WhyBody};

use super::node::{Node, segment};
use super::output::count;
use super::units::moment;
use super::{Done, Output};

/// `corvid why TOPIC/PARTITION/OFFSET`
#[derive(clap::Args)]
pub struct Args {
    /// The record, such as orders/0/42
    #[arg(value_name = "TOPIC/PARTITION/OFFSET", value_parser = place)]
    record: Place,
    #[command(flatten)]
    node: Node,
}

/// A record's place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    topic: String,
    partition: i32,
    offset: i64,
}

/// Asks, and tells.
pub fn run(args: &Args, output: Output) -> Done {
    let Place {
        topic,
        partition,
        offset,
    } = &args.record;
    let topic = segment(topic);
    let path = format!("/v1/topics/{topic}/partitions/{partition}/offsets/{offset}/why");
    let body: WhyBody = args.node.get(&path)?;
    output.show(&body, show);
    Ok(())
}

fn show(why: &WhyBody) -> String {
    let place = format!("{}/{}/{}", why.topic, why.partition, why.offset);
    let key = why
        .key
        .as_ref()
        .map_or_else(String::new, |key| format!(" with key {key}"));
    let what = match why.found {
        Found::Record => format!("a record{key}, sent here"),
        Found::Delivered => format!("a record{key}, delivered from another partition"),
        Found::Released => format!("a record{key}, held here until it was due"),
        Found::Gap if why.went_to.is_empty() => "nothing: the record that had this offset was left out".to_owned(),
        Found::Gap => "nothing: the record that had this offset left, or was left out".to_owned(),
        Found::Hold => "a hold: what it has is there to be read when it is due, unless it is cancelled".to_owned(),
        Found::Hidden => "nothing for clients: the broker keeps its own accounts here".to_owned(),
    };
    let mut lines = vec![format!("{place}: {what}")];
    lines.extend(why.came_from.as_ref().map(came_from));
    if why.found != Found::Hidden {
        lines.extend(decided(why));
    }
    lines.extend(
        why.went_to
            .iter()
            .filter(|target| target.this != Some(false))
            .map(went_to),
    );
    lines.join("\n")
}

fn came_from(origin: &OriginBody) -> String {
    let partition = match (&origin.topic, origin.partition) {
        (Some(topic), Some(partition)) => format!("{topic}/{partition}"),
        _ => "a topic that is deleted".to_owned(),
    };
    match (origin.offset, origin.first_offset) {
        (Some(offset), _) => format!("  sent to      {partition}/{offset}"),
        (None, Some(first)) if first == origin.last_offset => format!("  sent to      {partition}/{first}"),
        (None, Some(first)) => format!(
            "  sent to      {partition}, in the batch of offsets {first} to {}",
            origin.last_offset
        ),
        (None, None) => format!(
            "  sent to      {partition}, in the batch that ends with offset {}",
            origin.last_offset
        ),
    }
}

fn decided(why: &WhyBody) -> Vec<String> {
    let how = match why.known {
        Known::Log => "the log says so",
        Known::Noted => "as noted when the generation changed",
        Known::OneOf => "one of these: the node died while the generation changed",
        Known::Not => "not noted: no plugin was bound, or it is too long ago",
    };
    match (why.known, why.deciders.is_empty()) {
        (Known::Not, true) => vec![format!("  decided by   {how}")],
        (Known::OneOf, _) => {
            let all: Vec<String> = why.one_of.iter().map(|deciders| chain(deciders)).collect();
            vec![format!("  decided by   {} ({how})", all.join("; or "))]
        }
        (_, true) => vec!["  decided by   no plugin: none was bound".to_owned()],
        (_, false) => vec![format!("  decided by   {} ({how})", chain(&why.deciders))],
    }
}

fn chain(deciders: &[DeciderBody]) -> String {
    if deciders.is_empty() {
        return "no plugin".to_owned();
    }
    let names = deciders.iter().map(|by| {
        let module: String = by.module.chars().take(19).collect();
        let name = by.plugin.as_deref().unwrap_or("a plugin that is gone");
        format!("{name}, generation {}, {module}", by.generation)
    });
    names.collect::<Vec<_>>().join("; then ")
}

fn went_to(target: &TargetBody) -> String {
    let topic = target.topic.as_deref().unwrap_or("a topic that is deleted");
    let records = count(u64::from(target.records), "record");
    let sure = if target.this == Some(true) {
        ", this one too"
    } else {
        ""
    };
    let due = target
        .due
        .map_or_else(String::new, |due| format!(", held until {}", moment(due)));
    format!(
        "  went to      {topic}/{}: {records} of the batch{sure}{due}",
        target.partition
    )
}

fn place(text: &str) -> Result<Place, String> {
    let parsed = || {
        let (rest, offset) = text.rsplit_once('/')?;
        let (topic, partition) = rest.rsplit_once('/')?;
        Some(Place {
            topic: topic.to_owned(),
            partition: partition.parse().ok().filter(|partition| *partition >= 0)?,
            offset: offset.parse().ok().filter(|offset| *offset >= 0)?,
        })
    };
    parsed().ok_or_else(|| "expected TOPIC/PARTITION/OFFSET, such as orders/0/42".to_owned())
}
