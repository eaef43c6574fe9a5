//! Incremental fetch sessions (KIP-227): a consumer names its partitions once, and then only what changes.
//!
//! Pure: whoever calls passes the time and a random number. A session that is not found, or whose epoch
//! does not fit, is answered with an error on which every client falls back to a full fetch. So is one that has
//! grown beyond the limits: its client goes on without a session.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use corvid_env::clock::Instant;
use corvid_metadata::{TopicId, topic_name};
use corvid_record::{LeaderEpoch, Offset};
use indexmap::IndexMap;
use parking_lot::Mutex;

/// `max.incremental.fetch.session.cache.slots` of Kafka.
const SESSIONS_MAX: usize = 1_000;
/// How many partitions one session may have. Kafka has no such limit.
const SESSION_PARTITIONS_MAX: usize = 100_000;
/// How many partitions all sessions may have together: some 200 MB, were all of them in topics with long names.
const PARTITIONS_MAX: usize = 500_000;
/// A session that was used this lately is not evicted for a newcomer.
const EVICTABLE_AFTER: Duration = Duration::from_secs(120);
/// The epoch that asks for a full fetch and opens a session.
const INITIAL_EPOCH: i32 = 0;
/// The epoch that asks for a full fetch outside any session, and closes the one that is named.
const FINAL_EPOCH: i32 = -1;

/// How a fetch names a topic: by id since version 13, by name before.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopicRef {
    /// Versions up to 12. Shared by all partitions of a request that are of one topic, or a long name would be copied a million times.
    Name(Arc<str>),
    /// Versions from 13.
    Id(TopicId),
}

/// A partition of a session.
pub type FetchKey = (TopicRef, i32);

/// What is asked of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchPartition {
    /// Where to read from.
    pub offset: Offset,
    /// How much at most, bytes.
    pub max_bytes: i32,
    /// The leader epoch that the client knows, if it checks.
    pub current_epoch: Option<LeaderEpoch>,
}

/// What a partition was told the last time: it is left out of an incremental answer unless this changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// The high watermark (as clients see it).
    pub high_watermark: i64,
    /// The log start (as clients see it).
    pub log_start: i64,
    /// An error was told; it is told again as long as it lasts.
    pub error: i16,
}

/// Why a fetch's session was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionError {
    /// FETCH_SESSION_ID_NOT_FOUND
    NotFound,
    /// INVALID_FETCH_SESSION_EPOCH
    InvalidEpoch,
}

/// The fetch that a request comes to, with its session's partitions filled in.
#[derive(Debug, PartialEq, Eq)]
pub struct FetchPlan {
    /// The session to name in the answer; 0 is none.
    pub session_id: i32,
    /// Whether partitions without news are left out.
    pub incremental: bool,
    /// All partitions to read, in the order of the session.
    pub partitions: Vec<(FetchKey, FetchPartition)>,
}

/// Every session of this broker.
#[derive(Debug, Default)]
pub struct FetchSessions {
    by_id: Mutex<BTreeMap<i32, Session>>,
}

#[derive(Debug)]
struct Session {
    next_epoch: i32,
    used: Instant,
    partitions: IndexMap<FetchKey, (FetchPartition, Told)>,
}

impl FetchSessions {
    /// Takes a request's session fields in, and says what to read.
    pub fn begin(
        &self,
        (session_id, epoch): (i32, i32),
        asked: Vec<(FetchKey, FetchPartition)>,
        forgotten: &[FetchKey],
        now: Instant,
        random_id: i32,
    ) -> Result<FetchPlan, SessionError> {
        if epoch == INITIAL_EPOCH || epoch == FINAL_EPOCH {
            return Ok(self.full(session_id, epoch, asked, now, random_id));
        }
        let mut sessions = self.by_id.lock();
        let session = sessions.get_mut(&session_id).ok_or(SessionError::NotFound)?;
        if session.next_epoch != epoch {
            return Err(SessionError::InvalidEpoch);
        }
        session.next_epoch = if epoch == i32::MAX { 1 } else { epoch + 1 };
        session.used = now;
        let keepable = may_be_kept(&asked);
        let grown = session.change(asked, forgotten);
        if !keepable || grown > SESSION_PARTITIONS_MAX || (grown > 0 && partitions_of(&sessions) > PARTITIONS_MAX) {
            sessions.remove(&session_id);
            return Err(SessionError::NotFound);
        }
        Ok(FetchPlan {
            session_id,
            incremental: true,
            partitions: sessions[&session_id].asked(),
        })
    }

