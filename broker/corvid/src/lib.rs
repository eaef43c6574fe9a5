//! A Corvid node: the composition of all layers, with its settings. The binary beside it adds the command line; the
//! simulation starts nodes from here.
//!
//! # Invariants
//!
//! - A node's own file is applied before its first client is let in: a topic never takes records without the policy
//!   that its file gives it.
//! - Every new image of the metadata is put into effect by one task, in one order (`follow`).
//! - What starts first stops last.
//! - A key of the settings that is not known is an error, never passed over.
//!
//! # Modules
//!
//! - [`node`](Node): the layers put together; [`Prepared`] is a node before its clients
//! - `follow`, `housekeeping`, `coordinator_config`, `node_error`: what helps it
//! - [`settings`]: the TOML file; `config/corvid.toml` has every key
//! - [`embedded`]: the plugins, the SDK and the events that the binary carries (`build.rs`)
//! - the binary: `cli`, a file for each noun; `quickstart`, the tour

mod coordinator_config;
pub mod embedded;
mod follow;
mod housekeeping;
mod node;
mod node_error;
pub mod settings;

pub use node::{Node, NodeConfig, Prepared};
pub use node_error::NodeError;
