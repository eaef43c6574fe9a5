//! The real machine, on tokio and rustix.

pub(crate) mod clock;
pub(crate) mod dir;
pub(crate) mod fail_points;
pub(crate) mod file;
pub(crate) mod mapping;
pub(crate) mod net;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod signal;
pub(crate) mod task;
