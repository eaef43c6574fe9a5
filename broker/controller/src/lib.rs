//! The quorum that agrees on the cluster's metadata: openraft, with one voter for now.
//!
//! Every change is a batch of records, committed to the quorum's log and applied to the
//! [`corvid_metadata::Image`]; whoever acts on metadata watches images. A single node is a quorum
//! of one: the same log, the same apply, no second code path.
//!
//! Invariants:
//! - **Committed before told.** [`Controller::submit`] answers after the batch is on disk
//!   (fdatasync) and applied here.
//! - **Conflicts are decided at apply**, in the order of the log, and equally everywhere: of two
//!   concurrent creations of a topic, one is told that it exists. What is checked before a batch
//!   is submitted is for good messages.
//! - **A start is a new life.** It registers the broker with a new incarnation, in one record,
//!   which begins a new leader epoch for every partition that it leads.
//! - **Idle means idle.** A quorum of one has no heartbeats and no election timers.
//! - A failed write or sync of the quorum's log ends the controller: nothing is retried on a disk
//!   that has lied once.
//!
//! Who calls it: the binary starts it; `api` and `admin` change topics and configs; `delivery` asks
//! for routes and source ids; `coordinator` and `api` for producer ids; everyone watches images.
//!
//! - [`controller`]: start, submit, watch, shutdown
//! - [`topics`]: create, delete, grow; `offsets_topic`: the one that groups live in
//! - [`first_use`]: topics that are made because a client names them
//! - [`configs`]: configs of topics, brokers and groups
//! - [`producer_ids`], [`sources`], [`apply`]: producer ids, routes and source ids, TOML files
//! - `runner`: what the controller's thread does; `journal`: the bytes of the log
//! - `raft`: the one file that names openraft's types; its log, state machine and network

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod apply;
pub mod configs;
pub mod controller;
pub mod error;
pub mod first_use;
mod journal;
mod offsets_topic;
mod placement;
pub mod producer_ids;
mod raft;
mod retry_topics;
mod runner;
pub mod sources;
#[cfg(test)]
mod tests;
pub mod topics;

pub use apply::{Applied, ApplyError, Made};
pub use configs::{AlterConfigsError, Change, Op};
pub use controller::{Advertised, Controller, ControllerConfig};
pub use error::{StartError, SubmitError};
pub use producer_ids::ProducerIdError;
pub use sources::RouteError;
pub use topics::{CreatePartitionsError, CreateTopicError, CreatedTopic, DeleteTopicError, TopicSpec};
