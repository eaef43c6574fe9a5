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
//! | `short:N` | a write takes the first N bytes, and says so |
//! | `error` | the call fails with an input/output error |
//! | `full` | the call fails because the disk is full |
//! | `skip` | the call does nothing and says that it did: a bug put in on purpose |
//!
//! `@n` arms the n-th hit of the point only (the first is 1), `@n+` that one and all later ones; without it, all.
//! Unarmed, a point costs one relaxed load.

mod spec;

use std::collections::BTreeMap;
use std::io;

pub use spec::FaultSpecError;
use spec::{Action, Armed};

use crate::imp;

/// The armed points by name.
pub(crate) type Points = BTreeMap<String, Armed>;

/// The environment variable that arms fail-points.
pub const VARIABLE: &str = "CORVID_FAULT";

/// What the caller of [`hit`] has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Write this many bytes of what was to be written, then call [`kill`].
    Cut(usize),
    /// Write this many bytes of what was to be written, and report that.
    Short(usize),
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
            Self::Cut(_) | Self::Short(_) | Self::Error | Self::Skip => {
                io::Error::other(format!("failed by fail-point {point}"))
            }
        }
    }
}

/// Passes the fail-point `point`; says what the caller has to do when it is armed. `kill` happens in here.
#[inline]
pub fn hit(point: &'static str) -> Option<Fault> {
    if imp::fail_points::nothing_armed() {
        None
    } else {
        hit_armed(point)
    }
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
    imp::process::kill();
}

/// Arms the points in `spec` (the syntax of [`VARIABLE`]) instead of what was armed before; an empty one disarms all.
/// In simulation this holds for the run on this thread, and a point may be written `host/point` to mean one host only.
pub fn arm(spec: &str) -> Result<(), FaultSpecError> {
    imp::fail_points::replace(spec::parse(spec)?);
    Ok(())
}

/// Arms what [`VARIABLE`] says and returns its text, for the log. Whoever starts the process calls it, so that a mistake
/// is told plainly; without that, the first [`hit`] reads it. (A simulated run is armed by its harness only.)
pub fn arm_from_environment() -> Result<Option<String>, FaultSpecError> {
    let spec = std::env::var(VARIABLE).unwrap_or_default();
    arm(&spec)?;
    Ok(Some(spec).filter(|spec| !spec.is_empty()))
}

#[cold]
fn hit_armed(point: &'static str) -> Option<Fault> {
    let here = imp::fail_points::name_here(point);
    let action = imp::fail_points::with(|points| {
        let here = here.and_then(|here| points.get_mut(&here)?.count_hit());
        here.or_else(|| points.get_mut(point)?.count_hit())
    })?;
    tracing::warn!(point, ?action, "fail-point");
    match action {
        Action::Kill => {
            kill();
            Some(Fault::Error)
        }
        Action::Do(fault) => Some(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_armed_by_a_string_fails_its_caller_and_no_other() {
        assert_eq!(hit("test.armed"), None);
        arm("test.armed=error@2,test.full=full").unwrap();
        assert!(check("test.armed").is_ok());
        assert!(check("test.armed").is_err());
        assert!(check("test.armed").is_ok());
        assert_eq!(check("test.full").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(hit("test.other"), None);
        arm("").unwrap();
        assert_eq!(hit("test.full"), None);
    }
}
