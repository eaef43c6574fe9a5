//! The armed fail-points of the process.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::fault::{Points, VARIABLE, arm_from_environment};

static STATE: AtomicU8 = AtomicU8::new(UNREAD);
static POINTS: Mutex<Points> = Mutex::new(Points::new());

/// The environment has not been looked at yet.
const UNREAD: u8 = 0;
const NOTHING: u8 = 1;
const SOMETHING: u8 = 2;

#[inline]
pub(crate) fn nothing_armed() -> bool {
    // Relaxed: the table itself is behind a lock, and a point that is armed a moment later is as good.
    STATE.load(Ordering::Relaxed) == NOTHING
}

pub(crate) fn replace(points: Points) {
    let state = if points.is_empty() { NOTHING } else { SOMETHING };
    with_table(|table| {
        *table = points;
        STATE.store(state, Ordering::Relaxed);
    });
}

pub(crate) fn with<R>(act: impl FnOnce(&mut Points) -> R) -> R {
    if STATE.load(Ordering::Relaxed) == UNREAD
        && let Err(error) = arm_from_environment()
    {
        // A fail-point that was meant and is not armed would make a test pass that tests nothing.
        panic!("{VARIABLE}: {error}");
    }
    with_table(act)
}

/// The point's name on this host alone: a process is one host.
pub(crate) fn name_here(_point: &'static str) -> Option<String> {
    None
}

fn with_table<R>(act: impl FnOnce(&mut Points) -> R) -> R {
    // The map is whole between any two statements, so a panic elsewhere does not spoil it.
    act(&mut POINTS.lock().unwrap_or_else(PoisonError::into_inner))
}
