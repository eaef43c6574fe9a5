//! A classic consumer group.

mod state;

pub use state::GroupState;
