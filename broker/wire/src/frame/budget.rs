//! The memory for frames, shared by all connections.
//!
//! A frame reserves its bytes before they are read into memory, and gives them back when its
//! [`Permit`] is dropped, after it was handled. Two things must not happen: that a peer which
//! announces a large frame and sends nothing takes the memory from others, and that many
//! half-read frames wait for each other for ever.
//!
//! - While more than half of the budget would stay free, a frame reserves all its bytes at once:
//!   one allocation, nothing copied.
//! - Otherwise it reserves in steps, each no larger than what has arrived already (64 KiB at first,
//!   1 MiB at most). So what a stalled peer holds is at most about twice what it really sent, and
//!   it loses that when its time for the frame is over.
//! - A frame that can't get its next step waits for memory *or* for the overdraft, which one frame
//!   at a time may hold, and which covers all the rest of that frame. So there is always one frame
//!   that goes on to its end, and memory is bounded by the budget and one frame.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits;

/// The memory for frames. Clones share it.
#[derive(Debug, Clone)]
pub struct MemoryBudget {
    total: usize,
    free: Arc<Semaphore>,
    overdraft: Arc<Semaphore>,
}

impl MemoryBudget {
    /// A budget of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self {
            total: bytes,
            free: Arc::new(Semaphore::new(bytes)),
            overdraft: Arc::new(Semaphore::new(1)),
        }
    }

    /// The whole budget, in bytes: no frame may be larger.
    pub fn total(&self) -> usize {
        self.total
    }

    /// What is reserved now, in bytes, not counting the frame that holds the overdraft.
    pub fn in_use(&self) -> usize {
        self.total - self.free.available_permits()
    }

    /// Reserves more for a frame of which `received` bytes have arrived and `missing` ones aren't
    /// reserved yet; says how many were reserved. Dropping the future reserves nothing.
    pub(super) async fn extend(&self, permit: &mut Permit, received: usize, missing: usize) -> usize {
        if let Some(all) = self.take_at_once(missing) {
            permit.add(all);
            return missing;
        }
        let step = received
            .clamp(limits::RESERVE_STEP_BYTES_MIN, limits::RESERVE_STEP_BYTES_MAX)
            .min(missing);
        tokio::select! {
            biased;
            more = Arc::clone(&self.free).acquire_many_owned(step as u32) => {
                permit.add(more.expect("the budget is never closed"));
                step
            }
            overdraft = Arc::clone(&self.overdraft).acquire_owned() => {
                permit.overdraft = Some(overdraft.expect("the overdraft is never closed"));
                missing
            }
        }
    }

    fn take_at_once(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let plenty = self.free.available_permits() >= bytes.saturating_add(self.total / 2);
        if plenty {
            Arc::clone(&self.free).try_acquire_many_owned(bytes as u32).ok()
        } else {
            None
        }
    }
}

/// Memory that a frame holds in the budget, given back when this is dropped. The default holds none.
#[derive(Debug, Default)]
pub struct Permit {
    bytes: Option<OwnedSemaphorePermit>,
    /// Invariant: once it is held, the whole frame is covered.
    overdraft: Option<OwnedSemaphorePermit>,
}

impl Permit {
    /// The bytes that it holds in the budget.
    pub fn bytes(&self) -> usize {
        self.bytes.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// Whether it holds the overdraft, too.
    pub fn holds_overdraft(&self) -> bool {
        self.overdraft.is_some()
    }

    fn add(&mut self, more: OwnedSemaphorePermit) {
        match &mut self.bytes {
            Some(bytes) => bytes.merge(more),
            None => self.bytes = Some(more),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const MIB: usize = 1024 * 1024;

    fn now<F: Future>(future: F) -> Option<F::Output> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[test]
    fn takes_all_at_once_while_half_stays_free_and_steps_after_that() {
        let budget = MemoryBudget::new(8 * MIB);
        let (mut first, mut second) = (Permit::default(), Permit::default());
        assert_eq!(now(budget.extend(&mut first, 0, 3 * MIB)), Some(3 * MIB));
        assert_eq!(
            now(budget.extend(&mut second, 0, 3 * MIB)),
            Some(limits::RESERVE_STEP_BYTES_MIN)
        );
        assert_eq!(now(budget.extend(&mut second, 300_000, 2 * MIB)), Some(300_000));
        assert_eq!(now(budget.extend(&mut second, 2 * MIB, 2 * MIB)), Some(MIB));
        drop((first, second));
        assert_eq!(budget.in_use(), 0);
    }

    /// The bug this is for: half-read frames that hold memory and wait for more of it, all of them.
    #[test]
    fn one_frame_can_always_go_on() {
        let budget = MemoryBudget::new(128 * 1024);
        let mut permits: Vec<Permit> = (0..4).map(|_| Permit::default()).collect();
        for permit in &mut permits[..2] {
            assert_eq!(
                now(budget.extend(permit, 0, 100_000)),
                Some(limits::RESERVE_STEP_BYTES_MIN)
            );
        }
        assert_eq!(now(budget.extend(&mut permits[0], 65_536, 34_464)), Some(34_464));
        assert!(permits[0].holds_overdraft());
        assert_eq!(now(budget.extend(&mut permits[1], 65_536, 34_464)), None);
        permits.remove(0);
        assert_eq!(now(budget.extend(&mut permits[0], 65_536, 34_464)), Some(34_464));
    }
}
