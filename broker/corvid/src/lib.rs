//! A Corvid node: the composition of all layers. The binary beside it adds settings and the command line; the
//! simulation starts nodes from here.

mod coordinator_config;
pub mod embedded;
mod follow;
mod housekeeping;
mod node;
mod node_error;
pub mod settings;

pub use node::{Node, NodeConfig, Prepared};
pub use node_error::NodeError;
