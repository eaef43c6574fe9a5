//! What leaves later or elsewhere: outbox entries are read where they were written and appended where they
//! belong, exactly once, whatever crashes.
//!
//! A produce has one effect: an append to the partition that the client named. What a plugin sends elsewhere is
//! part of that append, as an *outbox entry* right before the batch (`corvid_record::hidden`). A courier for each
//! source partition replays committed entries at their targets; each batch it appends there carries a *link
//! stamp*, so the target's own log says how far it has taken each source.
//!
//! # Invariants
//!
//! - Nothing leaves before it is committed at its source.
//! - Records and the link's position are one batch, under one checksum.
//! - An append at a target is a compare-and-set on the link's (epoch, offset).
//! - An entry counts only if its mate follows it immediately, in the same leader epoch, and matches by ids and
//!   checksum; a torn write is passed over.
//! - Nothing here has to survive a restart: positions lie in the targets' logs.
//!
//! One source has one courier, and its acknowledgements wait for all targets of an entry in turn; on one node
//! all logs share a disk, so a target that is slow is slow for all.
//!
//! The `pipeline` waits on a partition's `delivered` position; `admin` reads the counters.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "tests may use the machine"
    )
)]

mod counters;
mod courier;
mod delivery;
mod link_batch;

pub use counters::Counters;
pub use delivery::Delivery;
