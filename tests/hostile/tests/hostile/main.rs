//! A node under hostile clients and plugins, over real sockets: a clear error or a closed connection, never a panic;
//! memory within bounds; and beside it another topic's producer that notices nothing.
//!
//! The tests take turns, since each measures the memory of the whole process.

#![allow(dead_code, clippy::wrong_self_convention)] // A harness, outside of the broker.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests touch real files and clocks"
)]

mod batches;
mod bystander;
mod connections;
mod fields;
mod memory;
mod plugins;
mod proportion;
mod scene;
mod sequences;
mod valid;
mod volley;
