//! Fail-points: places where a test makes the process die or a call fail, in the very binary that ships.
//!
//! A point is named in the code (`fault::hit("log.after_write")`) and armed by the environment variable
//! `CORVID_FAULT`, which is read once:
//!
//! ```text
//! CORVID_FAULT="point=action[@n][+],point=action…"
//! ```
//!
//! | action | what happens at the point |
//! |---|---|
//! | `kill` | the process dies at once, as by SIGKILL (in simulation: the host loses its power) |
//! | `cut:N` | the caller writes the first N bytes only; then as `kill` |
//! | `error` | the call fails with an input/output error |
//! | `full` | the call fails because the disk is full |
//! | `skip` | the call does nothing and says that it did: a bug put in on purpose |
//!
//! `@n` arms the n-th hit of the point only (the first is 1), `@n+` that one and all later ones; without it, all.
//! Unarmed, a point costs one relaxed load.

mod spec;

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use spec::{Action, Armed};
pub use spec::FaultSpecError;

/// The environment variable that arms fail-points.
pub const VARIABLE: &str = "CORVID_FAULT";

/// What the caller of [`hit`] has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Write this many bytes of what was to be written, then call [`kill`].
    Cut(usize),
    /// Fail with an input/output error.
    Error,
    /// Fail as on a full disk.
    Full,
    /// Do nothing, and report success.
    Skip,
}

impl Fault {
    /// The error to return at `point`.
    pub fn into_error(self, point: &'static str) -> io::Error {
        match self {
            Self::Full => io::Error::new(io::ErrorKind::StorageFull, format!("disk full, by fail-point {point}")),
            Self::Cut(_) | Self::Error | Self::Skip => io::Error::other(format!("failed by fail-point {point}")),
        }
    }
}

/// Passes the fail-point `point`; says what the caller has to do when it is armed. `kill` happens in here.
#[inline]
pub fn hit(point: &'static str) -> Option<Fault> {
    // Relaxed: the table itself is behind a lock, and a point armed a moment later is as good.
    if STATE.load(Ordering::Relaxed) == UNARMED {
        return None;
    }
    hit_armed(point)
}

/// Passes a fail-point where only failing makes sense: `error` and `full` are the error, `cut` is `kill`.
#[inline]
pub fn check(point: &'static str) -> io::Result<()> {
    match hit(point) {
        None | Some(Fault::Skip) => Ok(()),
        Some(Fault::Cut(_)) => {
            kill();
            Err(Fault::Error.into_error(point))
        }
        Some(fault) => Err(fault.into_error(point)),
    }
}

/// Ends the process as SIGKILL does. In simulation the host is dead from now on (nothing it writes or sends
/// arrives any more) and the harness cuts its power at the next step, so there the call returns.
pub fn kill() {
    crate::imp::process::kill();
}

/// Arms the points in `spec` (the syntax of [`VARIABLE`]) instead of what was armed before; an empty one disarms all.
pub fn arm(spec: &str) -> Result<(), FaultSpecError> {
    let armed = spec::parse(spec)?;
    let state = if armed.is_empty() { UNARMED } else { ARMED };
    let mut points = lock();
    *points = armed;
    STATE.store(state, Ordering::Relaxed);
    Ok(())
}

/// Arms what [`VARIABLE`] says and returns its text, for the log. Whoever starts the process calls it, so that a mistake
/// is told plainly; without that, the first [`hit`] reads it.
pub fn arm_from_environment() -> Result<Option<String>, FaultSpecError> {
    let spec = std::env::var(VARIABLE).unwrap_or_default();
    arm(&spec)?;
    Ok(Some(spec).filter(|spec| !spec.is_empty()))
}

static STATE: AtomicU8 = AtomicU8::new(UNREAD);
static POINTS: Mutex<BTreeMap<String, Armed>> = Mutex::new(BTreeMap::new());

const UNREAD: u8 = 0;
const UNARMED: u8 = 1;
const ARMED: u8 = 2;

#[cold]
fn hit_armed(point: &'static str) -> Option<Fault> {
    if STATE.load(Ordering::Relaxed) == UNREAD
        && let Err(error) = arm_from_environment()
    {
        // A fail-point that was meant and is not armed would make a test pass that tests nothing.
        panic!("{VARIABLE}: {error}");
    }
    // The guard must be gone before `kill`, which returns in simulation.
    let action = lock().get_mut(point).and_then(Armed::count_hit)?;
    tracing::warn!(point, ?action, "fail-point");
    match action {
        Action::Kill => {
            kill();
            Some(Fault::Error)
        }
        Action::Do(fault) => Some(fault),
    }
}

fn lock() -> MutexGuard<'static, BTreeMap<String, Armed>> {
    // The map is whole between any two statements, so a panic elsewhere does not spoil it.
    POINTS.lock().unwrap_or_else(PoisonError::into_inner)
}
