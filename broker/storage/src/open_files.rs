//! The sealed segments that are open, no more than so many.
//!
//! A segment that is read often stays open; which one is closed follows the "second chance" order: the oldest that was not
//! used since it was looked at last. A hit takes no lock that two logs share.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::error::ReadError;
use crate::segment::{OpenSegment, SealedSegment};

/// The table of open sealed segments of a directory.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    capacity: usize,
    order: Mutex<VecDeque<Weak<SealedSegment>>>,
}

impl OpenFiles {
    /// At most `capacity` segments are open at a time, beside those that are being read right now.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            order: Mutex::default(),
        }
    }

    /// The segment's files, opened if they are not.
    pub fn get(&self, segment: &Arc<SealedSegment>) -> Result<Arc<OpenSegment>, ReadError> {
        if let Some(open) = segment.if_open() {
            return Ok(open);
        }
        let open = segment.open()?;
        self.count(segment);
        Ok(open)
    }

    /// Counts a segment whose files are open, and closes another if that is one too many.
    pub fn count(&self, segment: &Arc<SealedSegment>) {
        let victims = {
            let mut order = self.order.lock();
            order.push_back(Arc::downgrade(segment));
            let mut victims = Vec::new();
            while order.len() > self.capacity {
                victims.extend(next_victim(&mut order));
            }
            victims
        };
        // Closing may wait for who opens that segment just now, so it is done without the lock.
        for victim in victims {
            victim.close();
        }
    }
}

/// Takes the next segment out of the order; `None` if it is gone anyway.
fn next_victim(order: &mut VecDeque<Weak<SealedSegment>>) -> Option<Arc<SealedSegment>> {
    for _ in 0..order.len() {
        let oldest = order.pop_front()?;
        let segment = oldest.upgrade()?;
        if !segment.take_used() {
            return Some(segment);
        }
        order.push_back(oldest);
    }
    // All were used: it hits the oldest, whose mark is gone now.
    order.pop_front()?.upgrade()
}
