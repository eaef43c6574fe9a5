//! The thread that syncs: group commit for a directory of logs.
//!
//! A round takes all logs that are waiting, syncs each, and tells each at once. What is appended meanwhile waits for the next
//! round, so a round serves as many appends as came while the one before it ran. A round over many logs is shared with a
//! crew: syncs that run at the same time share the file system's journal commits, and cost little more together than one alone.

mod crew;
mod one_log;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use corvid_env::clock;

use crate::disk_space::is_out_of_space;
use crate::flush_queue::{Stop, Work};
use crate::log::{Doomed, Log};
use crate::names;
use crate::shared::Shared;
use crew::Crew;

/// Runs rounds until it is told to stop, or a sync fails.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut flusher = Flusher {
        synced_at: clock::now(),
        crew: Crew::new(shared.clone()),
        shared,
    };
    loop {
        let work = flusher.shared.queue.take();
        let stop = work.stop;
        let outcome = if work.is_empty() {
            flusher.rest().await
        } else {
            flusher.round(work).await
        };
        if let Err(error) = outcome {
            flusher.shared.poison(&error);
            break;
        }
        if stop.is_some() {
            break;
        }
    }
    // Whoever waits is told by the dropped sender that it won't happen.
    flusher.shared.queue.close();
}

struct Flusher {
    shared: Arc<Shared>,
    crew: Crew,
    /// When the flushed positions were synced last.
    synced_at: clock::Instant,
}

impl Flusher {
    /// Waits for work. Flushed positions that wait for their own sync don't wait for longer than the interval.
    async fn rest(&mut self) -> io::Result<()> {
        if !self.shared.flushed_file.lock().is_unsynced() {
            self.shared.queue.filled().await;
            return Ok(());
        }
        let waited = clock::timeout(self.shared.config.checkpoint_sync_interval, self.shared.queue.filled()).await;
        match waited {
            Ok(()) => Ok(()),
            Err(_elapsed) => self.sync_slots().await,
        }
    }

    async fn round(&mut self, work: Work) -> io::Result<()> {
        if self.shared.root_unsynced.swap(false, Ordering::AcqRel) {
            self.shared.root.sync()?;
        }
        let doomed = self.crew.flush(work.logs).await?;
        self.write_visible_starts().await?;
        let now = !doomed.is_empty() || !work.waiters.is_empty() || work.stop.is_some();
        if now || clock::now() - self.synced_at >= self.shared.config.checkpoint_sync_interval {
            self.sync_slots().await?;
        }
        remove(&doomed);
        if work.stop == Some(Stop::Clean) {
            self.leave_clean_mark().await?;
        }
        for waiter in work.waiters {
            // It may have given up meanwhile.
            let _ = waiter.send(());
        }
        Ok(())
    }

    async fn write_visible_starts(&self) -> io::Result<()> {
        if !self.shared.visible_starts_unwritten.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let text = self.shared.visible_starts.lock().text();
        match self
            .shared
            .root
            .write_atomic(names::LOG_START_CHECKPOINT, text.as_bytes())
            .await
        {
            Err(error) if is_out_of_space(&error) => {
                // Deleting makes room, so it goes on; after a crash, clients may be told an older start.
                self.shared.space.filled();
                self.shared.visible_starts_unwritten.store(true, Ordering::Release);
                Ok(())
            }
            other => other,
        }
    }

    async fn leave_clean_mark(&self) -> io::Result<()> {
        let root = &self.shared.root;
        match root.write_atomic(names::CLEAN_SHUTDOWN, CLEAN_SHUTDOWN_TEXT).await {
            Err(error) if is_out_of_space(&error) => {
                tracing::warn!(%error, "no room for the mark of a clean shutdown: the next start recovers");
                Ok(())
            }
            other => other,
        }
    }

    async fn sync_slots(&mut self) -> io::Result<()> {
        let file = self.shared.flushed_file.lock().take_unsynced();
        if let Some(file) = file {
            file.sync_data().await?;
        }
        self.synced_at = clock::now();
        Ok(())
    }
}

/// Kafka's own content: no broker epoch.
const CLEAN_SHUTDOWN_TEXT: &[u8] = br#"{"version":0,"brokerEpoch":-1}"#;

/// What is to be removed of a log. What fails is removed when the log is opened next.
fn remove(doomed: &[(Arc<Log>, Doomed)]) {
    for (log, doomed) in doomed {
        match doomed {
            Doomed::Segment(segment) => {
                segment.close();
                for suffix in [
                    names::LOG,
                    names::INDEX,
                    names::TIME_INDEX,
                    names::HIDDEN,
                    names::SNAPSHOT,
                ] {
                    remove_file(log, &names::segment_file(segment.base, suffix));
                }
            }
            Doomed::Snapshot(offset) => remove_file(log, &names::segment_file(*offset, names::SNAPSHOT)),
        }
    }
}

fn remove_file(log: &Log, name: &str) {
    match log.dir().remove(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(log = log.name(), file = name, %error, "a file that nobody needs can't be removed");
        }
        Ok(()) | Err(_) => {}
    }
}
