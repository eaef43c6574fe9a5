//! Scenarios as text: a step a line, and below it what the group wanted done.
//!
//! Steps: `NAME join|sync|beat|leave|commit|forget-offsets OPTIONS`, where NAME is who waits; `delete-group`;
//! `topics-deleted TOPIC`; `expire`; `wait SECONDS` (timers run in between); `written` and `unwritten` (the oldest
//! write is committed, or has failed); `restart` (what is committed is replayed into a new group); `show`; `unload`.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::clock::{self, WallTime};
use corvid_metadata::PartitionIndex;

use super::requests;
use crate::config::CoordinatorConfig;
use crate::error::GroupError;
use crate::group::{Action, AfterWrite, Answer, CallId, Event, Group, Now};
use crate::request::{DeleteOffsetsRequest, JoinRequest, OffsetToCommit, Topic};
use crate::schema::Record;

/// Runs a scenario and compares what happened.
pub fn check(steps: &str, expected: &expect_test::Expect) {
    check_with(
        CoordinatorConfig {
            initial_rebalance_delay: Duration::ZERO,
            ..CoordinatorConfig::default()
        },
        steps,
        expected,
    );
}

/// The same, with settings.
pub fn check_with(config: CoordinatorConfig, steps: &str, expected: &expect_test::Expect) {
    let mut script = Script::new(config);
    for step in steps.lines().map(str::trim).filter(|step| !step.is_empty()) {
        let _infallible = writeln!(script.out, "{step}");
        script.step(step);
    }
    expected.assert_eq(&script.out);
}

struct Script {
    group: Group,
    config: Arc<CoordinatorConfig>,
    now: Now,
    /// By call id: who asked.
    names: Vec<String>,
    fresh: u64,
    writes: VecDeque<(Vec<Record>, AfterWrite)>,
    log: Vec<Record>,
    out: String,
}

impl Script {
    fn new(config: CoordinatorConfig) -> Self {
        let config = Arc::new(config);
        let now = Now {
            instant: clock::now(),
            wall: WallTime(1_000_000),
        };
        Self {
            group: Group::new("g".into(), config.clone(), now.wall),
            config,
            now,
            names: Vec::new(),
            fresh: 0,
            writes: VecDeque::new(),
            log: Vec::new(),
            out: String::new(),
        }
    }

    fn step(&mut self, step: &str) {
        let words: Vec<&str> = step.split_whitespace().collect();
        match words.as_slice() {
            ["wait", seconds] => self.wait(Duration::from_secs_f64(seconds.parse().unwrap())),
            ["written"] => self.finish_write(Ok(())),
            ["unwritten"] => self.finish_write(Err(GroupError::NotCoordinator)),
            ["restart"] => self.restart(),
            ["show"] => self.show(),
            ["unload"] => self.feed(Event::Unload),
            ["expire"] => self.feed(Event::ExpireOffsets),
            ["topics-deleted", names @ ..] => {
                self.feed(Event::TopicsDeleted {
                    names: names.iter().map(|name| (*name).to_owned()).collect(),
                });
            }
            [name, verb, options @ ..] => {
                self.names.push((*name).to_owned());
                let call = CallId(self.names.len() as u64 - 1);
                let event = self.event(call, name, verb, &Options(options));
                self.feed(event);
            }
            _ => panic!("no such step: {step}"),
        }
    }

