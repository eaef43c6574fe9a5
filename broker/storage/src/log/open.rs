//! Opening a log, and what a clean shutdown leaves of it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use corvid_env::clock;
use corvid_env::fs::Dir;
use parking_lot::{Mutex, RwLock};

use super::Log;
use super::state::State;
use crate::config::{LogConfig, TimestampType};
use crate::disk_space::is_out_of_space;
use crate::error::OpenError;
use crate::recovery::{self, Known};
use crate::shared::Shared;

impl Log {
    /// Creates the log, or recovers it. `clean` says that the last shutdown of the directory was.
    pub(crate) fn open(
        name: &str,
        config: LogConfig,
        shared: &Arc<Shared>,
        clean: bool,
    ) -> Result<Arc<Self>, OpenError> {
        let dir = Self::directory(name, shared).map_err(|error| OpenError::Io {
            path: shared.root.path().join(name),
            error,
        })?;
        let claimed = shared.flushed_file.lock().claim(name);
        let (slot, value) = claimed.map_err(|error| OpenError::Io {
            path: dir.path().to_path_buf(),
            error,
        })?;
        let known = Known {
            flushed: value.flushed,
            start: value.start,
            visible_start: shared.visible_starts.lock().get(name),
            was_compacted: shared.cleaned.lock().get(name).is_some(),
            clean,
            now: clock::wall_clock(),
        };
        let recovered = match recovery::recover(&dir, &config, &known) {
            // What it writes is little, and deleting what it finds makes room.
            Err(OpenError::Io { error, .. }) if is_out_of_space(&error) => {
                shared.space.filled();
                recovery::recover(&dir, &config, &known)?
            }
            other => other?,
        };
        let resumed = recovered.resumed;
        let log = Arc::new_cyclic(|this| Self {
            name: name.into(),
            dir,
            shared: shared.clone(),
            slot,
            this: this.clone(),
            end: AtomicI64::new(recovered.active.next.0),
            flushed: AtomicI64::new(known.flushed.0),
            stamps_time: AtomicBool::new(config.timestamp_type == TimestampType::LogAppendTime),
            queued: AtomicBool::new(false),
            maintenance: tokio::sync::Mutex::default(),
            listener: RwLock::default(),
            state: Mutex::new(State::new(config, recovered, known.flushed)),
        });
        if !resumed {
            log.sync_what_was_recovered();
        }
        Ok(log)
    }

    /// The recovered tail may be in the page cache only: it counts as flushed after a round of its own.
    fn sync_what_was_recovered(&self) {
        let mut state = self.state.lock();
        state.flush.forced = state.active.next > state.flush.flushed;
        let due = state.flush.forced || state.flush.directory || !state.flush.files.is_empty();
        drop(state);
        if due {
            self.enqueue();
        }
    }

    fn directory(name: &str, shared: &Shared) -> io::Result<Dir> {
        let is_new = !shared.root.exists(name);
        let dir = shared.root.subdir(name)?;
        if is_new {
            // Not before: a round in between would sync the root without the name.
            shared.root_unsynced.store(true, Ordering::Release);
        }
        Ok(dir)
    }

    /// Writes what lets the next start skip recovery. The log is closed and flushed.
    pub(crate) fn write_clean_state(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        let state = &mut *state;
        state
            .active
            .write_sidecars(&self.dir, Some(state.derived.links.positions()))?;
        state.write_snapshot(&self.dir)
    }
}
