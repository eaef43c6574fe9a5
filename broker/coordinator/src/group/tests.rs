//! Groups driven by hand: rebalances as data, and random events against the invariants.
#![allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod expiry;
mod joining;
mod leaving;
mod offsets;
mod random_events;
mod requests;
mod script;
mod static_members;
