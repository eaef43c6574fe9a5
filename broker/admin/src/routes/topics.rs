//! `/v1/topics`.

mod change;
mod show;

pub(crate) use change::{alter, create, delete, of_create};
pub(crate) use show::{describe, list};
