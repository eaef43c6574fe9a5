use std::fmt::Write;

use expect_test::{Expect, expect};

use super::*;
use crate::image::Image;
use crate::record::PartitionRecord;
use crate::{NodeId, TopicId};

/// A file in short: `topic:partitions key=value …` lines and `plugin:name byte` lines.
fn file(lines: &[&str]) -> Desired {
    let mut desired = Desired {
        owner: "main".into(),
        ..Desired::default()
    };
    for line in lines {
        let mut words = line.split_whitespace();
        let (kind, name) = words.next().unwrap().split_once(':').unwrap();
        if kind == "plugin" {
            let module = Digest([words.next().unwrap().parse().unwrap(); 32]);
            let plugin = DesiredPlugin {
                module,
                builtin: None,
                config: Value::Null,
                limits: PluginLimits::default(),
            };
            desired.plugins.insert(name.to_owned(), plugin);
        } else {
            let configs = words
                .map(|word| word.split_once('=').unwrap())
                .map(|(key, value)| (key.to_owned(), value.to_owned()));
            let topic = DesiredTopic {
                partitions: name.parse().ok(),
                configs: configs.collect(),
            };
            desired.topics.insert(kind.to_owned(), topic);
        }
    }
    desired
}

/// The image after a file was applied as the controller would.
fn applied(image: &Image, desired: &Desired) -> Image {
    let plan = plan(image, desired).unwrap();
    let mut records = plan.records;
    for (n, topic) in (image.topic_count() as u8 + 1..).zip(plan.create) {
        let partitions = vec![PartitionRecord::new(vec![NodeId(1)]); topic.partitions.unwrap_or(1) as usize];
        records.push(Record::CreateTopic {
            id: TopicId([n; 16]),
            name: topic.name,
            partitions,
            configs: topic.configs,
        });
    }
    for growth in plan.grow {
        let partitions = vec![PartitionRecord::new(vec![NodeId(1)]); (growth.to - growth.from) as usize];
        let id = image.topic(&growth.topic).unwrap().id;
        records.push(Record::AddPartitions {
            id,
            from: growth.from,
            partitions,
        });
    }
    if records.is_empty() {
        image.clone()
    } else {
        image.apply(&records).unwrap()
    }
}

fn elsewhere(image: &Image, topic: &str, key: &str, value: Option<&str>) -> Image {
    let topic = image.topic(topic).unwrap().id;
    image
        .apply(&[Record::SetTopicConfig {
            topic,
            key: key.into(),
            value: value.map(str::to_owned),
        }])
        .unwrap()
}

fn shows(image: &Image, desired: &Desired, expected: &Expect) {
    let text = match plan(image, desired) {
        Err(error) => format!("error: {error}"),
        Ok(plan) => plan.changes.iter().fold(String::new(), |mut text, change| {
            writeln!(text, "{change}").unwrap();
            text
        }),
    };
    expected.assert_eq(&text);
}

