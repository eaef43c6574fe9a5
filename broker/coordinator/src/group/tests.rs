//! Groups driven by hand: rebalances as data, and random events against the invariants.

mod membership;
mod offsets;
mod random_events;
mod script;
mod static_members;
