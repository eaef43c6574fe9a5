//! The armed fail-points of the run on this thread.

use std::cell::RefCell;

use super::state;
use crate::fault::Points;

thread_local! {
    static POINTS: RefCell<Points> = const { RefCell::new(Points::new()) };
}

pub(crate) fn nothing_armed() -> bool {
    POINTS.with_borrow(Points::is_empty)
}

pub(crate) fn replace(points: Points) {
    POINTS.set(points);
}

pub(crate) fn with<R>(act: impl FnOnce(&mut Points) -> R) -> R {
    POINTS.with_borrow_mut(act)
}

/// The point's name on this host alone.
pub(crate) fn name_here(point: &'static str) -> Option<String> {
    state::try_current().map(|host| format!("{}/{point}", host.name))
}
