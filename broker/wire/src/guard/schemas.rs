//! The fields of every request that we serve and of its response, over all versions.
//!
//! Facts of the protocol as Apache Kafka 4.3.1 defines it, in the order of the wire, in the words
//! of [`field`](super::field). Kafka's names are kept. Fields of versions that the protocol crate can't decode yet
//! stand here too: its types have room for some of them.

pub(crate) mod cluster;
pub(crate) mod configs;
pub(crate) mod groups;
pub(crate) mod offsets;
pub(crate) mod records;
pub(crate) mod topics;
