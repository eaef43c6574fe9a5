//! A whole node that loses power again and again, its clients, and a ledger of what they were told and found.
//!
//! A test is a [`Scenario`]: clients that produce ([`Workload`]) and read while the node dies under them
//! ([`until_stopped`]), what is done on the node itself, fail-points, and a reading at the end ([`read_back`]) with its own checks of
//! the [`Ledger`]. A [`Plan`] of it is run from a seed.

mod client;
mod ledger;
mod life;
mod plan;
mod producer;
mod reader;

pub use client::{connect, consumer, create_topic};
pub use ledger::{Ledger, Place};
pub use plan::{Clients, Plan, Run, Scenario};
pub use producer::{Durability, Workload, key, number_of, numbered};
pub use reader::{read_back, until_stopped};
