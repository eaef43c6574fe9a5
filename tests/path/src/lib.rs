//! What happens to records on their way through a node: hooks, log, links, fetch; over a real socket, to a node in this
//! process.
//!
//! - [`scene`]: a node on a directory of its own, with what a test asks of it
//! - [`batch`]: batches as clients send them
//! - [`read`]: what consumers see
//! - [`reader`]: who is known by a client id, and what his fetches are answered
//! - [`metrics`]: what scrapers see
//!
//! The tests are one program, `tests/path`, a file for each behaviour. The plugin is `tests/plugins/misbehaving`,
//! which also behaves: `modulo` routes by the key, `refuse`, `drop` and `mark` do that to records with the value `bad`, and
//! `coin-flip` never decides twice alike.

pub mod batch;
pub mod metrics;
pub mod read;
pub mod reader;
pub mod scene;
