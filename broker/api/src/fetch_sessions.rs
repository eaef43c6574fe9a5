//! Incremental fetch sessions (KIP-227): a consumer names its partitions once, and then only what changes.
//!
//! Pure: whoever calls passes the time and a random number. A session that is not found, or whose epoch
//! does not fit, is answered with an error on which every client falls back to a full fetch.

use std::collections::BTreeMap;
use std::time::Duration;

use corvid_env::clock::Instant;
use corvid_metadata::TopicId;
use corvid_record::{LeaderEpoch, Offset};
use indexmap::IndexMap;
use parking_lot::Mutex;

/// `max.incremental.fetch.session.cache.slots` of Kafka.
const SESSIONS_MAX: usize = 1_000;
/// A session that was used this lately is not evicted for a newcomer.
const EVICTABLE_AFTER: Duration = Duration::from_secs(120);
/// The epoch that asks for a full fetch and opens a session.
const INITIAL_EPOCH: i32 = 0;
/// The epoch that asks for a full fetch outside any session, and closes the one that is named.
const FINAL_EPOCH: i32 = -1;

/// How a fetch names a topic: by id since version 13, by name before.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopicRef {
    /// Versions up to 12.
    Name(String),
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
        for (key, partition) in asked {
            session.partitions.entry(key).or_insert((partition, Told::default())).0 = partition;
        }
        for key in forgotten {
            session.partitions.shift_remove(key);
        }
        let partitions = session
            .partitions
            .iter()
            .map(|(key, (asked, _))| (key.clone(), *asked))
            .collect();
        Ok(FetchPlan {
            session_id,
            incremental: true,
            partitions,
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
        let opened = epoch == INITIAL_EPOCH && !asked.is_empty() && make_room(&mut sessions, now);
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

/// Whether one more session fits; the one that was unused for longest goes if it was unused long enough.
fn make_room(sessions: &mut BTreeMap<i32, Session>, now: Instant) -> bool {
    if sessions.len() < SESSIONS_MAX {
        return true;
    }
    let idle = sessions
        .iter()
        .min_by_key(|(_, session)| session.used)
        .map(|(id, session)| (*id, session.used));
    match idle {
        Some((id, used)) if now.duration_since(used) >= EVICTABLE_AFTER => {
            sessions.remove(&id);
            true
        }
        _ => false,
    }
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
}
