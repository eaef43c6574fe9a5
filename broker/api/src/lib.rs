//! The Kafka server: listener, connections, and one handler for each API.
//!
//! # Invariants
//!
//! - Requests of a connection are taken in order and answered in order; the next is taken while the last one
//!   waits for its acknowledgement. A waiting answer holds no memory permit.
//! - A frame is guarded before it is decoded, and what does not decode closes the connection.
//! - The table of versions is `corvid_wire::versions`; what is not in it is never served.
//! - Handlers translate. What is decided is decided in the crates below, which know no Kafka error code: the
//!   codes are given here, in `errors` and beside each handler, with no catch-all.
//!
//! # Modules
//!
//! - [`server`](Server): the listener; `connection`: one client; `dispatch`: key to handler; `reply`: what
//!   handlers give back
//! - [`handlers`]: `ls handlers` is the compatibility table; `COMPATIBILITY.md` the ledger
//! - `broker`: what handlers share; `fetch_sessions`: incremental fetches; `request_meters`: for metrics;
//!   `time_look_ups`: offsets by time; `misled`: who is told to connect to itself; `errors`, `convert`

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "tests may use the machine"
    )
)]

mod broker;
mod connection;
mod convert;
mod dispatch;
mod errors;
mod fetch_sessions;
pub mod handlers;
mod misled;
mod reply;
mod request_meters;
mod server;
mod time_look_ups;

pub use broker::Broker;
pub use dispatch::Client;
pub use fetch_sessions::FetchSessions;
pub use misled::Misled;
pub use reply::{HandlerError, HandlerResult, LaterResponse, Reply};
pub use request_meters::{RequestMeters, RequestTimes};
pub use server::{CONNECTIONS_MAX, Server};
pub use time_look_ups::TimeLookUps;
