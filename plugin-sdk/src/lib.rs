//! Write plugins for Corvid: code of your own in the path of every record that is produced or read.
//!
//! A plugin is a type that implements the trait of a hook, and one line that names it:
//!
//! | hook | trait | for each record it says |
//! |---|---|---|
//! | partitioner | [`Partitioner`] | which partition it goes to, or that the client's choice stands |
//! | validator | [`Validator`] | whether it may be written, and if not, why |
//! | transform | [`Transform`] | what to change, or to leave it out, or to refuse it |
//! | policy | [`Policy`] | once it has failed: whether it comes back and when, or where it ends |
//! | view | [`View`] | what a reader sees of it, or that it doesn't see it |
//!
//! ```
//! use corvid_plugin_sdk::{Config, Partitioner, Record, Route, Topic, export};
//!
//! /// Everything of consequence goes to partition 0.
//! pub struct VipFirst;
//!
//! impl Partitioner for VipFirst {
//!     fn new(_config: &Config<'_>) -> Result<Self, String> {
//!         Ok(VipFirst)
//!     }
//!
//!     fn partition(&mut self, record: &Record<'_>, _topic: &Topic<'_>) -> Route {
//!         if record.header("vip").is_some() { Route::To(0) } else { Route::Keep }
//!     }
//! }
//!
//! export!(partitioner = VipFirst);
//! ```
//!
//! `cargo build --release --target wasm32-unknown-unknown` makes a module of it that the broker
//! runs as it is. The same code is unit-tested natively, with what is in [`testing`].
//!
//! # What to rely on
//!
//! - **State may vanish between any two calls.** The broker has as many instances of a plugin as it
//!   likes, and throws them away when it likes: after every fault, for one. What a plugin keeps is a
//!   cache, never a count.
//! - **A record is judged on its own.** A call brings as many records as the producer and the broker
//!   thought fit; nothing about where one ends may matter.
//! - **A panic is a fault**, as is running out of time or memory: its text goes to the broker's log,
//!   and what happens to the record is the binding's setting (`on_fault`). For a record that you
//!   don't want, answer with a [`Refusal`].
//! - **There is nothing but the call**: no files, no network, no threads; the time and random numbers from
//!   [`now_ms`] and [`random`] only. `std::time` panics.
//!
//! # What is in here
//!
//! [`record`] and [`json`] read what records bring, in place; [`Config`] reads the configuration;
//! [`partition_for_key`] hashes as Kafka's clients do; a [`Table`] is a topic in which to look things up; [`log()`] and [`metric_add`] tell the operator
//! something. This crate depends on no other one. The contract beneath it is on one page, `ABI.md`, for those
//! who write plugins in another language.

mod answer;
mod config;
#[doc(hidden)]
pub mod guest;
mod hooks;
mod host;
mod input;
pub mod json;
mod kafka;
mod partitioner;
mod policy;
mod reader;
pub mod record;
mod refusal;
mod table;
pub mod testing;
mod transform;
mod validator;
mod view;

pub use config::Config;
pub use host::{Level, log, metric_add, now_ms, random};
pub use input::Topic;
pub use json::Json;
pub use kafka::{murmur2, partition_for_key};
pub use partitioner::{Partitioner, Route};
pub use policy::{Decision, Failure, Policy, Stage};
pub use record::Record;
pub use refusal::{Refusal, Verdict};
pub use table::Table;
pub use transform::{Edit, Transform};
pub use validator::Validator;
pub use view::{View, Viewer};
