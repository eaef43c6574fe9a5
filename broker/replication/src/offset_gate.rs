//! One idea: "tell me when offset N has been reached".

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use corvid_record::Offset;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// An offset that only grows while it is open, and those who wait for it.
///
/// Wake-ups are sent after the lock is let go, so that a waiter may call back in.
#[derive(Debug)]
pub struct OffsetGate {
    reached: AtomicI64,
    waiting: Mutex<Waiting>,
}

/// Whoever waited will never be told: the partition was deleted, or leads no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the partition was closed while waiting")]
pub struct Closed;

#[derive(Debug, Default)]
struct Waiting {
    closed: bool,
    next_ticket: u64,
    by_offset: BTreeMap<(Offset, u64), oneshot::Sender<()>>,
}

impl OffsetGate {
    /// A gate that has reached `offset` already.
    pub fn new(offset: Offset) -> Self {
        Self {
            reached: AtomicI64::new(offset.0),
            waiting: Mutex::default(),
        }
    }

    /// How far the gate is.
    pub fn get(&self) -> Offset {
        Offset(self.reached.load(Ordering::Acquire))
    }

    /// Raises the gate and wakes those whose offset is reached. A lower offset changes nothing.
    /// Returns whether it rose.
    pub fn advance(&self, offset: Offset) -> bool {
        if self.reached.fetch_max(offset.0, Ordering::AcqRel) >= offset.0 {
            return false;
        }
        let woken = {
            let mut waiting = self.waiting.lock();
            if waiting.by_offset.is_empty() {
                return true;
            }
            let later = waiting.by_offset.split_off(&(offset.next(), 0));
            std::mem::replace(&mut waiting.by_offset, later)
        };
        for sender in woken.into_values() {
            // The waiter may have given up meanwhile.
            let _ = sender.send(());
        }
        true
    }

    /// Ends every wait with [`Closed`], and every later one.
    pub fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.closed = true;
        waiting.by_offset.clear();
    }

    /// Returns once the gate has reached `offset`.
    pub async fn reached(&self, offset: Offset) -> Result<(), Closed> {
        if self.get() >= offset {
            return Ok(());
        }
        let (place, receiver) = {
            let mut waiting = self.waiting.lock();
            // Looked at again under the lock: `advance` raises first and takes the lock second.
            if self.get() >= offset {
                return Ok(());
            }
            if waiting.closed {
                return Err(Closed);
            }
            let (sender, receiver) = oneshot::channel();
            let ticket = waiting.next_ticket;
            waiting.next_ticket += 1;
            waiting.by_offset.insert((offset, ticket), sender);
            ((offset, ticket), receiver)
        };
        let _place = PlaceInLine { gate: self, place };
        receiver.await.map_err(|_| Closed)
    }
}

/// A wait that is over, or given up, leaves nothing behind.
struct PlaceInLine<'a> {
    gate: &'a OffsetGate,
    place: (Offset, u64),
}

impl Drop for PlaceInLine<'_> {
    fn drop(&mut self) {
        self.gate.waiting.lock().by_offset.remove(&self.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn wakes_exactly_those_whose_offset_is_reached() {
        let gate = Arc::new(OffsetGate::new(Offset(5)));
        gate.reached(Offset(5)).await.unwrap();
        let near = tokio::spawn({
            let gate = gate.clone();
            async move { gate.reached(Offset(7)).await }
        });
        let far = tokio::spawn({
            let gate = gate.clone();
            async move { gate.reached(Offset(9)).await }
        });
        tokio::task::yield_now().await;
        assert!(gate.advance(Offset(8)));
        assert_eq!(near.await.unwrap(), Ok(()));
        assert!(!far.is_finished());
        gate.close();
        assert_eq!(far.await.unwrap(), Err(Closed));
        assert_eq!(gate.reached(Offset(8)).await, Ok(()));
        assert_eq!(gate.reached(Offset(9)).await, Err(Closed));
    }

    /// The bug it is for: who looks again and again, for a moment each time, fills the memory.
    #[tokio::test]
    async fn a_wait_that_is_given_up_leaves_nothing_behind() {
        let gate = OffsetGate::new(Offset(5));
        let mut wait = Box::pin(gate.reached(Offset(7)));
        let waker = std::task::Waker::noop();
        assert!(
            wait.as_mut()
                .poll(&mut std::task::Context::from_waker(waker))
                .is_pending()
        );
        assert_eq!(gate.waiting.lock().by_offset.len(), 1);
        drop(wait);
        assert_eq!(gate.waiting.lock().by_offset.len(), 0);
    }

    #[test]
    fn never_goes_back() {
        let gate = OffsetGate::new(Offset(5));
        assert!(!gate.advance(Offset(4)));
        assert_eq!(gate.get(), Offset(5));
    }
}