    fn event(&mut self, call: CallId, name: &str, verb: &str, options: &Options<'_>) -> Event {
        let generation = options.number("gen").unwrap_or(-1);
        let who = (
            options.text("as").unwrap_or_default(),
            generation,
            options.text("instance"),
        );
        match verb {
            "join" => {
                self.fresh += 1;
                let (request, fresh_id) = (join_request(name, who, options), format!("{name}-{}", self.fresh));
                Event::Join {
                    call,
                    request,
                    fresh_id,
                }
            }
            "sync" => {
                let assignments = options.pairs("assign").map(|(id, what)| (id, what.into())).collect();
                let mut request = requests::sync(who, assignments);
                (request.protocol_type, request.protocol_name) = (options.text("type"), options.text("protocol"));
                Event::Sync { call, request }
            }
            "beat" => Event::Heartbeat {
                call,
                request: requests::heartbeat(who),
            },
            "leave" => Event::Leave {
                call,
                request: requests::leave(who),
            },
            "commit" => {
                let topics = options
                    .pairs("offsets")
                    .map(|(partition, offset)| commit_topic(&partition, &offset, options));
                let mut request = requests::commit(who, topics.collect());
                request.retention_ms = options.number("retention").map(i64::from);
                Event::Commit { call, request }
            }
            "forget-offsets" => {
                let topics = options
                    .pairs("offsets")
                    .map(|(partition, _)| topic_of(&partition, ()))
                    .collect();
                Event::DeleteOffsets {
                    call,
                    request: DeleteOffsetsRequest {
                        group_id: "g".into(),
                        topics,
                    },
                }
            }
            "delete-group" => Event::Delete { call },
            other => panic!("no such verb: {other}"),
        }
    }

    fn feed(&mut self, event: Event) {
        for action in self.group.handle(event, self.now) {
            match action {
                Action::Answer(call, answer) => {
                    let name = &self.names[call.0 as usize];
                    let _infallible = writeln!(self.out, "    {name}: {}", answer_text(&answer));
                }
                Action::Write { records, then } => {
                    for record in &records {
                        let _infallible = writeln!(self.out, "    write {}", record_text(record));
                    }
                    self.writes.push_back((records, then));
                }
            }
        }
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now.instant + time;
        let began = self.now;
        while let Some(next) = self.group.next_deadline().filter(|next| *next <= until) {
            let passed = next.saturating_duration_since(began.instant);
            self.now = Now {
                instant: began.instant + passed,
                wall: WallTime(began.wall.0 + passed.as_millis() as i64),
            };
            let before = self.out.len();
            self.feed(Event::Tick);
            if self.out.len() > before {
                let _infallible = writeln!(self.out, "    (after {:.1} s)", passed.as_secs_f64());
            }
        }
        self.now = Now {
            instant: until,
            wall: WallTime(began.wall.0 + time.as_millis() as i64),
        };
    }

    fn finish_write(&mut self, result: Result<(), GroupError>) {
        let (records, then) = self.writes.pop_front().expect("something is being written");
        if result.is_ok() {
            self.log.extend(records);
        }
        self.feed(Event::Written { then, result });
    }

    fn restart(&mut self) {
        let mut group = Group::new("g".into(), self.config.clone(), self.now.wall);
        for record in &self.log {
            let (key, value) = record.encode();
            match Record::decode(&key, value.as_deref()).unwrap() {
                Record::Offset {
                    topic,
                    partition,
                    value,
                    ..
                } => group.replay_offset(topic, partition, value),
                Record::Group { value: Some(value), .. } => group.replay_group(value),
                Record::Group { value: None, .. } => group.replay_tombstone(),
                Record::Unknown => panic!("our own record is unknown"),
            }
        }
        group.replayed(self.now);
        self.writes.clear();
        self.group = group;
    }

    fn show(&mut self) {
        let shown = self.group.describe();
        let _infallible = write!(self.out, "    {}", shown.state);
        for member in shown.members {
            let _infallible = write!(
                self.out,
                " {}={}",
                member.member_id,
                String::from_utf8_lossy(&member.assignment)
            );
        }
        for topic in self.group.fetch_offsets(None) {
            for (partition, offset) in topic.partitions {
                let _infallible = write!(self.out, " {}-{partition}@{}", topic.name, offset.offset);
            }
        }
        self.out.push('\n');
    }
}

/// `KEY VALUE` pairs behind a verb; flags have no value.
struct Options<'a>(&'a [&'a str]);

impl Options<'_> {
    fn flag(&self, name: &str) -> bool {
        self.0.contains(&name)
    }

    fn text(&self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|word| *word == name)?;
        Some(self.0[at + 1].to_owned())
    }

    fn number(&self, name: &str) -> Option<i32> {
        self.text(name).map(|number| number.parse().unwrap())
    }

    fn pairs(&self, name: &str) -> impl Iterator<Item = (String, String)> {
        let text = self.text(name).unwrap_or_default();
        let pairs: Vec<_> = text
            .split(',')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (key.to_owned(), value.to_owned())
            })
            .collect();
        pairs.into_iter()
    }
}

