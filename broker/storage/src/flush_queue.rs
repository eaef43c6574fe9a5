//! What is waiting for the flusher.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::log::Log;

/// What is waiting for the next round.
#[derive(Default)]
pub(crate) struct Work {
    /// Logs with something to be synced or deleted, each once.
    pub logs: Vec<Arc<Log>>,
    /// Told when everything that was asked for before is durable, the checkpoints too; dropped if that fails.
    pub waiters: Vec<oneshot::Sender<()>>,
    /// The last round.
    pub stop: Option<Stop>,
    /// The flusher is gone: nothing is put in any more.
    closed: bool,
}

/// How the flusher ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// With the mark of a clean shutdown.
    Clean,
    /// As it is.
    Unclean,
}

impl Work {
    pub fn is_empty(&self) -> bool {
        self.logs.is_empty() && self.waiters.is_empty() && self.stop.is_none()
    }
}

/// The queue between appends and the flusher.
#[derive(Default)]
pub(crate) struct FlushQueue {
    work: Mutex<Work>,
    woken: Notify,
}

impl FlushQueue {
    /// The next round is to look at this log.
    pub fn push(&self, log: Arc<Log>) {
        let mut work = self.work.lock();
        if !work.closed {
            work.logs.push(log);
            self.woken.notify_one();
        }
    }

    /// Returns when everything asked for before is durable; `false` if it never will be.
    pub async fn durable(&self) -> bool {
        let (sender, receiver) = oneshot::channel();
        {
            let mut work = self.work.lock();
            if work.closed {
                return false;
            }
            work.waiters.push(sender);
        }
        self.woken.notify_one();
        receiver.await.is_ok()
    }

    /// Ends the flusher after what is in the queue.
    pub fn stop(&self, stop: Stop) {
        self.work.lock().stop = Some(stop);
        self.woken.notify_one();
    }

    /// Takes all that is waiting.
    pub fn take(&self) -> Work {
        std::mem::take(&mut *self.work.lock())
    }

    /// Drops all that is waiting, and takes nothing more: the flusher ends.
    pub fn close(&self) {
        let left = std::mem::replace(
            &mut *self.work.lock(),
            Work {
                closed: true,
                ..Work::default()
            },
        );
        drop(left);
    }

    /// Returns when something was put in since the last call.
    pub async fn filled(&self) {
        self.woken.notified().await;
    }
}
