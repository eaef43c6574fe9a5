//! The admin listener: what the command line, scrapers and health checks ask of a node, as JSON over HTTP.
//!
//! # Invariants
//!
//! - A module is stored before a binding that names it is committed; what does not load or fails its self-test is
//!   refused, and what runs stays.
//! - A change is answered when this node has put it into effect.
//! - What a browser was lured into sending is refused: foreign `Host` and `Origin` headers. Beyond loopback, all but
//!   `/health` and `/ready` want the token.
//! - Bodies are bounded; connections are.
//! - This crate knows no Kafka protocol; what of the server's figures it shows comes through [`Figures`].
//!
//! The binary starts it, and calls [`Applier`] for its own file; the command line shares the types of [`model`].
//!
//! # Modules
//!
//! - [`server`](Server), `listener`: sockets; `gate`: who may ask; `body`; `context`: what handlers share; `error`
//! - `deploy`: one plugin's generations: deployed, promoted, rolled back
//! - `apply`: a file's topics and plugins, checked and made so
//! - `routes`: a file for each noun of the API; [`model`]: its JSON
//! - `why`: what decided on a record
//! - `metrics`: what `/metrics` shows

mod apply;
mod body;
mod context;
mod deploy;
mod error;
mod gate;
mod listener;
mod metrics;
pub mod model;
mod routes;
mod server;
mod why;

pub use apply::{Application, Applier, ApplyFailure, Outcome};
pub use context::{Context, Figures, RequestTimes};
pub use server::{AdminConfig, Server};
