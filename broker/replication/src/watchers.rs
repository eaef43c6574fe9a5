//! Long polls that wait for any of many partitions to advance.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Those who want to be woken whenever a partition's high watermark rises.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    next_ticket: u64,
    by_ticket: BTreeMap<u64, Arc<Notify>>,
}

/// A registration with one partition; it ends when it is dropped.
#[derive(Debug)]
pub struct Watch {
    ticket: u64,
    watchers: Weak<Watchers>,
}

impl Watchers {
    pub(crate) fn add(self: &Arc<Self>, notify: &Arc<Notify>) -> Watch {
        let mut inner = self.inner.lock();
        let ticket = inner.next_ticket;
        inner.next_ticket += 1;
        inner.by_ticket.insert(ticket, notify.clone());
        Watch {
            ticket,
            watchers: Arc::downgrade(self),
        }
    }

    /// Wakes everyone; `Notify` keeps the permit of a watcher that isn't waiting yet.
    pub(crate) fn wake(&self) {
        let woken: Vec<_> = {
            let inner = self.inner.lock();
            if inner.by_ticket.is_empty() {
                return;
            }
            inner.by_ticket.values().cloned().collect()
        };
        for notify in woken {
            notify.notify_one();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(watchers) = self.watchers.upgrade() {
            watchers.inner.lock().by_ticket.remove(&self.ticket);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bug: a long poll on a partition that never advances leaves its registration behind.
    #[test]
    fn a_dropped_watch_leaves_nothing_behind() {
        let watchers = Arc::new(Watchers::default());
        let watch = watchers.add(&Arc::new(Notify::new()));
        assert_eq!(watchers.inner.lock().by_ticket.len(), 1);
        drop(watch);
        assert!(watchers.inner.lock().by_ticket.is_empty());
    }

    #[tokio::test]
    async fn a_wake_before_the_wait_is_not_lost() {
        let watchers = Arc::new(Watchers::default());
        let notify = Arc::new(Notify::new());
        let _watch = watchers.add(&notify);
        watchers.wake();
        notify.notified().await;
    }
}
