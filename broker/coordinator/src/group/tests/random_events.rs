//! Whatever happens in whatever order: what must hold of every group.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use corvid_env::clock::{self, WallTime};
use corvid_metadata::PartitionIndex;
use proptest::prelude::*;

use super::requests;
use crate::config::CoordinatorConfig;
use crate::error::GroupError;
use crate::group::{Action, AfterWrite, Answer, CallId, Event, Group, GroupState, Now};
use crate::request::{JoinRequest, OffsetToCommit, Topic};
use crate::schema::Record;

/// Clients: the first three are dynamic, the last two share one instance id.
const CLIENTS: usize = 5;

#[derive(Debug, Clone)]
enum Step {
    Join {
        client: usize,
        new_client: bool,
        forgets: bool,
        protocols: &'static [&'static str],
    },
    Sync {
        client: usize,
        stale: bool,
    },
    Beat {
        client: usize,
    },
    Leave {
        client: usize,
    },
    Commit {
        client: Option<usize>,
        partition: i32,
    },
    Wait {
        seconds: u64,
    },
    Written {
        ok: bool,
    },
    Delete,
    TopicsDeleted,
    Expire,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let client = 0..CLIENTS;
    let protocols = prop_oneof![
        Just(&["range", "sticky"][..]),
        Just(&["sticky", "range"][..]),
        Just(&["range"][..])
    ];
    let join = (client.clone(), any::<bool>(), prop::bool::weighted(0.2), protocols);
    let step = prop_oneof![
        8 => join.prop_map(|(client, new_client, forgets, protocols)| Step::Join { client, new_client, forgets, protocols }),
        6 => (client.clone(), prop::bool::weighted(0.1)).prop_map(|(client, stale)| Step::Sync { client, stale }),
        2 => client.clone().prop_map(|client| Step::Beat { client }),
        1 => client.clone().prop_map(|client| Step::Leave { client }),
        2 => (prop::option::of(client), 0..3).prop_map(|(client, partition)| Step::Commit { client, partition }),
        4 => (0_u64..8).prop_map(|seconds| Step::Wait { seconds }),
        8 => prop::bool::weighted(0.97).prop_map(|ok| Step::Written { ok }),
        1 => Just(Step::Delete),
        1 => Just(Step::TopicsDeleted),
        1 => Just(Step::Expire),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn whatever_happens_a_group_stays_a_group(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.settle();
    }
}

/// A group, its clients and its log.
struct World {
    group: Group,
    now: Now,
    /// What each client believes: its id and its generation.
    clients: [(String, i32); CLIENTS],
    /// Who waits: the client, or nobody that we follow.
    waiting: BTreeMap<CallId, Option<usize>>,
    calls: u64,
    writes: VecDeque<(Vec<Record>, AfterWrite)>,
    log: Vec<Record>,
    failed: bool,
    generation: i32,
    leaders: BTreeMap<i32, String>,
}

impl World {
    fn new() -> Self {
        let now = Now {
            instant: clock::now(),
            wall: WallTime(0),
        };
        Self {
            group: Group::new("g".into(), config(), now.wall),
            now,
            clients: Default::default(),
            waiting: BTreeMap::new(),
            calls: 0,
            writes: VecDeque::new(),
            log: Vec::new(),
            failed: false,
            generation: 0,
            leaders: BTreeMap::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Wait { seconds } => self.wait(Duration::from_secs(seconds)),
            Step::Written { ok } => self.finish_write(ok),
            Step::TopicsDeleted => self.feed(Event::TopicsDeleted {
                names: vec!["t".into()],
            }),
            Step::Expire => self.feed(Event::ExpireOffsets),
            _ => self.ask(step),
        }
        self.check();
    }

