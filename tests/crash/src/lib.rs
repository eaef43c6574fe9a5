//! Kills a broker again and again under producers that want every record acknowledged, and then looks whether each
//! acknowledged record is there exactly once.
//!
//! A round starts the broker on the data of the round before, with one fail-point armed at a random hit (or with
//! a SIGKILL to come at a random moment), perhaps changes the plugins or adds partitions, and lets the producers
//! at it until it is dead. The topic has a partitioner that flips a coin on every call, a validator that
//! sends some records to the dead-letter topic, and one that refuses some batches, both by a coin: what a retry
//! would decide is never what was decided. Some records ask to be delivered later: they are held in the log, and carried on when it is
//! deleted behind a reader. A consumer fails on some records and produces them to their retry topic, where a policy decides of each
//! failure by a coin, too; some are read through a view; some of what is held is cancelled; one log is
//! compacted all the time; and so is one that is a table, by which the records of another topic are judged.
//!
//! ```text
//! run ─ schedule: which fault, which change      broker: the process      setup: topics, bindings, changes
//!   ├─ clients
//!   │    ├─ producer ─ stream: one producer id at one partition; batches, sequences, what became of each record
//!   │    ├─ member: a consumer group of one, with commits
//!   │    ├─ watcher: reads what was delayed, and has the log deleted behind it
//!   │    ├─ retries: a consumer that fails, and produces what it failed on
//!   │    ├─ replacer: writes the same keys again and again where the log is compacted
//!   │    ├─ viewer: reads through a view, and again
//!   │    ├─ teller: changes limits in a table, and makes transfers that are judged by them
//!   │    └─ operator: redrives dead letters; cancels; deploys, promotes and rolls back the plugins
//!   ├─ settle: all that is promised comes
//!   └─ left: read_back, and entries from the files ─ checker: what must hold
//! ```
//!
//! From one seed come the faults, the hits, the changes and the records. How the processes interleave is the machine's
//! affair, so a seed that has failed fails again often, not always.
//!
//! # The checker is trusted because it has caught bugs
//!
//! Bugs are planted in the broker by fail-points with the action `skip`; `tests/planted_bugs.rs` says which,
//! and that the checker finds each.

#![allow(
    clippy::large_enum_variant,
    clippy::should_implement_trait,
    clippy::return_self_not_must_use
)] // A harness, outside of the broker.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a harness around a process: the machine's clock, files and sockets are what it is about"
)]

pub mod admin;
pub mod broker;
pub mod cancels;
pub mod card;
pub mod checker;
pub mod clients;
pub mod entries;
pub mod gate;
pub mod history;
pub mod later;
pub mod left;
pub mod member;
pub mod operator;
pub mod producer;
pub mod read_back;
pub mod replacer;
pub mod report;
pub mod retries;
pub mod rng;
pub mod run;
pub mod schedule;
pub mod settle;
pub mod setup;
pub mod stream;
pub mod teller;
pub mod viewer;
pub mod watcher;