fn join_request(name: &str, (member_id, _, instance_id): requests::Who, options: &Options<'_>) -> JoinRequest {
    let protocols = options.text("protocols").unwrap_or_else(|| "range".into());
    let protocols: Vec<&str> = protocols.split('+').collect();
    let topics = options.text("topics").unwrap_or_else(|| "t".into());
    JoinRequest {
        session_timeout_ms: options.number("session").unwrap_or(10) * 1000,
        rebalance_timeout_ms: options.number("rebalance").unwrap_or(60) * 1000,
        protocol_type: options.text("type").unwrap_or_else(|| "consumer".into()),
        requires_known_member_id: options.flag("new-client"),
        supports_skip_assignment: options.flag("new-client"),
        ..requests::join(name, member_id, instance_id, &protocols, &topics)
    }
}

fn topic_of<T>(partition: &str, what: T) -> Topic<T> {
    let (topic, index) = partition.rsplit_once('-').expect("TOPIC-PARTITION");
    Topic {
        name: topic.into(),
        id: None,
        partitions: vec![(PartitionIndex(index.parse().unwrap()), what)],
    }
}

fn commit_topic(partition: &str, offset: &str, options: &Options<'_>) -> Topic<OffsetToCommit> {
    let metadata = options.number("metadata").map(|length| "x".repeat(length as usize));
    topic_of(
        partition,
        OffsetToCommit {
            offset: offset.parse().unwrap(),
            leader_epoch: -1,
            metadata,
        },
    )
}

fn answer_text(answer: &Answer) -> String {
    match answer {
        Answer::Join(Ok(joined)) => {
            let members: Vec<&str> = joined.members.iter().map(|member| member.member_id.as_str()).collect();
            let protocol = joined.protocol_name.as_deref().unwrap_or("-");
            let skip = if joined.skip_assignment { " skip" } else { "" };
            format!(
                "joined as {} gen {} {protocol} led by {} {members:?}{skip}",
                joined.member_id, joined.generation, joined.leader
            )
        }
        Answer::Join(Err(refused)) => format!("join refused: {:?} [{}]", refused.error, refused.member_id),
        Answer::Sync(Ok(synced)) => format!("assigned {:?}", String::from_utf8_lossy(&synced.assignment)),
        Answer::Sync(Err(error)) => format!("sync refused: {error:?}"),
        Answer::Heartbeat(result) => format!("beat {result:?}"),
        Answer::Leave(Ok(left)) => format!("left {:?}", left.iter().map(|member| member.result).collect::<Vec<_>>()),
        Answer::Leave(Err(error)) => format!("leave refused: {error:?}"),
        Answer::Offsets(Ok(topics)) => {
            let results = topics.iter().flat_map(|topic| {
                topic
                    .partitions
                    .iter()
                    .map(|(partition, result)| format!("{}-{partition} {result:?}", topic.name))
            });
            format!("offsets {}", results.collect::<Vec<_>>().join(", "))
        }
        Answer::Offsets(Err(error)) => format!("offsets refused: {error:?}"),
        Answer::Delete(result) => format!("deleted {result:?}"),
    }
}

fn record_text(record: &Record) -> String {
    match record {
        Record::Offset {
            topic,
            partition,
            value: Some(value),
            ..
        } => format!("{topic}-{partition}@{}", value.offset),
        Record::Offset {
            topic,
            partition,
            value: None,
            ..
        } => format!("{topic}-{partition} tombstone"),
        Record::Group { value: Some(value), .. } => {
            let assigned = value.members.iter();
            let assigned =
                assigned.map(|member| format!("{}={}", member.member_id, String::from_utf8_lossy(&member.assignment)));
            format!(
                "group gen {} [{}]",
                value.generation,
                assigned.collect::<Vec<_>>().join(" ")
            )
        }
        Record::Group { value: None, .. } => "group tombstone".into(),
        Record::Unknown => "unknown".into(),
    }
}