    fn ask(&mut self, step: &Step) {
        self.calls += 1;
        let call = CallId(self.calls);
        let (client, event) = match *step {
            Step::Join {
                client,
                new_client,
                forgets,
                protocols,
            } => {
                if forgets {
                    self.clients[client] = Default::default();
                }
                let request = self.join_request(client, new_client, protocols);
                (
                    Some(client),
                    Event::Join {
                        call,
                        request,
                        fresh_id: format!("{client}-{call:?}"),
                    },
                )
            }
            Step::Sync { client, stale } => {
                let (member_id, generation, instance_id) = self.who(client);
                let everybody = self
                    .clients
                    .iter()
                    .map(|(id, _)| (id.clone(), id.clone().into_bytes().into()));
                let who = (member_id, generation - i32::from(stale), instance_id);
                (
                    Some(client),
                    Event::Sync {
                        call,
                        request: requests::sync(who, everybody.collect()),
                    },
                )
            }
            Step::Beat { client } => (
                Some(client),
                Event::Heartbeat {
                    call,
                    request: requests::heartbeat(self.who(client)),
                },
            ),
            Step::Leave { client } => (
                Some(client),
                Event::Leave {
                    call,
                    request: requests::leave(self.who(client)),
                },
            ),
            Step::Commit { client, partition } => (client, self.commit_event(call, client, partition)),
            _ => (None, Event::Delete { call }),
        };
        self.waiting.insert(call, client);
        self.feed(event);
    }

    fn commit_event(&self, call: CallId, client: Option<usize>, partition: i32) -> Event {
        let who = client.map_or((String::new(), -1, None), |client| self.who(client));
        let offset = OffsetToCommit {
            offset: self.calls as i64,
            leader_epoch: 0,
            metadata: None,
        };
        let topic = Topic {
            name: "t".into(),
            id: None,
            partitions: vec![(PartitionIndex(partition), offset)],
        };
        Event::Commit {
            call,
            request: requests::commit(who, vec![topic]),
        }
    }

    /// What a client believes that it is.
    fn who(&self, client: usize) -> requests::Who {
        let (member_id, generation) = self.clients[client].clone();
        (member_id, generation, instance(client))
    }

    fn join_request(&self, client: usize, new_client: bool, protocols: &[&str]) -> JoinRequest {
        let (member_id, _, instance_id) = self.who(client);
        JoinRequest {
            session_timeout_ms: 6_000 + 1_000 * client as i32,
            rebalance_timeout_ms: 5_000,
            requires_known_member_id: new_client,
            supports_skip_assignment: new_client,
            ..requests::join(&client.to_string(), member_id, instance_id, protocols, "t")
        }
    }

    fn feed(&mut self, event: Event) {
        if self.group.state() == GroupState::Dead {
            // As the driver does: a dead group is forgotten, and the next one begins anew.
            assert!(
                self.writes.is_empty(),
                "a group dies only when nothing of it is on its way"
            );
            self.group = Group::new("g".into(), config(), self.now.wall);
            self.generation = 0;
            self.leaders.clear();
        }
        let actions = self.group.handle(event, self.now);
        if self.group.generation() == 0 {
            // It was deleted, and is used again.
            self.leaders.clear();
        }
        for action in actions {
            match action {
                Action::Answer(call, answer) => {
                    let client = self.waiting.remove(&call).expect("nobody is answered twice");
                    if let Some(client) = client {
                        self.learn(client, answer);
                    }
                }
                Action::Write { records, then } => self.writes.push_back((records, then)),
            }
        }
    }

    fn learn(&mut self, client: usize, answer: Answer) {
        match answer {
            Answer::Join(Ok(joined)) => {
                let ids: BTreeSet<&str> = joined.members.iter().map(|member| member.member_id.as_str()).collect();
                assert_eq!(ids.len(), joined.members.len(), "a member is in a generation once");
                if joined.leader == joined.member_id {
                    let leader = self
                        .leaders
                        .entry(joined.generation)
                        .or_insert_with(|| instance_or_id(client, &joined.member_id));
                    assert_eq!(
                        *leader,
                        instance_or_id(client, &joined.member_id),
                        "a generation has one leader"
                    );
                    assert!(ids.contains(joined.member_id.as_str()), "a leader is told all members");
                }
                self.clients[client] = (joined.member_id, joined.generation);
            }
            Answer::Join(Err(refused)) if refused.error == GroupError::MemberIdRequired => {
                self.clients[client].0 = refused.member_id;
            }
            Answer::Join(Err(refused)) if refused.error == GroupError::UnknownMemberId => {
                self.clients[client].0.clear();
            }
            _ => {}
        }
    }

