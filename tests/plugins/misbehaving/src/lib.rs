//! A plugin that does what a plugin should not, for the tests of the host and the broker: README.md lists what.
//!
//! What goes wrong within a hook is in `behaviour`, and answers that the SDK would never give are in
//! `garbage`; `exports` puts the two together.

mod behaviour;
mod exports;
mod garbage;

pub use behaviour::{Behaviour, Misbehaving};