    fn full(
        &self,
        session_id: i32,
        epoch: i32,
        asked: Vec<(FetchKey, FetchPartition)>,
        now: Instant,
        random_id: i32,
    ) -> FetchPlan {
        let mut sessions = self.by_id.lock();
        sessions.remove(&session_id);
        let opened = epoch == INITIAL_EPOCH
            && !asked.is_empty()
            && may_be_kept(&asked)
            && make_room(&mut sessions, asked.len(), now);
        let mut id = 0;
        if opened {
            id = random_id.unsigned_abs().clamp(1, i32::MAX.unsigned_abs()).cast_signed();
            while sessions.contains_key(&id) {
                id = if id == i32::MAX { 1 } else { id + 1 };
            }
            let session = Session {
                next_epoch: 1,
                used: now,
                partitions: asked
                    .iter()
                    .map(|(key, partition)| (key.clone(), (*partition, Told::default())))
                    .collect(),
            };
            sessions.insert(id, session);
        }
        FetchPlan {
            session_id: id,
            incremental: false,
            partitions: asked,
        }
    }

    /// Notes what an answer tells, and returns for each partition whether it has news. A partition that
    /// has records goes to the end of the session's order, so that all get their turn under a byte limit.
    pub fn tell(&self, session_id: i32, answer: &[(FetchKey, Told, bool)]) -> Vec<bool> {
        let mut sessions = self.by_id.lock();
        let Some(session) = sessions.get_mut(&session_id) else {
            return vec![true; answer.len()];
        };
        let mut news = Vec::with_capacity(answer.len());
        for (key, told, has_records) in answer {
            let Some(entry) = session.partitions.get_mut(key) else {
                news.push(true);
                continue;
            };
            news.push(*has_records || told.error != 0 || entry.1 != *told);
            entry.1 = *told;
            if *has_records && let Some(entry) = session.partitions.shift_remove(key) {
                session.partitions.insert(key.clone(), entry);
            }
        }
        news
    }

    /// How many sessions are open.
    pub fn len(&self) -> usize {
        self.by_id.lock().len()
    }

    /// Whether no session is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Session {
    /// Takes changes in; returns how many partitions there are if they have become more, else 0.
    fn change(&mut self, asked: Vec<(FetchKey, FetchPartition)>, forgotten: &[FetchKey]) -> usize {
        let before = self.partitions.len();
        for (key, partition) in asked {
            self.partitions.entry(key).or_insert((partition, Told::default())).0 = partition;
        }
        if !forgotten.is_empty() {
            // All at once: one at a time, each would move all that are behind it.
            let forgotten: HashSet<_> = forgotten.iter().collect();
            self.partitions.retain(|key, _| !forgotten.contains(key));
        }
        let now = self.partitions.len();
        if now > before { now } else { 0 }
    }

    /// All its partitions, in its order.
    fn asked(&self) -> Vec<(FetchKey, FetchPartition)> {
        self.partitions
            .iter()
            .map(|(key, (asked, _))| (key.clone(), *asked))
            .collect()
    }
}

/// Whether a session may remember these. No topic has a longer name; such a one would only take memory.
fn may_be_kept(asked: &[(FetchKey, FetchPartition)]) -> bool {
    let possible = |((topic, _), _): &(FetchKey, FetchPartition)| match topic {
        TopicRef::Name(name) => name.len() <= topic_name::MAX_LENGTH,
        TopicRef::Id(_) => true,
    };
    asked.len() <= SESSION_PARTITIONS_MAX && asked.iter().all(possible)
}

/// How many partitions all sessions have.
fn partitions_of(sessions: &BTreeMap<i32, Session>) -> usize {
    sessions.values().map(|session| session.partitions.len()).sum()
}