#[test]
fn a_first_file_makes_everything() {
    let desired = file(&[
        "plugin:schema 1",
        "orders:6 corvid.produce=schema retention.ms=1000",
        "users:2",
    ]);
    shows(
        &Image::default(),
        &desired,
        &expect![[r"
            + plugin schema (sha256:010101010101…)
            + topic orders, 6 partitions: corvid.produce = schema, retention.ms = 1000
            + topic users, 2 partitions
        "]],
    );
    let image = applied(&Image::default(), &desired);
    shows(&image, &desired, &expect![""]);
    assert!(
        plan(&image, &desired).unwrap().records.is_empty(),
        "applied twice changes nothing"
    );
}

#[test]
fn a_changed_file_changes_what_differs() {
    let image = applied(
        &Image::default(),
        &file(&["plugin:p 1", "a:2 retention.ms=1 segment.ms=5 corvid.produce=p"]),
    );
    shows(
        &image,
        &file(&["plugin:p 2", "a:3 retention.ms=2 corvid.produce=[\"p\"]"]),
        &expect![[r"
            ~ plugin p: module (generation 2)
            ~ topic a: 2 -> 3 partitions
            ~ topic a: retention.ms = 1 -> 2
            ~ topic a: segment.ms = 5 -> default (no longer in the file)
        "]],
    );
}

#[test]
fn what_others_changed_shows_as_drift_and_what_they_added_stays() {
    let desired = file(&["a:1 retention.ms=1 segment.ms=5"]);
    let image = applied(&Image::default(), &desired);
    let image = elsewhere(&image, "a", "retention.ms", Some("9"));
    let image = elsewhere(&image, "a", "segment.ms", None);
    let image = elsewhere(&image, "a", "max.message.bytes", Some("77"));
    shows(
        &image,
        &desired,
        &expect![[r"
            ~ topic a: retention.ms = 9 -> 1 (changed elsewhere since)
            ~ topic a: segment.ms = default -> 5 (changed elsewhere since)
        "]],
    );
    assert_eq!(
        applied(&image, &desired).topic("a").unwrap().configs["max.message.bytes"],
        "77"
    );
}

#[test]
fn absent_topics_are_left_alone_and_unbound_plugins_go() {
    let image = applied(
        &Image::default(),
        &file(&[
            "plugin:p 1",
            "plugin:q 1",
            "a:1 corvid.produce=p",
            "b:1 corvid.produce=q",
        ]),
    );
    let next = file(&["a:1"]);
    shows(
        &image,
        &next,
        &expect![[r"
            ~ topic a: corvid.produce = p -> default (no longer in the file)
            - plugin p
        "]],
    );
    // q is still bound by b, which is left alone; it goes when nobody binds it any more.
    let left = |image: &Image| {
        let plan = plan(image, &next).unwrap();
        plan.left.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    // The bug: whoever takes the whole table out is told that all is as the file wants it.
    expect![[r"topic b: the file has it no more, and it stays as it is; `corvid topic alter b --unset corvid.produce` takes back what the file had set"]]
        .assert_eq(&left(&image));
    let image = applied(&image, &next);
    assert_eq!(left(&image), "");
    shows(&image, &next, &expect![""]);
    let image = elsewhere(&image, "b", "corvid.produce", None);
    shows(
        &image,
        &next,
        &expect![[r"
            - plugin q
        "]],
    );
}

#[test]
fn two_owners_do_not_undo_each_other() {
    let image = applied(&Image::default(), &file(&["a:1 retention.ms=1"]));
    let other = Desired {
        owner: "other".into(),
        ..file(&["a: segment.ms=5"])
    };
    let image = applied(&image, &other);
    shows(&image, &file(&["a:1 retention.ms=1"]), &expect![""]);
    assert_eq!(image.topic("a").unwrap().configs.len(), 2);
}

#[test]
fn what_cannot_be_made_is_an_error() {
    let image = applied(&Image::default(), &file(&["a.b:4"]));
    shows(
        &image,
        &file(&["a.b:3"]),
        &expect![[r#"error: [topics."a.b"]: it has 4 partitions, the file says 3; partitions never shrink"#]],
    );
    shows(
        &image,
        &file(&["a_b:1"]),
        &expect![[r#"error: [topics."a_b"]: the name collides with topic "a.b": metrics can't tell '.' from '_'"#]],
    );
    shows(
        &image,
        &file(&["x:0"]),
        &expect![[r#"error: [topics."x"]: partitions = 0: expected 1 to 10000"#]],
    );
    shows(
        &image,
        &file(&["x:1 corvid.produce=nobody"]),
        &expect![[
            r#"error: [topics."x"]: plugin "nobody" is bound, but neither the file nor the cluster has it; add [plugins.nobody]"#
        ]],
    );
    shows(
        &image,
        &file(&["__consumer_offsets:1"]),
        &expect![[r#"error: [topics."__consumer_offsets"]: it is one of the broker's internal topics"#]],
    );
    shows(
        &image,
        &file(&["x:1 remote.storage.enable=true"]),
        &expect![[
            r#"error: [topics."x"]: config remote.storage.enable = "true" is not supported: there is no tiered storage, a log is on local disk as a whole"#
        ]],
    );
    shows(
        &image,
        &file(&["plugin:p 1", "x-changelog:1 corvid.partitioner=p"]),
        &expect![[
            r#"error: [topics."x-changelog"]: topic "x-changelog" can't have a partitioner (corvid.partitioner): its name is that of an internal topic of Kafka Streams, whose tasks count on records staying in their partition"#
        ]],
    );
}

/// The bug: a node that restarts applies its file again, and undoes what was deployed since.
#[test]
fn a_file_that_has_not_changed_does_not_undo_a_deployment() {
    let desired = |module: u8| file(&[&format!("plugin:p {module}")]);
    let applied = |image: &Image, module| image.apply(&plan(image, &desired(module)).unwrap().records).unwrap();
    let image = applied(&Image::default(), 1);
    let mut deployed = (**image.plugin("p").unwrap()).clone();
    deployed.module = Digest([2; 32]);
    deployed.generation = image.next_generation("p");
    deployed.deployment.how = crate::plugin::How::Deploy;
    let put = Record::PutPlugin {
        name: "p".into(),
        plugin: deployed,
    };
    let image = image.apply(&[put]).unwrap();
    let unchanged = plan(&image, &desired(1)).unwrap();
    assert_eq!((unchanged.changes, unchanged.records), (vec![], vec![]));
    assert_eq!(unchanged.drift.len(), 1);
    assert!(
        unchanged.drift[0]
            .to_string()
            .contains("generation 2 (deploy) differs from the file in module")
    );
    assert_eq!(
        plan(&image, &desired(2)).unwrap().changes,
        vec![],
        "the file says what is deployed"
    );
    let image = applied(&image, 3);
    assert_eq!(
        image.plugin("p").unwrap().module,
        Digest([3; 32]),
        "the file has changed"
    );
    assert_eq!(image.plugin("p").unwrap().generation, 3);
}
