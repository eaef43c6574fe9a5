//! Memory for answers with viewed records, while they are put together and sent.
//!
//! What goes from files to sockets takes none. What views have shown does, for as long as its reader takes to read it: so
//! an answer takes room for the most it may have before it is begun, gives back what it did not need, and holds the rest
//! until it is sent. Whoever finds no room waits, and holds nothing meanwhile.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ANSWER_BYTES_MAX;

/// How much memory answers take on a node, all together.
pub const ANSWERS_BYTES_MAX: usize = 128 << 20;
/// A permit of the semaphore stands for so many bytes.
const UNIT: usize = 4 << 10;

/// The room for all answers.
#[derive(Debug, Clone)]
pub struct AnswerRooms(Arc<Semaphore>);

/// The room for one answer.
#[derive(Debug)]
pub struct AnswerRoom(OwnedSemaphorePermit);

impl Default for AnswerRooms {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ANSWERS_BYTES_MAX / UNIT)))
    }
}

impl AnswerRooms {
    pub(super) async fn take(&self) -> AnswerRoom {
        let permits = ANSWER_BYTES_MAX as usize / UNIT;
        let permit = self.0.clone().acquire_many_owned(permits as u32).await;
        AnswerRoom(permit.expect("the semaphore is never closed"))
    }
}

impl AnswerRoom {
    /// Holds the room that `bytes` take until `last`, which is sent last of them, is gone.
    pub fn hold(mut self, bytes: u64, last: Bytes) -> Bytes {
        let needed = usize::try_from(bytes).unwrap_or(usize::MAX).div_ceil(UNIT);
        drop(self.0.split(self.0.num_permits().saturating_sub(needed)));
        Bytes::from_owner(Held {
            bytes: last,
            _room: self.0,
        })
    }
}

struct Held {
    bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bug it is for: readers that don't read hold as much memory as they like.
    #[tokio::test]
    async fn an_answer_holds_what_it_has_until_it_is_sent() {
        let rooms = AnswerRooms::default();
        let free = rooms.0.available_permits();
        let sent = rooms.take().await.hold(10_000, Bytes::from_static(b"last"));
        assert_eq!((&sent[..], rooms.0.available_permits()), (&b"last"[..], free - 3));
        let copy = sent.clone();
        drop(sent);
        assert_eq!(rooms.0.available_permits(), free - 3, "a part of it is still there");
        drop(copy);
        assert_eq!(rooms.0.available_permits(), free);
        drop(rooms.take().await);
        assert_eq!(rooms.0.available_permits(), free);
    }
}
