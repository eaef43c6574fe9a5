//! `/v1/topics`.

mod change;
mod show;

pub(crate) use change::{alter, create, delete};
pub(crate) use show::{describe, list};