/// Whether one more session of `partitions` fits; those that were unused for longest go if they were unused long enough.
fn make_room(sessions: &mut BTreeMap<i32, Session>, partitions: usize, now: Instant) -> bool {
    let mut all = partitions_of(sessions) + partitions;
    while sessions.len() >= SESSIONS_MAX || all > PARTITIONS_MAX {
        let idle = sessions.iter().min_by_key(|(_, session)| session.used);
        let idle = idle.filter(|(_, session)| now.duration_since(session.used) >= EVICTABLE_AFTER);
        let Some((&id, session)) = idle else {
            return false;
        };
        all -= session.partitions.len();
        sessions.remove(&id);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(index: i32) -> FetchKey {
        (TopicRef::Name("t".into()), index)
    }

    fn at(offset: i64) -> FetchPartition {
        FetchPartition {
            offset: Offset(offset),
            max_bytes: 1,
            current_epoch: None,
        }
    }

    fn told(high_watermark: i64) -> Told {
        Told {
            high_watermark,
            ..Told::default()
        }
    }

    #[test]
    fn a_session_remembers_its_partitions_and_takes_changes() {
        let sessions = FetchSessions::default();
        let now = corvid_env::clock::now();
        let opened = sessions
            .begin((0, 0), vec![(key(0), at(5)), (key(1), at(6))], &[], now, 77)
            .unwrap();
        assert_eq!((opened.session_id, opened.incremental), (77, false));
        let next = sessions
            .begin((77, 1), vec![(key(0), at(9))], &[key(1)], now, 0)
            .unwrap();
        assert_eq!(next.partitions, [(key(0), at(9))]);
        assert_eq!(
            sessions.begin((77, 1), vec![], &[], now, 0),
            Err(SessionError::InvalidEpoch)
        );
        assert_eq!(
            sessions.begin((78, 1), vec![], &[], now, 0),
            Err(SessionError::NotFound)
        );
        let closed = sessions.begin((77, -1), vec![], &[], now, 0).unwrap();
        assert_eq!(closed.session_id, 0);
        assert!(sessions.is_empty());
    }

    #[test]
    fn what_has_no_news_is_told_once() {
        let sessions = FetchSessions::default();
        let now = corvid_env::clock::now();
        sessions
            .begin((0, 0), vec![(key(0), at(0)), (key(1), at(0))], &[], now, 5)
            .unwrap();
        let answer = [(key(0), told(3), false), (key(1), told(0), true)];
        assert_eq!(sessions.tell(5, &answer), [true, true]);
        let answer = [(key(0), told(3), false), (key(1), told(0), false)];
        assert_eq!(sessions.tell(5, &answer), [false, false]);
    }

    #[test]
    fn a_full_cache_keeps_sessions_in_use() {
        let sessions = FetchSessions::default();
        let now = corvid_env::clock::now();
        for id in 1..=SESSIONS_MAX as i32 {
            sessions.begin((0, 0), vec![(key(0), at(0))], &[], now, id).unwrap();
        }
        let late = |now| {
            sessions
                .begin((0, 0), vec![(key(0), at(0))], &[], now, 5_000)
                .unwrap()
                .session_id
        };
        assert_eq!(late(now), 0);
        assert_eq!(late(now + EVICTABLE_AFTER), 5_000);
        assert_eq!(sessions.len(), SESSIONS_MAX);
    }

    fn many(topic: &str, count: usize) -> Vec<(FetchKey, FetchPartition)> {
        let topic = TopicRef::Name(topic.into());
        (0..count as i32).map(|index| ((topic.clone(), index), at(0))).collect()
    }

    /// The bug: a client adds a million partitions that nobody has with each fetch, and the broker remembers them all.
    #[test]
    fn a_session_that_grows_beyond_the_limit_is_gone() {
        let sessions = FetchSessions::default();
        let now = corvid_env::clock::now();
        let opened = sessions.begin((0, 0), many("t", SESSION_PARTITIONS_MAX), &[], now, 7);
        assert_eq!(opened.unwrap().session_id, 7);
        // What it has already may be asked again, and one may come for one that goes.
        let same = sessions.begin((7, 1), many("t", 3), &[], now, 0).unwrap();
        assert_eq!(same.partitions.len(), SESSION_PARTITIONS_MAX);
        sessions.begin((7, 2), many("u", 1), &[key(0)], now, 0).unwrap();
        let grown = sessions.begin((7, 3), many("v", 1), &[], now, 0);
        assert_eq!(grown, Err(SessionError::NotFound));
        assert!(sessions.is_empty());
        let all = many("t", SESSION_PARTITIONS_MAX + 1);
        let full = sessions.begin((0, 0), all, &[], now, 8).unwrap();
        assert_eq!(
            (full.session_id, full.partitions.len()),
            (0, SESSION_PARTITIONS_MAX + 1)
        );
    }

    /// The bug: as above, with a thousand sessions.
    #[test]
    fn all_sessions_together_have_a_limit() {
        let sessions = FetchSessions::default();
        let now = corvid_env::clock::now();
        let open = |id, count, now| {
            let opened = sessions.begin((0, 0), many("t", count), &[], now, id).unwrap();
            opened.session_id
        };
        let full = PARTITIONS_MAX / SESSION_PARTITIONS_MAX;
        for id in 1..full as i32 {
            assert_eq!(open(id, SESSION_PARTITIONS_MAX, now), id);
        }
        assert_eq!(open(100, SESSION_PARTITIONS_MAX - 1, now), 100);
        assert_eq!(open(101, 1, now), 101);
        assert_eq!(open(102, 1, now), 0);
        let grown = sessions.begin((101, 1), many("u", 1), &[], now, 0);
        assert_eq!(grown, Err(SessionError::NotFound));
        assert_eq!(open(103, SESSION_PARTITIONS_MAX, now + EVICTABLE_AFTER), 103);
    }

    /// The bug: names that no topic can have fill the memory that was meant for a million short ones.
    #[test]
    fn a_name_that_no_topic_can_have_is_not_remembered() {
        let sessions = FetchSessions::default();
        let now = corvid_env::clock::now();
        let long = "x".repeat(topic_name::MAX_LENGTH + 1);
        let full = sessions.begin((0, 0), many(&long, 1), &[], now, 7).unwrap();
        assert_eq!((full.session_id, full.partitions.len()), (0, 1));
        sessions.begin((0, 0), many("t", 1), &[], now, 7).unwrap();
        let grown = sessions.begin((7, 1), many(&long, 1), &[], now, 0);
        assert_eq!(grown, Err(SessionError::NotFound));
    }
}
