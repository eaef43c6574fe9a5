//! What tests that run a whole node share: the node itself, without settings and command line; the plugin that
//! misbehaves, built; topics and bindings in a line; and a connection that can be abused.
//!
//! - [`node`]: starts a [`corvid::Node`] on a directory
//! - [`topics`]: creates topics and binds plugins to them, over the wire
//! - [`pipe`]: a connection on which requests are sent before the answers to earlier ones have come
//!
//! Used by `tests/crash` and `tests/hostile`.

pub mod node;
pub mod pipe;
pub mod topics;

/// The module of `tests/plugins/misbehaving`.
pub static MISBEHAVING: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/misbehaving.wasm"));

/// What bindings call it.
pub const PLUGIN: &str = "misbehaving";
