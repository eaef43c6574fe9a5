//! When which group must be looked at next: one ordered set for all groups, and one task that sleeps until the first.

use std::collections::BTreeSet;

use corvid_env::clock::{self, Instant};
use corvid_metadata::PartitionIndex;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// One of a group's timers may be due.
    Group(PartitionIndex, String),
    /// It is time to look for expired offsets.
    Retention,
}

/// The alarms that are set.
#[derive(Default)]
pub(super) struct Alarms {
    set: Mutex<BTreeSet<(Instant, Alarm)>>,
    /// A new alarm is the first of all.
    sooner: Notify,
}

impl Alarms {
    /// Sets an alarm, in place of the one that was set for `former`.
    pub fn set(&self, alarm: Alarm, former: Option<Instant>, at: Instant) {
        let mut set = self.set.lock();
        let entry = (former.unwrap_or(at), alarm);
        set.remove(&entry);
        let entry = (at, entry.1);
        let first = set.first().is_none_or(|first| entry < *first);
        set.insert(entry);
        drop(set);
        if first {
            self.sooner.notify_one();
        }
    }

    /// Takes back an alarm.
    pub fn cancel(&self, alarm: Alarm, at: Instant) {
        self.set.lock().remove(&(at, alarm));
    }

    /// Waits for the next alarm.
    pub async fn next(&self) -> Alarm {
        loop {
            let first = self.set.lock().first().map(|(at, _)| *at);
            match first {
                Some(at) if at <= clock::now() => {
                    if let Some((_, alarm)) = self.set.lock().pop_first() {
                        return alarm;
                    }
                }
                Some(at) => {
                    tokio::select! {
                        biased;
                        () = self.sooner.notified() => {}
                        () = clock::sleep_until(at) => {}
                    }
                }
                None => self.sooner.notified().await,
            }
        }
    }
}