    fn wait(&mut self, time: Duration) {
        let (began, until) = (self.now, self.now.instant + time);
        while let Some(next) = self.group.next_deadline().filter(|next| *next <= until) {
            let passed = next.saturating_duration_since(began.instant);
            self.now = Now {
                instant: began.instant + passed,
                wall: WallTime(began.wall.0 + passed.as_millis() as i64),
            };
            self.feed(Event::Tick);
        }
        self.now = Now {
            instant: until,
            wall: WallTime(began.wall.0 + time.as_millis() as i64),
        };
    }

    fn finish_write(&mut self, ok: bool) {
        let Some((records, then)) = self.writes.pop_front() else {
            return;
        };
        if ok {
            self.log.extend(records);
        }
        self.failed |= !ok;
        let result = if ok {
            Ok(())
        } else {
            Err(GroupError::CoordinatorNotAvailable)
        };
        self.feed(Event::Written { then, result });
    }

    fn check(&mut self) {
        let shown = self.group.describe();
        let alive = matches!(shown.state, GroupState::CompletingRebalance | GroupState::Stable);
        assert!(!alive || !shown.members.is_empty(), "a group without members is empty");
        assert!(
            shown.state != GroupState::Empty || shown.members.is_empty(),
            "an empty group has no members"
        );
        let instances: Vec<_> = shown
            .members
            .iter()
            .filter_map(|member| member.group_instance_id.as_deref())
            .collect();
        assert_eq!(
            instances.iter().collect::<BTreeSet<_>>().len(),
            instances.len(),
            "an instance is in the group once"
        );
        let generation = self.group.generation();
        assert!(
            generation >= self.generation || generation == 0,
            "the generation only grows, or the group is new"
        );
        self.generation = generation;
        if self.writes.is_empty() && !self.failed && matches!(shown.state, GroupState::Empty | GroupState::Stable) {
            self.check_restart();
        }
    }

    /// The log says what the group says.
    fn check_restart(&self) {
        let mut restarted = Group::new("g".into(), config(), self.now.wall);
        for record in &self.log {
            let (key, value) = record.encode();
            match Record::decode(&key, value.as_deref()).unwrap() {
                Record::Offset {
                    topic,
                    partition,
                    value,
                    ..
                } => restarted.replay_offset(topic, partition, value),
                Record::Group { value: Some(value), .. } => restarted.replay_group(value),
                Record::Group { value: None, .. } => restarted.replay_tombstone(),
                Record::Unknown => panic!("our own record is unknown"),
            }
        }
        assert_eq!(restarted.describe(), self.group.describe());
        assert_eq!(restarted.fetch_offsets(None), self.group.fetch_offsets(None));
        assert_eq!(restarted.generation(), self.group.generation());
    }

    /// Nothing more happens: then everyone is answered, and everyone who is silent is gone.
    fn settle(&mut self) {
        for _ in 0..400 {
            if self.writes.is_empty() && self.group.next_deadline().is_none() {
                break;
            }
            self.finish_write(true);
            self.wait(Duration::from_secs(20));
        }
        self.check();
        assert!(self.waiting.is_empty(), "still waiting: {:?}", self.waiting);
        assert!(self.group.describe().members.is_empty());
    }
}

fn config() -> Arc<CoordinatorConfig> {
    Arc::new(CoordinatorConfig {
        max_group_size: 4,
        ..CoordinatorConfig::default()
    })
}

fn instance(client: usize) -> Option<String> {
    (client >= 3).then(|| "instance".to_owned())
}

/// A static member keeps its leadership under another id.
fn instance_or_id(client: usize, id: &str) -> String {
    instance(client).unwrap_or_else(|| id.to_owned())
}
