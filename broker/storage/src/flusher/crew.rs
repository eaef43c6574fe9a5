//! Threads that help with a round over many logs.
//!
//! A thousand syncs one after the other are a thousand journal commits; eight at a time, they are a few dozen. The threads are
//! started when a round first has use for them, and sleep otherwise.

use std::io;
use std::sync::Arc;

use corvid_env::task;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use super::one_log;
use crate::log::{Doomed, Log};
use crate::shared::Shared;

/// So many threads at most, beside the flusher's own.
const HELPERS_MAX: usize = 7;

/// Those who work on a round.
pub(super) struct Crew {
    shared: Arc<Shared>,
    helpers: Vec<mpsc::UnboundedSender<Job>>,
}

/// A helper's part of a round: to take logs until there is none, and say so.
struct Job {
    logs: Arc<Mutex<Vec<Arc<Log>>>>,
    done: oneshot::Sender<io::Result<Vec<(Arc<Log>, Doomed)>>>,
}

impl Crew {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            helpers: Vec::new(),
        }
    }

    /// Syncs all these logs; returns what may be deleted once the logs' starts are durable, and where they are flushed.
    ///
    /// After an error some logs may not have been synced, and nothing is to be tried again.
    pub async fn flush(&mut self, logs: Vec<Arc<Log>>) -> io::Result<Vec<(Arc<Log>, Doomed)>> {
        let wanted = logs.len().saturating_sub(1).min(HELPERS_MAX);
        let logs = Arc::new(Mutex::new(logs));
        let helping: Vec<_> = (0..wanted).map(|number| self.call(number, &logs)).collect();
        let mut outcome = work(&self.shared, &logs).await;
        for helper in helping {
            let theirs = helper
                .await
                .unwrap_or_else(|_| Err(io::Error::other("a thread of the flusher panicked")));
            outcome = match (outcome, theirs) {
                (Ok(mut all), Ok(more)) => {
                    all.extend(more);
                    Ok(all)
                }
                (Err(error), _) | (_, Err(error)) => Err(error),
            };
        }
        outcome
    }

    /// Gives a helper its part; starts it if it is needed for the first time.
    fn call(
        &mut self,
        number: usize,
        logs: &Arc<Mutex<Vec<Arc<Log>>>>,
    ) -> oneshot::Receiver<io::Result<Vec<(Arc<Log>, Doomed)>>> {
        if number == self.helpers.len() {
            self.helpers.push(start(self.shared.clone()));
        }
        let (done, told) = oneshot::channel();
        // One that has panicked has dropped its receiver: the job is dropped, and that is told as well.
        let _ = self.helpers[number].send(Job {
            logs: logs.clone(),
            done,
        });
        told
    }
}

/// Starts a helper, which ends when its sender is dropped.
fn start(shared: Arc<Shared>) -> mpsc::UnboundedSender<Job> {
    let (sender, mut jobs) = mpsc::unbounded_channel::<Job>();
    let handle = task::spawn_thread("flusher-crew", move || async move {
        while let Some(job) = jobs.recv().await {
            let outcome = work(&shared, &job.logs).await;
            // The flusher waits for it, unless it has ended itself.
            let _ = job.done.send(outcome);
        }
    });
    drop(handle);
    sender
}

/// Takes one log after the other and syncs it, until there is none left, or a sync fails.
async fn work(shared: &Shared, logs: &Mutex<Vec<Arc<Log>>>) -> io::Result<Vec<(Arc<Log>, Doomed)>> {
    let mut doomed = Vec::new();
    loop {
        let next = logs.lock().pop();
        let Some(log) = next else {
            return Ok(doomed);
        };
        match one_log::flush(shared, &log).await {
            Ok(files) => doomed.extend(files.into_iter().map(|files| (log.clone(), files))),
            Err(error) => {
                // The others need not begin what would count for nothing.
                logs.lock().clear();
                return Err(error);
            }
        }
    }
}
