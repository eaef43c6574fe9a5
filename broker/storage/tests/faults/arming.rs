//! Fail-points are the process's: one test at a time.

use tokio::sync::{Mutex, MutexGuard};

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Fail-points are armed until this is dropped.
pub struct Armed {
    _alone: MutexGuard<'static, ()>,
}

impl Armed {
    /// Waits until no other test has any.
    pub async fn none_yet() -> Self {
        let alone = ONE_AT_A_TIME.lock().await;
        corvid_env::fault::arm("").unwrap();
        Self { _alone: alone }
    }

    #[expect(clippy::unused_self, reason = "only who holds it may arm")]
    pub fn arm(&self, spec: &str) {
        corvid_env::fault::arm(spec).unwrap();
    }

    pub fn disarm(&self) {
        self.arm("");
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.disarm();
    }
}
