//! The fields of every request that we serve, over all its versions.
//!
//! Facts of the protocol as Apache Kafka 4.3.1 defines it, in the order of the wire, in the words
//! of [`field`](super::field). Kafka's names are kept. Where the protocol crate stops at an older
//! version, so do these.

pub(crate) mod cluster;
pub(crate) mod configs;
pub(crate) mod groups;
pub(crate) mod offsets;
pub(crate) mod records;
pub(crate) mod topics;
