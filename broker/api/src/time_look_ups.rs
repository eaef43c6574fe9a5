//! Looking offsets up by time: a few at once, because each may decompress a large batch.

use std::sync::Arc;

use corvid_env::task;
use tokio::sync::Semaphore;

/// So many look-ups at once. A batch of a few KiB may expand to what the storage allows (128 MiB), and clients may ask on
/// as many connections as they like.
const AT_ONCE_MAX: usize = 2;

/// The room for look-ups by time. They wait for it in the order in which they come.
#[derive(Debug)]
pub struct TimeLookUps {
    room: Arc<Semaphore>,
}

impl Default for TimeLookUps {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(AT_ONCE_MAX)),
        }
    }
}

impl TimeLookUps {
    /// Runs a look-up off the network threads once there is room.
    pub(crate) async fn run<R, F>(&self, look_up: F) -> R
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let room = self.room.clone().acquire_owned().await;
        task::offload(move || {
            let found = look_up();
            // Held by the thread: it goes on when the client that asked is gone.
            drop(room);
            found
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    use super::*;

    /// The bug: as many batches are decompressed at once as there are connections, and the memory is gone.
    #[tokio::test]
    async fn a_third_look_up_waits_even_for_those_whose_clients_are_gone() {
        let look_ups = TimeLookUps::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut release = Vec::new();
        for _ in 0..AT_ONCE_MAX {
            let (released, go_on) = mpsc::channel::<()>();
            let mut look_up = pin!(look_ups.run(move || go_on.recv()));
            assert!(look_up.as_mut().poll(&mut context).is_pending(), "it has begun");
            release.push(released);
        }
        assert_eq!(look_ups.room.available_permits(), 0);
        let mut third = pin!(look_ups.run(|| 3));
        assert!(third.as_mut().poll(&mut context).is_pending());
        release.clear();
        assert_eq!(third.await, 3);
    }
}
