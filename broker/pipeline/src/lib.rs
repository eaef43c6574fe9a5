//! The produce path and the fetch path: what happens to a client's batch between its frame and the log,
//! and between the log and its answer.
//!
//! # Invariants
//!
//! - Hooks run outside every lock and have no effects: what they decide is written in the same append as the
//!   records that stay (the outbox entry), or nothing of the batch is written anywhere.
//! - A batch that no hook changes is appended byte for byte as the client sent it.
//! - A known duplicate never meets a hook again.
//! - A topic whose hooks cannot be had takes no records; it never takes them unchecked. One whose views cannot be had is
//!   not shown to those they are for.
//! - A topic whose plugins' tables are not current takes no records either.
//! - A policy that fails decides nothing, and loses nothing: the topic's settings decide (`RETRIES.md` says what of).
//! - This crate knows no Kafka error code and no frame.
//!
//! Called by `api` (produce, fetch) and `admin` (checking a change before it is committed).
//!
//! # Modules
//!
//! - `produce`: the path itself; `check` the client's batch; `section` the records inside it, for which there is `room`
//! - `judge`: runs the hooks, each on what the others `left`; `policy` asks one about what failed; `retry` decides of what
//!   consumers failed on; `fates` what they decided; `edit` and `assemble`: the bytes that follow from it;
//!   `dead_letter`: what a letter says of itself
//! - `redrive`: letters go out again; `story`: what letters say of themselves
//! - `compacted`: records that a compacted topic doesn't take
//! - `delay`: records that ask to be delivered later
//! - `trial`: the generation of a plugin that is tried beside the active one: a canary, or a `shadow`
//! - `tables`: compacted topics in memory, for plugins to look things up in
//! - `decided`: which generations decided on which offsets
//! - `topics`: every topic with its `plan`; `plugins`, `modules`: what plans are loaded from; `routes`
//! - [`fetch`]: what clients may read; [`view`]: what of it some of them see, and how

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "tests may use the machine"
    )
)]

mod assemble;
mod check;
mod compacted;
mod dead_letter;
mod decided;
mod delay;
mod edit;
mod fates;
pub mod fetch;
mod judge;
mod left;
mod modules;
mod plan;
mod plugins;
mod policy;
mod produce;
mod redrive;
mod retry;
mod room;
mod routes;
mod section;
mod shadow;
mod story;
mod tables;
mod topics;
mod trial;
pub mod view;

pub use assemble::{AssembleError, DeadLetterTopic, HOLDS_MAX};
pub use check::BatchRefused;
pub use decided::{Decided, DecidedBy, Deciders, Noted};
pub use delay::{DELAY_HEADER, DELIVER_AT_HEADER, HELD_TIMESTAMP_HEADER};
pub use edit::PASSED_HEADER;
pub use modules::{MODULE_BYTES_MAX, ModuleError, Modules, digest_of};
pub use plan::{BoundHook, BoundPolicy, TopicPlan};
pub use plugins::{PluginError, PluginKey, Plugins};
pub use produce::{Accepted, BACKLOG_MAX, ProduceError, ProduceTopic, append};
pub use redrive::{Filter, Left, Order, REDRIVEN_FROM_HEADER, RedriveError, Redriver, Stays, Step};
pub use retry::RetryTotals;
pub use room::{DECOMPRESSED_BYTES_MAX, OPEN_BYTES_MAX, TOPIC_BYTES_MAX};
pub use routes::{RoutesError, settle as settle_routes};
pub use section::SectionError;
pub use shadow::{Answers, Compared, Difference, Findings, Said, Shadow};
pub use story::Story;
pub use tables::{TableFigures, TableKey, Tables};
pub use topics::Topics;
pub use trial::{Trial, Tried};
